import assert from "node:assert/strict";
import { join } from "node:path";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { listTrials } from "shopflow/ml/experiments/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { testWith } from "../../../requirements.ts";
import { executeInJupyter } from "../execute_in_jupyter.ts";
import { publishSmallLake } from "../small_lake.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { writeNotebook } from "../write_notebook.ts";

const ROOT = new URL("../../../../", import.meta.url).pathname;

const CELLS = [
  `import { openExperiment, openShop, search, trialsTable } from "shopflow/notebook/kernel.ts";
   const shop = await openShop();
   const experiment = openExperiment("notebook depth");`,
  `for (const depth of [2, 3]) {
     await experiment.log({ parameters: { depth }, metrics: { active_auc: 0.7 + depth / 100 }, tags: { from: "cell" } });
   }`,
  `const found = await search({
     experiment, space: { depth: { integer: [1, 9] } }, data: { train: [1], validation: [2] },
     metric: "active_auc", budget: 3, seed: 1, objective: ({ depth }) => ({ active_auc: depth / 10 }),
   });
   console.log("best", found.parameters.depth);`,
  `trialsTable(await experiment.trials())`,
];

/** Notebooks find the library from folders of the repository only. */
async function withNotebook(
  cells: string[],
  body: (path: string, home: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: join(ROOT, "notebooks"), prefix: ".experiment_" });
  try {
    await withTemporaryFolder(async (home) => {
      await Deno.mkdir(join(home, "lake"));
      await publishSmallLake(join(home, "lake"));
      await body(await writeNotebook(join(folder, "depth.ipynb"), cells), home);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const run = (path: string, home: string) =>
  runNotebook(path, {
    store: createDirectoryStore(join(home, "lake")),
    config: { home, lakeUrl: join(home, "lake") },
    runtime: createRuntime({ log: createLogger(() => {}), progress: silentProgress }),
  });

Deno.test("cells of a run log trials, which name the run, the commit and the snapshot; a second run resumes the search", () =>
  withNotebook(CELLS, async (path, home) => {
    const { record, notebook } = await run(path, home);
    assert.equal(record.status, "succeeded", JSON.stringify(record.failure));
    const trials = await listTrials(createDirectoryStore(join(home, "lake")), "notebook depth");
    assert.equal(trials.length, 5);
    for (const { source } of trials) {
      assert.deepEqual(source, {
        program: "depth",
        notebookRun: record.runId,
        commit: record.commit,
        uncommitted: record.uncommitted,
        snapshot: record.lineage[0]!.version,
      });
    }
    const shown = JSON.stringify(notebook.cells.at(-1));
    for (const text of ["depth", "active_auc", trials[0]!.id]) assert.ok(shown.includes(text), text);
    await run(path, home);
    // Two more of the loop; the three of the search were finished.
    assert.equal((await listTrials(createDirectoryStore(join(home, "lake")))).length, 7);
  }));

testWith(
  ["jupyter"],
  "in Jupyter itself the same cells log the same trials",
  () =>
    withNotebook(CELLS, async (path, home) => {
      await executeInJupyter(path, home);
      const trials = await listTrials(createDirectoryStore(join(home, "lake")), "notebook depth");
      assert.equal(trials.length, 5);
      assert.ok(trials.every(({ source }) => source.commit !== undefined && source.snapshot !== undefined));
      assert.ok(trials.every(({ source }) => source.notebookRun === undefined));
    }),
);

Deno.test("a script logs trials, and is named by them", () =>
  withTemporaryFolder(async (home) => {
    const script = join(import.meta.dirname!, "script_that_logs.ts");
    // Without the permission to run git the commit is not known.
    const allowed = ["read", "write", "env", "net", "sys", "ffi"].map((name) => `--allow-${name}`);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...allowed, "--no-prompt", script],
      env: { SHOPFLOW_HOME: home, NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const [trial] = await listTrials(createDirectoryStore(join(home, "lake")), "script");
    assert.deepEqual(trial!.source, { program: "tests/lib/notebook/author/script_that_logs.ts" });
    assert.deepEqual(trial!.parameters, { password: "***" });
  }));
