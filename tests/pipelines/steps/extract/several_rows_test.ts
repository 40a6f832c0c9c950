import assert from "node:assert/strict";
import { createLogger } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

Deno.test("of several rows for one key one counts, and a warning names table, key, count and the choice", () =>
  withEmbeddedShop(async (context) => {
    await changeShop(
      `ALTER TABLE customers DROP CONSTRAINT customers_pkey;
       ALTER TABLE events DROP CONSTRAINT events_pkey;
       INSERT INTO customers (customer_id, city, signup_date, total_orders) VALUES
         ('C1', 'Old Town', '2023-01-01', 2), ('C1', 'New Town', '2023-01-01', 5), ('C2', 'Bath', '2023-01-01', 1),
         ('C3', 'Aachen', '2023-01-01', 1), ('C3', 'Zwolle', '2023-06-01', 1);
       INSERT INTO events (event_id, event_type, event_timestamp) VALUES
         ('E1', 'search', '2024-01-02 10:00'), ('E1', 'checkout', '2024-01-02 11:00')`,
    );
    const lines: string[] = [];
    const log = createLogger((line) => lines.push(line));
    await extract({ ...context, runtime: { ...context.runtime, log } });
    const warnings = lines.filter((line) => line.includes("several rows"));
    assert.equal(warnings.length, 2, lines.join("\n"));
    assert.match(
      warnings[0]!,
      /customers: 2 keys \(customer_id\) have several rows in the source, 4 in all, e\.g\. C1; C3\. The table has no time .*chosen by its values;/,
    );
    assert.match(
      warnings[1]!,
      /events: 1 key \(event_id\) has several rows in the source, 2 in all, e\.g\. E1\. The newest row/,
    );
    await transform(context);
    using snapshot = await openSnapshot(context.store);
    assert.deepEqual(
      await snapshot.rows(
        `SELECT customer_id, city FROM dim_customers WHERE is_current AND customer_id LIKE 'C_' ORDER BY ALL`,
      ),
      [
        { customer_id: "C1", city: "New Town" },
        { customer_id: "C2", city: "Bath" },
        { customer_id: "C3", city: "Zwolle" },
      ],
    );
    assert.deepEqual(await snapshot.rows("SELECT event_id, event_type FROM fact_events"), [
      { event_id: "E1", event_type: "checkout" },
    ]);
  }));
