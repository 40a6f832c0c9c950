import assert from "node:assert/strict";
import { join } from "node:path";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { cleanNotebook, formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { findNotebook, notebookLog } from "shopflow/notebook/diff/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { code, notebookOf } from "./cells.ts";

const KERNEL_MODULE = new URL("../../../../lib/notebook/kernel.ts", import.meta.url).href;
const ROOT = new URL("../../../..", import.meta.url).pathname;

const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });

async function commit(folder: string, message: string): Promise<void> {
  const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  for (
    const args of [["init", "--quiet"], ["add", "--all"], [...author, "commit", "--quiet", "-m", message]]
  ) {
    const { success, stderr } = await new Deno.Command("git", { args, cwd: folder }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  }
}

Deno.test("the log lists commits and runs, the newest first, with metrics and the version that ran", async () => {
  await withTemporaryFolder(async (folder) => {
    const notebooks = join(folder, "repository");
    await Deno.mkdir(notebooks);
    await Deno.mkdir(join(folder, "lake"));
    // The kernel finds `shopflow/` and the packages by the nearest deno.json.
    const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
    config.imports["shopflow/"] = new URL("..", KERNEL_MODULE).href;
    await Deno.writeTextFile(join(notebooks, "deno.json"), JSON.stringify(config));
    const file = join(notebooks, "revenue.ipynb");
    const write = (value: string) =>
      Deno.writeTextFile(
        file,
        formatNotebook(cleanNotebook(notebookOf(
          code("parameters", "const top = 3;", [], ["parameters"]),
          code("a", `import { showMetrics } from "shopflow/notebook/kernel.ts";\n${value}`),
        ))),
      );
    const lakeUrl = join(folder, "lake");
    const store = createDirectoryStore(lakeUrl);
    const run = (parameters = {}) =>
      runNotebook(file, { store, config: { home: folder, lakeUrl }, runtime }, { parameters, check: false });

    await write(`showMetrics({ AUC: { value: "0.81", note: "baseline 0.74" }, customers: 5000 })`);
    await commit(notebooks, "feat: revenue");
    const good = await run({ top: 4 });
    assert.equal(good.record.status, "succeeded", JSON.stringify(good.record.failure));
    await pause(); // run ids and commit times count seconds
    await write(`throw new TypeError("no")`);
    const bad = await run();

    const log = await notebookLog(file, { store, runtime });
    assert.deepEqual(log.map(({ kind }) => kind), ["run", "run", "commit"]);
    const [failed, succeeded, committed] = log;
    assert.ok(failed?.kind === "run" && succeeded?.kind === "run" && committed?.kind === "commit");
    assert.deepEqual([failed.runId, failed.error, failed.commit], [
      bad.record.runId,
      "TypeError: no",
      undefined,
    ]);
    assert.deepEqual(succeeded.metrics, {
      AUC: { value: "0.81", note: "baseline 0.74" },
      customers: { value: 5000 },
    });
    assert.deepEqual(succeeded.parameters, { top: 4 });
    assert.equal(succeeded.commit, committed.commit);
    assert.equal(committed.subject, "feat: revenue");
    assert.deepEqual((await notebookLog(file, { store, runtime }, { limit: 1 })).map(({ kind }) => kind), [
      "run",
    ]);

    const byBeginning = await findNotebook(good.record.runId.slice(0, -2), store);
    assert.equal(byBeginning.name, `run ${good.record.runId}`);
    await assert.rejects(findNotebook(good.record.runId.slice(0, 4), store), /Several runs begin with/);
    await assert.rejects(findNotebook("HEAD:nothing.ipynb", store), /no nothing.ipynb at HEAD/);
    assert.deepEqual((await findNotebook(file, store)).notebook, await readNotebook(file));
  });
});

Deno.test("a commit that deleted, renamed or broke the notebook is listed, too", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const [old, file] = [join(folder, "old.ipynb"), join(folder, "new.ipynb")];
    await Deno.writeTextFile(old, formatNotebook(notebookOf(code("a", "1 + 1"))));
    await commit(folder, "added");
    await Deno.rename(old, file);
    await commit(folder, "renamed");
    await Deno.writeTextFile(file, "<<<<<<< HEAD");
    await commit(folder, "broken");
    await Deno.remove(file);
    await commit(folder, "deleted");
    const log = await notebookLog(file, { store, runtime });
    assert.deepEqual(
      log.map((entry) => entry.kind === "commit" && [entry.subject, entry.path]).toSorted(),
      [["added", "old.ipynb"], ["broken", "new.ipynb"], ["deleted", "new.ipynb"], ["renamed", "new.ipynb"]],
    );
    assert.deepEqual(await notebookLog(join(folder, "never.ipynb"), { store, runtime }), []);
  });
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 1100));
