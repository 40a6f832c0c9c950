import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/mod.ts";
import { join } from "node:path";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";

const NOTEBOOK = join(import.meta.dirname!, "..", "..", "notebooks", "data_quality.ipynb");

Deno.test("the data quality notebook lists every rule, and which tables are empty", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    data_quality: [
      ["orders", "exact_duplicate", "dropped", 72, 8734.87, "Line equal to another in every column"],
      ["events", "missing_event_id", "dropped", 0, null, "Event without an id"],
    ],
  });
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "rules-chart"), /<svg/);
  assert.match(outputOf(run, "rules-table"), /8,735.*Line equal to another/);
  assert.match(outputOf(run, "silent"), /missing event id/);
  assert.match(outputOf(run, "empty"), /fact_support_tickets` is empty/);
  assert.match(outputOf(run, "freshness"), /fact_support_tickets.*empty/);
});
