import { loadSqlProject, type Session } from "shopflow/warehouse/mod.ts";
import { findFailures } from "../../../lib/warehouse/build/audit.ts";
import assert from "node:assert/strict";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { smallShop } from "../../fixtures/small_shop.ts";
import { stillRuntime } from "../../lib/warehouse/small_project.ts";
import { withBuiltShop } from "../built_shop.ts";

/** What the project's tests of a kind find in a table, e.g. `error fact_orders: row_count_change: 1`. */
async function found(session: Session, kind: string, model: string): Promise<string[]> {
  const { tests } = await loadSqlProject(WAREHOUSE_PROJECT);
  const chosen = tests.filter((test) => test.kind === kind && test.model === model);
  assert.ok(chosen.length > 0);
  const { failed } = await findFailures(session, chosen, stillRuntime().runtime);
  return failed.map(({ severity, name, failures }) => `${severity} ${name}: ${failures}`);
}

Deno.test("a value out of its range fails its data test, as an error or a warning", () =>
  withBuiltShop(smallShop(), async (session) => {
    const tickets = () => found(session, "in_range", "fact_support_tickets");
    const orders = () => found(session, "in_range", "fact_orders");
    assert.deepEqual([await tickets(), await orders()], [[], []]);
    await session.run(
      "UPDATE fact_support_tickets SET resolution_hours = -1 WHERE resolution_hours IS NOT NULL",
    );
    const [{ hit }] = await session.rows(
      "SELECT count(*)::INTEGER AS hit FROM fact_support_tickets WHERE resolution_hours < 0",
    ) as [
      { hit: number },
    ];
    assert.ok(hit > 0);
    assert.deepEqual(await tickets(), [`error fact_support_tickets.resolution_hours: in_range: ${hit}`]);
    await session.run(
      "UPDATE fact_orders SET discount_amount = 1000000.01 WHERE order_id = (SELECT min(order_id) FROM fact_orders)",
    );
    const warned = await orders();
    assert.equal(warned.length, 1);
    assert.match(warned[0]!, /^warn fact_orders\.discount_amount: in_range: [1-9]/);
  }));

Deno.test("a table whose last day is weeks behind that of the others is warned of", () =>
  withBuiltShop(smallShop(), async (session) => {
    const facts = { fact_orders: "order_date", fact_inventory_snapshots: "snapshot_date" };
    for (const [table, column] of Object.entries(facts)) {
      const fresh = () => found(session, "as_fresh_as_the_others", table);
      await session.run(
        `UPDATE ${table} SET ${column} = (SELECT max(date) FROM dim_dates) - INTERVAL 14 DAY`,
      );
      assert.deepEqual(await fresh(), []);
      await session.run(
        `UPDATE ${table} SET ${column} = (SELECT max(date) FROM dim_dates) - INTERVAL 15 DAY`,
      );
      assert.deepEqual(await fresh(), [`warn ${table}: as_fresh_as_the_others: 1`]);
    }
  }));
