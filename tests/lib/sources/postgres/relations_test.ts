import assert from "node:assert/strict";
import { join } from "node:path";
import {
  listRelations,
  locate,
  openQuery,
  openRelation,
  type Relation,
} from "../../../../lib/sources/postgres/relations.ts";
import { withExtractClient } from "../../../../lib/sources/postgres/snapshot_transaction.ts";
import { placeEmptyPostgres } from "../../../fixtures/empty_postgres.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

const relation = (place: [schema: string, name: string], rank: number | null = null): Relation => ({
  oid: place.join(" "),
  schema: place[0],
  name: place[1],
  rank,
  isReadable: true,
  isLockable: true,
});

Deno.test("a schema before the dot is that schema, whatever is in the search_path", () => {
  const relations = [
    relation(["public", "sales_orders"], 1),
    relation(["public", "old.orders"], 1),
    relation(["sales", "orders"]),
    relation(["Sales", "orders"]),
    relation(["sales", "Order.Details"]),
  ];
  const placeOf = (name: string) => {
    const found = locate(name, relations);
    return "relation" in found ? found.relation.oid : found.problem;
  };
  assert.equal(placeOf("sales.orders"), "sales orders");
  assert.equal(placeOf('"Sales"."orders"'), "Sales orders");
  assert.equal(placeOf("SALES.orders"), "several tables for SALES.orders: sales.orders, Sales.orders");
  assert.equal(placeOf("SalesOrders"), "public sales_orders");
  assert.equal(placeOf("old.orders"), "public old.orders");
  assert.equal(placeOf('sales."Order.Details"'), "sales Order.Details");
  assert.match(placeOf("shop.sales_orders"), /^no table shop\.sales_orders/);
});

Deno.test("SQL of a mapping reads, and cannot end the read-only transaction it is in", () =>
  withTemporaryFolder(async (home) => {
    await placeEmptyPostgres(join(home, "postgres"));
    await withExtractClient(`pglite:${join(home, "postgres")}`, async (client) => {
      await client.query("CREATE TABLE client (id integer); CREATE TABLE bystander (id integer)");
      await client.query("BEGIN READ ONLY");
      const escape = "COMMIT; DROP TABLE bystander; SELECT * FROM (SELECT ";
      const query = await openQuery(client, "customers", {
        query: `SELECT 1 FROM client) AS a; ${escape} 1`,
        columns: {},
      });
      assert.match("problem" in query ? query.problem : "", /multiple commands/);
      const [customers] = (await listRelations(client)).filter(({ name }) => name === "client");
      const column = await openRelation(client, customers!, {
        customer_id: { sql: `1) AS a FROM client) AS b; ${escape} (1` },
      });
      assert.match("problem" in column ? column.problem : "", /multiple commands/);
      const read = await openQuery(client, "customers", {
        query: "SELECT id FROM client; -- all",
        columns: {},
      });
      assert.deepEqual("problem" in read ? read.problem : read.columns, [
        { name: "id", type: "integer", category: "N" },
      ]);
      const { rows } = await client.query("SELECT to_regclass('bystander')::text AS there");
      assert.deepEqual(rows, [{ there: "bystander" }]);
      await client.query("ROLLBACK");
    });
  }));
