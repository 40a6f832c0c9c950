import assert from "node:assert/strict";
import { join } from "node:path";
import { plain } from "./promotion_notebooks.ts";
import { withSmallRepository } from "./small_repository.ts";

Deno.test("a promotion that died between two files is finished by the next one", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, write, notebook }) => {
    const before = await Deno.readTextFile(notebook);
    await promote();
    const whole = await files();
    // The notebook is written last.
    await Deno.writeTextFile(notebook, before);
    await promote();
    assert.deepEqual(await files(), whole);
    await Deno.writeTextFile(notebook, before.replace("value + 1", "value + 2"));
    await assert.rejects(promote(), /names that the module does not have yet, found oneMore/);
    await write("lib/ml/mod.ts", whole["lib/ml/mod.ts"]!);
  });
});

Deno.test("a notebook that was saved while the promotion ran is not overwritten", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  const pause = "await new Promise((resolve) => setTimeout(resolve, 2000)); oneMore(1)";
  await withSmallRepository(plain(promoted, pause), async ({ promote, files, notebook, folder }) => {
    const promotion = promote();
    const edited = (await Deno.readTextFile(notebook)).replace("oneMore(1)", "oneMore(7)");
    await Promise.all([
      assert.rejects(promotion, /was changed meanwhile/),
      new Promise((resolve) => setTimeout(resolve, 1500)).then(() => Deno.writeTextFile(notebook, edited)),
    ]);
    assert.equal(await Deno.readTextFile(notebook), edited);
    assert.equal(Object.keys(await files()).some((path) => path.includes("first")), false);
    assert.ok(folder);
  });
});

Deno.test("a killed promotion leaves the repository as it was or a beginning of it that the next one finishes", async () => {
  const promoted =
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, notebook, folder }) => {
    const before = await files();
    const seen: Record<string, string>[] = [];
    const module = new URL("../../../../lib/notebook/promote/mod.ts", import.meta.url).href;
    const runtime = new URL("../../../../lib/runtime/mod.ts", import.meta.url).href;
    const program = join(folder, "..", "promote.ts");
    await Deno.writeTextFile(
      program,
      `
import { promoteCells } from "${module}";
import { createRuntime } from "${runtime}";
await promoteCells(${JSON.stringify(notebook)}, ${JSON.stringify(folder)}, {
  config: { home: ${JSON.stringify(join(folder, ".."))}, lakeUrl: ${
        JSON.stringify(join(folder, "..", "lake"))
      } },
  runtime: createRuntime(),
}, { check: false });`,
    );
    const root = new URL("../../../..", import.meta.url).pathname;
    for (const milliseconds of [400, 1500, 3000]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", "--no-lock", "--config", join(root, "deno.json"), program],
        stdout: "null",
        stderr: "null",
      }).spawn();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
      await child.status;
      const now = await files();
      const notebookIsNew = now["notebooks/basket.ipynb"] !== before["notebooks/basket.ipynb"];
      if (notebookIsNew) break;
      seen.push(now);
    }
    const now = await files();
    if (now["notebooks/basket.ipynb"] === before["notebooks/basket.ipynb"]) await promote();
    const whole = await files();
    assert.match(whole["lib/ml/first.ts"]!, /export function oneMore/);
    // It may have been killed between two files: each is the old or the new one, and none in between.
    for (const [path, text] of seen.flatMap((texts) => Object.entries(texts))) {
      if (path in before) assert.ok(text === before[path] || text === whole[path], path);
    }
  });
});
