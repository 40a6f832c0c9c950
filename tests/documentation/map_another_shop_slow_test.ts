/** documentation/how_to/map_another_shop.md, done as it is written, on a database with the tables that Chinook has. */
import assert from "node:assert/strict";
import { join } from "node:path";
// @ts-types="@types/pg"
import pg from "pg";
import { openStore } from "shopflow/lake/store/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { reportNotebooks } from "../fixtures/report_notebooks.ts";
import { CHINOOK_SQL } from "../fixtures/chinook.ts";
import { withPostgresDatabase } from "../fixtures/postgres_database.ts";
import { testWith } from "../requirements.ts";
import { blocksOf, ROOT } from "./shell_commands.ts";

testWith(
  ["postgres"],
  "the how-to of another shop can be done as it is written, from its dump to the reports",
  async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "shopflow-chinook-" });
    try {
      await withPostgresDatabase(async (url) => {
        const page = await Deno.readTextFile(join(ROOT, "documentation", "how_to", "map_another_shop.md"));
        const part = page.slice(0, page.indexOf("## What a mapping says"));
        const [mapping, ...others] = blocksOf(part).filter(({ language }) => language === "yaml");
        assert.equal(others.length, 0);
        await Deno.writeTextFile(join(folder, "chinook.yaml"), mapping!.text);
        // What the page's machine has and this one does not: the server's address, the dump, where files lie.
        const here: Record<string, string> = {
          SHOPFLOW_POSTGRES_URL: url,
          SHOPFLOW_HOME: join(folder, "home"),
          SHOPFLOW_SOURCE_MAPPING: join(folder, "chinook.yaml"),
        };
        const env: Record<string, string> = {};
        const printed: string[] = [];
        for (const { text } of blocksOf(part).filter(({ language }) => language === "sh")) {
          for (const line of text.split("\n")) {
            await t.step(line, async () => {
              const [, name] = /^export (\w+)=/.exec(line) ?? [];
              if (name !== undefined) env[name] = here[name]!;
              else if (line.startsWith("psql ")) await loadDump(url);
              else printed.push(await runTask(line, env));
            });
          }
        }
        const [before, after, run] = printed;
        assert.match(
          before!,
          /no table customers \(customer may be meant\)[^]*Not every table can be extracted/,
        );
        assert.match(before!, / {2}customers:\n {4}table: public\.customer/);
        assert.match(
          after!,
          /orders: fits, [^\n]* 1,787 rows[^]*Every table that the shop has can be extracted/,
        );
        assert.match(run!, new RegExp(`\\b${reportNotebooks().length} reports published`));

        const store = openStore(loadConfig(env));
        assert.ok(await currentSnapshotId(store) !== undefined);
        using snapshot = await openSnapshot(store);
        const [sales] = await snapshot.rows(
          `SELECT count(DISTINCT order_id)::int AS orders, count(*)::int AS lines, sum(order_amount)::text AS amount,
                count(DISTINCT customer_id)::int AS customers FROM fact_orders`,
        );
        assert.deepEqual(sales, await sourceSales(url));
        const reports = (await store.list("reports/")).map(({ key }) => key);
        for (const name of reportNotebooks()) {
          assert.ok(reports.some((key) => key.includes(name)), `${name} among ${reports.length} objects`);
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

async function loadDump(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(CHINOOK_SQL);
  await client.end();
}

async function sourceSales(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows: [sales] } = await client.query(
    `SELECT count(DISTINCT invoice_id)::int AS orders, count(*)::int AS lines, sum(unit_price * quantity)::text AS amount,
            count(DISTINCT customer_id)::int AS customers FROM invoice JOIN invoice_line USING (invoice_id)`,
  );
  await client.end();
  return sales;
}

/** What a task prints. The first check fails, as the page says. */
async function runTask(line: string, env: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...line.replace(/^deno /, "").split(" ")],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(
    success,
    line !== "deno task sources check" || env.SHOPFLOW_SOURCE_MAPPING !== undefined,
    text,
  );
  return text;
}
