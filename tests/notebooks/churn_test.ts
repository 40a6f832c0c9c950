import assert from "node:assert/strict";
import { type NotebookRun, rerunNotebook, runNotebook } from "shopflow/notebook/mod.ts";
import { join } from "node:path";
import { scoreChurn } from "../../pipelines/score/churn.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";

const NOTEBOOK = join(import.meta.dirname!, "..", "..", "notebooks", "churn.ipynb");

Deno.test("the churn notebook tells of a date whose outcomes are known, and a repeated run the same", async () => {
  await using lake = await createChurnLake({ customers: 500 });
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.doesNotMatch(outputOf(run, "study"), /lies outside the data/);
  assert.match(outputOf(run, "model"), /model AUC/);
  assert.match(outputOf(run, "contact"), /CUST\d{6}/);
  assert.match(outputOf(run, "outcome"), /Looking back/);
  for (const cell of ["monthly", "cohorts", "roc", "calibration", "reasons", "risk", "threshold"]) {
    assert.match(outputOf(run, cell), /<svg/, cell);
  }
  const { differences } = await rerunNotebook(run.record.runId, lake.context, { check: false });
  assert.deepEqual(differences, []);
});

Deno.test("on a shop of orders alone, and a date outside its data, it says which date it uses", async () => {
  await using lake = await createChurnLake({ customers: 400, days: 374, ordersOnly: true });
  await scoreChurn(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, {
    check: false,
    parameters: { as_of: "2011-09-01" },
  });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(
    outputOf(run, "study"),
    /2011-09-01 lies outside the data: orders run from .* This one is as of 2024-10-03/,
  );
  assert.match(outputOf(run, "champion"), /come from the baseline, recency alone: no model is trained yet/);
});

function outputOf({ notebook }: NotebookRun, id: string): string {
  const cell = notebook.cells.find((cell) => cell.id === id);
  assert.ok(cell, `no cell ${id}`);
  return JSON.stringify("outputs" in cell ? cell.outputs : []);
}
