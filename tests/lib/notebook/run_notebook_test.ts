import assert from "node:assert/strict";
import { join } from "node:path";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { type ExecutedNotebook, parseNotebook, type RunContext, runNotebook } from "shopflow/notebook/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { publishSmallLake } from "./small_lake.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";
import { writeNotebook } from "./write_notebook.ts";

const FIXTURE = new URL("../../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;

async function withLake(body: (context: RunContext, folder: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const lakeUrl = join(folder, "lake");
    await Deno.mkdir(lakeUrl);
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    await body(
      { store: await publishSmallLake(lakeUrl), config: { home: folder, lakeUrl }, runtime },
      folder,
    );
  });
}

async function stored(store: ObjectStore, key: string): Promise<ExecutedNotebook> {
  const object = await store.get(key);
  assert.ok(object, `${key} was not saved`);
  return parseNotebook(new TextDecoder().decode(object.body), key) as ExecutedNotebook;
}

Deno.test("a notebook that reads the lake runs with its parameters, and its run is recorded", async () => {
  await withLake(async (context) => {
    const before = await Deno.readTextFile(FIXTURE);
    const { key, record } = await runNotebook(FIXTURE, context, { parameters: { as_of: "2024-07-21" } });
    assert.equal(await Deno.readTextFile(FIXTURE), before);
    assert.equal(record.status, "succeeded");
    assert.match(key, /^runs\/notebooks\/daily_orders\/\d{8}T\d{6}-[0-9a-f]{6}\.ipynb$/);

    const { cells, metadata } = await stored(context.store, key);
    assert.deepEqual(metadata.shopflow.parameters, { as_of: "2024-07-21", top_days: 5 });
    const [pointer] = await Promise.all([context.store.get("snapshots/current.json")]);
    const { snapshot } = JSON.parse(new TextDecoder().decode(pointer!.body));
    assert.deepEqual(metadata.shopflow.reads, [{ kind: "snapshot", name: "lake", version: snapshot }]);
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
    const { key, record } = await runNotebook(path, context);
    assert.deepEqual(record.failure, { cellId: "cell-1", ename: "TypeError", evalue: "no" });
    const { cells, metadata } = await stored(context.store, key);
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
    const { record } = await runNotebook(path, context, { timeout: 700 });
    assert.equal(record.failure?.ename, "Timeout");
    assert.match(record.failure.evalue, /notebook/);
  });
});

Deno.test("a parameter that does not fit is refused before anything runs", async () => {
  await withLake(async (context) => {
    await assert.rejects(runNotebook(FIXTURE, context, { parameters: { asof: "x" } }), /found asof/);
    assert.deepEqual(await context.store.list("runs/"), []);
  });
});
