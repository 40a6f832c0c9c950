import assert from "node:assert/strict";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

Deno.test("an order that was placed ahead counts from its day on, though nothing of it changed since", () =>
  withEmbeddedShop(async (context) => {
    await changeShop(
      `INSERT INTO orders (order_id, order_date, order_amount, quantity) VALUES ('AHEAD', '2025-01-20', 5, 1)`,
    );
    const kept: [string, number, unknown][] = [];
    for (const now of ["2025-01-02T10:00Z", "2025-01-18T23:59Z", "2025-01-19T00:01Z", "2025-02-01T10:00Z"]) {
      const runtime = { ...context.runtime, now: () => new Date(now) };
      await extract({ ...context, runtime });
      await transform({ ...context, runtime });
      using snapshot = await openSnapshot(context.store);
      const [facts] = await snapshot.rows<{ rows: number }>(
        "SELECT count(*) AS rows FROM fact_orders WHERE order_id = 'AHEAD'",
      );
      const [raw] = (await rawRows(context, "orders")).filter(({ order_id }) => order_id === "AHEAD");
      kept.push([now, facts!.rows, raw!._extracted_at]);
    }
    assert.deepEqual(kept, [
      ["2025-01-02T10:00Z", 0, "2025-01-02 10:00:00"],
      ["2025-01-18T23:59Z", 0, "2025-01-02 10:00:00"],
      // A day is allowed for time zones. After that it stays as it is.
      ["2025-01-19T00:01Z", 1, "2025-01-19 00:01:00"],
      ["2025-02-01T10:00Z", 1, "2025-01-19 00:01:00"],
    ]);
  }));
