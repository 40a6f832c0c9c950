import assert from "node:assert/strict";
import { join } from "node:path";
import { plain } from "./promotion_notebooks.ts";
import { withSmallRepository } from "./small_repository.ts";

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
