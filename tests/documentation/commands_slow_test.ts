import assert from "node:assert/strict";
import { documents, ROOT, shownCommands } from "./shell_commands.ts";

/** Commands that are run as they are shown, in a home of their own; the others are parsed by documents_test.ts. */
const SAFE = [
  /^lake (snapshots|show|query|quarantine)\b(?!.*--snapshot)/,
  /^lake gc .*--dry-run/,
  /^models (list|history)\b/,
  /^jobs (list|runs|pause|resume|trigger)\b(?!.*weekday)(?!.*--scheduled-for)/,
  /^jobs backfill .*--dry-run/,
  /^notebook (inspect|runs|check)\b(?!.*weekday)/,
  /^pipeline (list|run (extract|transform|score|check-data))\b/,
  /^schedule --list/,
  /^warehouse (plan|raw-tables spark)\b/,
];

Deno.test("commands that documents show do what they say on a small shop", async (t) => {
  const home = await Deno.makeTempDir({ prefix: "shopflow-documents-" });
  try {
    for (
      const args of [["simulate", "--customers", "400"], [
        "pipeline",
        "run",
        "extract",
        "transform",
        "train",
        "score",
      ]]
    ) {
      await t.step(`deno task ${args.join(" ")}`, async () => void await runTask(home, args));
    }
    const blocks = (await documents()).flatMap(({ path, text }) => shownCommands(path, text))
      .filter(({ isInBlock }) => isInBlock);
    const shown = new Map(blocks.map(({ task, args }) => [[task, ...args].join(" "), [task, ...args]]));
    const safe = [...shown].filter(([text]) => SAFE.some((pattern) => pattern.test(text)));
    assert.ok(safe.length >= 20, `${safe.length} commands`);
    for (const [text, args] of safe) {
      await t.step(`deno task ${text}`, async () => void await runTask(home, args));
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

/** What a task prints; fails with all of it when it does not end well. */
async function runTask(home: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: ROOT,
    env: { SHOPFLOW_HOME: home, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stdout) + text(stderr));
  return text(stdout);
}
