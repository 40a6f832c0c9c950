/** Ids as other shops have them, from PostgreSQL and MongoDB to the answers of a server. */
import assert from "node:assert/strict";
import { MongoClient } from "mongodb";
import { listen } from "../../server/listen.ts";
import { createApp } from "../../server/app.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { withServers } from "../fixtures/source_servers.ts";
import { testWith } from "../requirements.ts";

const ODD = [
  "a/b",
  "#42",
  "two words",
  "😀🛒",
  "0b5c6f0a-6f0f-4c0e-9c62-7d5f3b1c2a11",
  "100%",
  "%2F",
  `O'Brien "x" \\ y`,
  "?q=1&r=2",
  "Zoë+ß",
  "../health",
  "{customer_id}",
  ":id*",
];
const usual = (prefix: string, digits: number, i: number) =>
  `${prefix}${String(i + 1).padStart(digits, "0")}`;

testWith(
  ["postgres", "mongodb"],
  "ids with /, #, %, blanks, quotes, emoji or 36 characters are served as they were extracted",
  () =>
    withServers(async ({ context, sql }) => {
      await simulateIntoSources(context, { customers: 400, products: 40, seed: 7, until: "2024-06-30" });
      const renamed = [
        ...ODD.map((id, i) => ["customer_id", usual("CUST", 6, i), id] as const),
        ...ODD.map((id, i) => ["product_id", usual("PROD", 5, i), id] as const),
      ];
      const columns = [["customers", "customer_id"], ["orders", "customer_id"], ["events", "customer_id"]]
        .concat(["products", "orders", "events", "inventory"].map((table) => [table, "product_id"]));
      for (const [table, column] of columns) {
        await sql.query(`ALTER TABLE ${table} ALTER ${column} TYPE text`);
      }
      for (const [column, from, to] of renamed) {
        for (const [table] of columns.filter(([, name]) => name === column)) {
          await sql.query(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1`, [from, to]);
        }
      }
      await using mongo = await MongoClient.connect(context.config.ticketsUrl);
      for (const [i, id] of ODD.entries()) {
        const customer_id = usual("CUST", 6, i);
        await mongo.db().collection("support_tickets").updateMany({ customer_id }, {
          $set: { customer_id: id },
        });
      }
      for (const pipeline of [extract, transform, scoreModels()]) await pipeline(context);

      const app = createApp({ store: context.store, runtime: context.runtime });
      const server = await listen(
        (request) => app.fetch(request),
        { host: "127.0.0.1", port: 0, apiKey: undefined, maxConnections: undefined },
        { log: context.runtime.log },
      );
      try {
        const names = new Map<string, string>(
          (await sql.query("SELECT product_id, product_name FROM products")).rows
            .map(({ product_id, product_name }) => [product_id, product_name]),
        );
        // A shop counts the stock of most products, not of all.
        const warehouses = new Map<string, number>(
          (await sql.query(
            "SELECT product_id, count(DISTINCT warehouse_id)::int AS n FROM inventory GROUP BY product_id",
          )).rows.map(({ product_id, n }) => [product_id, n]),
        );
        assert.ok(ODD.filter((id) => warehouses.has(id)).length >= 8);
        const answer = async (path: string) => await (await fetch(server.url + path)).json();
        let scored = 0;
        for (const id of ODD) {
          const plan = await answer(`/inventory/${encodeURIComponent(id)}`);
          assert.equal(plan.product_id, id);
          assert.equal(plan.plan.length, warehouses.get(id) ?? 0, id);
          const { customer_id, items } = await answer(`/recommend/${encodeURIComponent(id)}`);
          assert.equal(customer_id, id);
          assert.ok(
            items.length > 0 && items.every((item: { product_id: string }) => names.has(item.product_id)),
          );
          const churn = await fetch(`${server.url}/predict/churn`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ customer_id: id }),
          });
          const said = await churn.json();
          if (churn.status === 200) scored++;
          assert.equal(
            said.customer_id ?? said.error.code,
            churn.status === 200 ? id : "customer_not_scored",
          );
        }
        assert.ok(scored >= 3, `${scored} customers with odd ids have a score`);
      } finally {
        await server.stop();
      }
    }),
);
