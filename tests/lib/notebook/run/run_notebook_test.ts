import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { cleanNotebook } from "shopflow/notebook/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import type { Progress } from "shopflow/runtime/mod.ts";
import { outputOf } from "../../../fixtures/notebook_output.ts";
import { storedRun, withLake } from "../run_context.ts";
import { writeNotebook } from "../write_notebook.ts";

const FIXTURE = new URL("../../../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;

Deno.test("a notebook that reads the lake runs with its parameters, and its run is recorded", async () => {
  await withLake(async (context) => {
    const before = await Deno.readTextFile(FIXTURE);
    const { key, record } = await runNotebook(FIXTURE, context, {
      check: false,
      parameters: { as_of: "2024-07-21" },
    });
    assert.equal(await Deno.readTextFile(FIXTURE), before);
    assert.equal(record.status, "succeeded");
    assert.match(key, /^runs\/notebooks\/daily_orders\/\d{8}T\d{9}-[0-9a-f]{6}\.ipynb$/);

    const { cells, metadata } = await storedRun(context.store, key);
    assert.deepEqual(metadata.shopflow.parameters, { as_of: "2024-07-21", top_days: 5 });
    const [pointer] = await Promise.all([context.store.get("snapshots/current.json")]);
    const { snapshot } = JSON.parse(new TextDecoder().decode(pointer!.body));
    assert.deepEqual(metadata.shopflow.lineage, [{ kind: "snapshot", name: "lake", version: snapshot }]);
    const byId = Object.fromEntries(cells.map((cell) => [cell.id, cell]));
    assert.ok(byId.revenue?.cell_type === "code" && byId.chart?.cell_type === "code");
    assert.match(JSON.stringify(byId.revenue.outputs), /20 days/);
    assert.ok(byId.revenue.metadata.shopflow!.milliseconds >= 0);
    const [chart] = byId.chart.outputs;
    assert.ok(chart?.output_type === "execute_result");
    assert.deepEqual(Object.keys(chart.data), [
      "application/vnd.vegalite.v5+json",
      "image/svg+xml",
      "text/plain",
    ]);
    const executed = cells.filter((cell) => cell.cell_type === "code");
    assert.deepEqual(executed.map(({ execution_count }) => execution_count), executed.map((_, i) => i + 1));
  });
});

Deno.test("a run stops at the first cell that fails, and is saved with the error", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "broken.ipynb"), ["1", `throw new TypeError("no")`, "3"]);
    const { key, record } = await runNotebook(path, context, { check: false });
    assert.deepEqual(record.failure, { cellId: "cell-1", ename: "TypeError", evalue: "no" });
    const { cells, metadata } = await storedRun(context.store, key);
    assert.equal(metadata.shopflow.status, "failed");
    assert.deepEqual(
      cells.map((cell) => cell.cell_type === "code" && cell.outputs.map((output) => output.output_type)),
      [["execute_result"], ["error"], []],
    );
  });
});

Deno.test("the whole notebook's time is limited, too", async () => {
  await withLake(async (context, folder) => {
    const pause = "await new Promise((resolve) => setTimeout(resolve, 400))";
    const path = await writeNotebook(join(folder, "slow.ipynb"), [pause, pause, pause, pause]);
    const { record } = await runNotebook(path, context, { check: false, timeout: 700 });
    assert.equal(record.failure?.ename, "Timeout");
    assert.match(record.failure.evalue, /notebook/);
  });
});

Deno.test("the record has the commit, the file's hash, and the time and kernel of the run", async () => {
  await withLake(async (context) => {
    const { record, key } = await runNotebook(FIXTURE, context, { check: false });
    const git = await new Deno.Command("git", { args: ["rev-parse", "HEAD"], cwd: dirname(FIXTURE) })
      .output();
    assert.equal(record.commit, new TextDecoder().decode(git.stdout).trim());
    assert.equal(typeof record.uncommitted, "boolean");
    const sha256 = createHash("sha256").update(await Deno.readFile(FIXTURE)).digest("hex");
    assert.equal(record.notebookSha256, sha256);
    assert.equal(record.path, "tests/fixtures/notebooks/daily_orders.ipynb");
    assert.equal(record.kernel?.version, Deno.version.deno);
    assert.ok(record.milliseconds > 0);
    assert.deepEqual((await storedRun(context.store, key)).metadata.shopflow, record);
  });
});

Deno.test("progress is told after each cell", async () => {
  await withLake(async (context, folder) => {
    const told: unknown[] = [];
    const progress: Progress = {
      start(label, total, unit) {
        told.push([label, total, unit]);
        return { update: (done) => void told.push(done), finish: (summary) => void told.push(summary) };
      },
    };
    const path = await writeNotebook(join(folder, "steps.ipynb"), ["1", "# prose", "2", "", "throw 3", "4"]);
    await runNotebook(path, { ...context, runtime: { ...context.runtime, progress } }, { check: false });
    assert.deepEqual(told, [["notebook steps", 4, "cells"], 1, 2, "2 of 4 cells, then one failed"]);
  });
});

Deno.test("the variables that a notebook asks for reach its kernel, stay in the record, and no others", async () => {
  await withLake(async (context, folder) => {
    const path = join(folder, "wishes.ipynb");
    await writeNotebook(path, [`Deno.env.get("TEST_WISH") + Deno.env.get("TEST_OTHER")`]);
    const notebook = JSON.parse(await Deno.readTextFile(path));
    notebook.metadata.shopflow = { env: ["TEST_WISH"] };
    await Deno.writeTextFile(path, JSON.stringify(notebook));
    const env = { ...Deno.env.toObject(), TEST_WISH: "granted", TEST_OTHER: "secret" };
    const run = await runNotebook(path, { ...context, env }, { check: false });
    assert.match(outputOf(run, "cell-0"), /grantedundefined/);
    assert.deepEqual(run.record.env, ["TEST_WISH"]);
    assert.deepEqual(cleanNotebook(run.notebook).metadata.shopflow, { env: ["TEST_WISH"] });
  });
});

Deno.test("two runs of a notebook at once have records of their own", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "twice.ipynb"), ["const pid = Deno.pid; console.log(pid)"]);
    const runs = await Promise.all([1, 2].map(() => runNotebook(path, context, { check: false })));
    assert.equal(new Set(runs.map(({ key }) => key)).size, 2);
    for (const run of runs) {
      assert.equal(run.record.status, "succeeded");
      assert.deepEqual(await storedRun(context.store, run.key), run.notebook);
    }
    assert.equal(new Set(runs.map((run) => outputOf(run, "cell-0"))).size, 2);
  });
});

Deno.test("a parameter that does not fit is refused before anything runs", async () => {
  await withLake(async (context) => {
    await assert.rejects(runNotebook(FIXTURE, context, { parameters: { asof: "x" } }), /found asof/);
    assert.deepEqual(await context.store.list("runs/"), []);
  });
});
