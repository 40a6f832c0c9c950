import assert from "node:assert/strict";
import { join } from "node:path";
import { publishSnapshot, readManifest } from "shopflow/lake/mod.ts";
import { listRuns, rerunNotebook, runNotebook, snapshotRead } from "shopflow/notebook/run/mod.ts";
import { promoteVersion, saveModelVersion } from "shopflow/ml/registry/mod.ts";
import { storedRun, withLake } from "../run_context.ts";
import { writeNotebook } from "../write_notebook.ts";

const FIXTURE = new URL("../../../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;
const root = new URL("../../../..", import.meta.url).pathname;

Deno.test("a run is repeated with its parameters on its own snapshot, and its outputs are equal", async () => {
  await withLake(async (context) => {
    const first = await runNotebook(FIXTURE, context, { check: false, parameters: { as_of: "2024-07-21" } });
    const { id, createdAt: _, ...manifest } = await readManifest(context.store);
    await publishSnapshot(
      context.store,
      { ...manifest, codeVersion: "newer" },
      new Date("2024-11-02T00:00:00Z"),
    );
    assert.notEqual((await readManifest(context.store)).id, id);

    const { record, differences, otherLineage, key } = await rerunNotebook(
      first.record.runId.slice(0, -2),
      context,
    );
    assert.deepEqual(differences, []);
    assert.deepEqual(otherLineage, []);
    assert.equal(snapshotRead(record), id);
    assert.deepEqual(record.parameters, { as_of: "2024-07-21", top_days: 5 });
    assert.equal(record.rerunOf, first.record.runId);
    const stored = await storedRun(context.store, key);
    assert.equal(stored.cells.filter((cell) => cell.id === "injected-parameters").length, 1);
    assert.deepEqual((await listRuns(context.store)).length, 2);
    // What the current snapshot is has not changed for others.
    const later = await runNotebook(FIXTURE, context, { check: false });
    assert.notEqual(snapshotRead(later.record), id);
  });
});

Deno.test("cells whose outputs depend on the moment are named", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "clock.ipynb"), ["1", "performance.timeOrigin", "2"]);
    const first = await runNotebook(path, context, { check: false });
    const { differences } = await rerunNotebook(first.record.runId, context, { check: false });
    assert.deepEqual(differences, [{ cellId: "cell-1", cell: 2, parts: ["text/plain"] }]);
  });
});

Deno.test("a repeated run reads the model version that was the champion then", async () => {
  await withLake(async (context, folder) => {
    const save = async (version: string) => {
      const card = {
        name: "churn",
        version,
        trainedAt: "2024-11-01T00:00:00Z",
        snapshot: "s",
        asOf: "2024-11-01",
        parameters: {},
        metrics: {},
      };
      await saveModelVersion(context.store, { card, files: {} });
      await promoteVersion(context.store, "churn", version);
    };
    await save("v1");
    const path = await writeNotebook(join(folder, "model.ipynb"), [
      `const { openShop } = await import("${root}lib/notebook/kernel.ts");
       const { championCard } = await import("${root}lib/ml/registry/mod.ts");`,
      `const shop = await openShop(); (await championCard(shop.store, "churn")).version`,
    ]);
    await Deno.copyFile(join(root, "deno.json"), join(folder, "deno.json"));
    const config = JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
    config.imports["shopflow/"] = `file://${root}lib/`;
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
    const first = await runNotebook(path, context, { check: false });
    assert.equal(first.record.failure, undefined);
    await save("v2");
    const { differences, record } = await rerunNotebook(first.record.runId, context, { check: false });
    assert.deepEqual(differences, []);
    assert.deepEqual(record.lineage.filter(({ kind }) => kind === "model").map(({ version }) => version), [
      "v1",
    ]);
    const now = await runNotebook(path, context, { check: false });
    assert.deepEqual(now.record.lineage.at(-1), { kind: "model", name: "churn", version: "v2" });
  });
});

Deno.test("a run that does not exist, is not unique, or whose snapshot is gone cannot be repeated", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "one.ipynb"), ["1"]);
    const [first] = [
      await runNotebook(path, context, { check: false }),
      await runNotebook(path, context, { check: false }),
    ];
    await assert.rejects(rerunNotebook("19990101", context), /no run 19990101: .*`deno task notebook runs`/);
    await assert.rejects(rerunNotebook("2", context), /Several runs begin with/);
    const notebook = await storedRun(context.store, first.key);
    notebook.metadata.shopflow = {
      ...notebook.metadata.shopflow,
      lineage: [{ kind: "snapshot", name: "lake", version: "gone" }],
    };
    await context.store.put(first.key, new TextEncoder().encode(JSON.stringify(notebook)));
    await assert.rejects(rerunNotebook(first.record.runId, context), /no such snapshot.*found "gone"/);
  });
});
