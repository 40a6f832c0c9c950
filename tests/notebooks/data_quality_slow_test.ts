import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { keepRawQuarantine } from "shopflow/lake/mod.ts";
import { writeImportReport } from "../../lib/sources/import_report.ts";
import { join } from "node:path";
import { createCuratedLake, groupedShop } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";

const NOTEBOOK = new URL("../../notebooks/data_quality.ipynb", import.meta.url).pathname;

Deno.test("the data quality notebook lists every rule, and which tables are empty", async () => {
  await using lake = await createCuratedLake({
    ...groupedShop(),
    reconciliation: [["orders", "2024-06", 2000, 2000, 0], ["orders", "2024-05", 1000, 1000, 0]],
    data_quality: [
      ["orders", "exact_duplicate", "dropped", 72, 8734.87, "Line equal to another in every column"],
      ["events", "missing_event_id", "dropped", 0, null, "Event without an id"],
    ],
  });
  await writeReport(lake.context.config.home, 3000);
  const value = { column: "quantity", expected: "a whole number of 32 bits", found: "4.5" };
  await keepRawQuarantine(lake.context.store, {
    table: "orders",
    run: "20250101T000000000Z",
    extractedAt: "2025-01-01T06:30:00.000Z",
    rows: ["O7", "O8"].map((order) => ({ key: `order_id ${order}`, values: [value], row: "{}" })),
  });
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "rules-chart"), /<svg/);
  assert.match(outputOf(run, "rules-table"), /8,735.*Line equal to another/);
  assert.match(outputOf(run, "silent"), /missing event id/);
  assert.match(
    outputOf(run, "left-out"),
    /orders.*2.*2025-01-01 06:30 UTC.*order_id O7: quantity is .{1,6}4\.5.{1,6}, expected a whole number/s,
  );
  assert.match(
    outputOf(run, "imported"),
    /3,003 read = 3,000 kept \+ 2 rejected \+ 0 summed \+ 0 blank \+ 1 header/,
  );
  assert.match(outputOf(run, "imported"), /2 rejected, the first in line 7: A quote is not closed/);
  assert.match(outputOf(run, "empty"), /fact_support_tickets` is empty/);
  assert.match(outputOf(run, "freshness"), /fact_support_tickets.*empty/);
});

async function writeReport(home: string, orders: number): Promise<void> {
  await Deno.mkdir(join(home, "shop"), { recursive: true });
  await writeImportReport(home, {
    dataset: "online-retail",
    file: "/data/online_retail.csv",
    importedAt: "2025-01-01T00:00:00.000Z",
    lines: { read: orders + 3, kept: orders, rejected: 2, summed: 0, blank: 0, header: 1 },
    formats: {},
    rejected: [{ reason: "A quote is not closed", lines: 2, firstLine: 7, file: "/data/online_retail.csv" }],
    rows: { orders },
    rules: [],
    rejectsFile: null,
  });
}
