import assert from "node:assert/strict";
import { formatNotebook } from "shopflow/notebook/mod.ts";
import { createClient } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { publishSmallReport } from "../small_report.ts";

const NOTEBOOK = formatNotebook({
  cells: [],
  metadata: { kernelspec: { name: "deno", display_name: "Deno" } },
  nbformat: 4,
  nbformat_minor: 5,
});

Deno.test("a published run's notebook is a file to download, never a page", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "run-1" });
  await lake.store.put("runs/notebooks/churn/run-1.ipynb", new TextEncoder().encode(NOTEBOOK));
  const answer = await createClient(lake.store).get("/reports/churn/runs/run-1/notebook.ipynb");
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), NOTEBOOK);
  assert.match(answer.headers.get("content-type")!, /application\/x-ipynb\+json/);
  assert.equal(answer.headers.get("content-disposition"), 'attachment; filename="churn_run-1.ipynb"');
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("the notebook of a run that was not published, or that is gone, is not found", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "run-1" });
  await lake.store.put("runs/notebooks/churn/secret.ipynb", new TextEncoder().encode(NOTEBOOK));
  const { get } = createClient(lake.store);
  assert.equal((await get("/reports/churn/runs/run-1/notebook.ipynb")).status, 200);
  await lake.store.delete("runs/notebooks/churn/run-1.ipynb");
  for (const run of ["secret", "run-1", "current", "..%2f..%2fmodels"]) {
    assert.equal((await get(`/reports/churn/runs/${run}/notebook.ipynb`)).status, 404, run);
  }
});
