import assert from "node:assert/strict";
import { join } from "node:path";
import { NotebookError } from "../../../../lib/errors/mod.ts";
import { launchChromium } from "../../../../lib/notebook/report/pdf.ts";
import { TEST_CHROMIUM, testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

/** A program that notes each of its starts, and is Chromium after the first `hanging` of them. */
async function writeProgram(folder: string, hanging: number) {
  const path = join(folder, "chromium");
  const starts = join(folder, "starts");
  const lines = [
    "#!/bin/sh",
    `echo start >> '${starts}'`,
    `if [ "$(wc -l < '${starts}')" -le ${hanging} ]; then exec sleep 60; fi`,
    `exec '${TEST_CHROMIUM}' "$@"`,
  ];
  await Deno.writeTextFile(path, lines.join("\n"), { mode: 0o700 });
  return { path, starts: async () => (await Deno.readTextFile(starts)).trim().split("\n").length };
}

testWith(
  ["chromium"],
  "a browser that hangs while it starts is killed and started again",
  () =>
    withTemporaryFolder(async (folder) => {
      const program = await writeProgram(folder, 1);
      const browser = await launchChromium(program.path, { sandbox: false, startTimeoutMs: 5_000 });
      try {
        const page = await browser.newPage();
        assert.equal(await page.evaluate("1 + 1"), 2);
      } finally {
        await browser.close();
      }
      assert.equal(await program.starts(), 2);
    }),
);

Deno.test("a browser that always hangs is given up after three starts", () =>
  withTemporaryFolder(async (folder) => {
    const program = await writeProgram(folder, 3);
    await assert.rejects(
      launchChromium(program.path, { sandbox: false, startTimeoutMs: 300 }),
      (error) => error instanceof NotebookError && /does not start.*Timeout 300ms/s.test(error.message),
    );
    assert.equal(await program.starts(), 3);
  }));

Deno.test("a browser that ends at once is not started again", () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, "chromium");
    await Deno.writeTextFile(path, `#!/bin/sh\necho start >> '${folder}/starts'\nexit 3\n`, { mode: 0o700 });
    await assert.rejects(launchChromium(path, { sandbox: false }), /does not start/);
    assert.equal(await Deno.readTextFile(join(folder, "starts")), "start\n");
  }));
