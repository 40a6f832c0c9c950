import { currentSnapshotId, publishRawExtract, readManifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { openSession, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkData } from "../../../pipelines/steps/check_data.ts";
import { createTransform, transform } from "../../../pipelines/steps/transform.ts";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { runAlone } from "../../fixtures/run_alone.ts";
import { customer, emptyShop, smallShop } from "../../fixtures/small_shop.ts";
import { withLake, withTransformedShop } from "../built_shop.ts";

const TABLES = [
  "data_quality",
  "dim_customers",
  "dim_dates",
  "dim_products",
  "dim_warehouses",
  "fact_events",
  "fact_inventory_snapshots",
  "fact_members",
  "fact_orders",
  "fact_support_tickets",
  "quality_by_month",
  "reconciliation",
];

Deno.test("a shop with every kind of dirt becomes a star schema whose money is explained to the cent", async () => {
  await withLake(async (context) => {
    const shop = smallShop();
    await writeRawShop(context.store, shop);
    const { status, summary } = await transform(context);
    assert.equal(status, "done");
    assert.match(
      summary,
      /^snapshot [0-9a-f]{16}: 12 tables, \d+ rows, \d+ data tests passed, \d warnings; every month computed$/,
    );

    using session = await openSnapshot(context.store);
    assert.deepEqual(Object.keys(session.manifest.tables), TABLES);
    const cents = shop.orders.reduce((sum, row) => sum + Math.round(Number(row.order_amount ?? 0) * 100), 0);
    const [explained] = await session.rows(`
      SELECT (SELECT sum(order_amount) FROM fact_orders) AS kept,
        (SELECT sum(amount) FROM data_quality WHERE source_table = 'orders' AND action = 'dropped') AS dropped`);
    assert.equal(Math.round((Number(explained!.kept) + Number(explained!.dropped)) * 100), cents);
    assert.deepEqual(await session.columns("SELECT DISTINCT action FROM data_quality ORDER BY 1"), {
      action: ["dropped", "inferred", "kept", "repaired"],
    });
  });
});

Deno.test("a shop with empty tables becomes empty tables, with the unknown member and a row for each rule", async () => {
  await withLake(async (context) => {
    await writeRawShop(context.store, emptyShop());
    await transform(context);
    using session = await openSnapshot(context.store);
    const rows = Object.entries(session.manifest.tables).map(([name, table]) => [name, table.rows]);
    const { data_quality, quality_by_month, reconciliation, ...others } = Object.fromEntries(rows);
    assert.ok(data_quality > 50);
    assert.ok(quality_by_month > 40);
    assert.equal(reconciliation, 4);
    assert.deepEqual(await session.rows(`SELECT sum("rows") AS hits FROM data_quality`), [{ hits: 0 }]);
    const empty = Object.fromEntries(
      TABLES.filter((name) => /^(dim|fact)/.test(name)).map((name) => [name, 0]),
    );
    assert.deepEqual(others, { ...empty, dim_customers: 1 });
  });
});

Deno.test("files under way are written in SHOPFLOW_HOME alone, and gone afterwards", async () => {
  await withLake(async (context) => {
    await writeRawShop(context.store, smallShop());
    // A file that is written anywhere else is an error there.
    const program = new URL("../own_folder_program.ts", import.meta.url);
    await runAlone(program, { TMPDIR: "/nowhere/that/exists" }, [context.config.home]);
    assert.ok(await currentSnapshotId(context.store));
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(context.config.home, "tmp"))), []);
  });
});

Deno.test("a second run with unchanged raw data does nothing; force and changed data build again", async () => {
  await withTransformedShop(async (context) => {
    const files = await context.store.list("");
    const again = await transform(context);
    assert.equal(again.status, "unchanged");
    assert.deepEqual(await context.store.list(""), files);

    const first = await readManifest(context.store);
    assert.equal((await transform({ ...context, force: true })).status, "done");
    assert.deepEqual(await readManifest(context.store), first);

    const grown = smallShop();
    grown.customers.push(customer("CUST000005"));
    await writeRawShop(context.store, grown, { run: "20240602T000000Z" });
    assert.equal((await transform(context)).status, "done");
    const second = await readManifest(context.store);
    assert.notEqual(second.id, first.id);
    assert.notEqual(second.tables.dim_customers!.files[0]!.key, first.tables.dim_customers!.files[0]!.key);
    assert.deepEqual(second.tables.fact_orders, first.tables.fact_orders);
  });
});

Deno.test("the order in which the source gives its rows does not matter", async () => {
  await withTransformedShop(async (context) => {
    const { tables } = await readManifest(context.store);
    await withLake(async (other) => {
      const shop = smallShop();
      for (const rows of Object.values(shop)) rows.reverse();
      await writeRawShop(other.store, shop);
      await transform(other);
      assert.deepEqual((await readManifest(other.store)).tables, tables);
    });
  });
});

Deno.test("a snapshot of which a file was lost is built again", async () => {
  await withTransformedShop(async (context) => {
    const { id, tables } = await readManifest(context.store);
    await context.store.delete(tables.fact_orders!.files[0]!.key);
    assert.equal((await transform(context)).status, "done");
    using session = await openSnapshot(context.store);
    assert.equal(session.manifest.id, id);
  });
});

Deno.test("data that breaks a data test publishes nothing and names model, column and test", async () => {
  await withTransformedShop(async (context) => {
    const before = await currentSnapshotId(context.store);
    const folder = await copyOfProject(context.config.home);
    const quality = join(folder, "models", "staging", "stg_support_tickets.sql");
    const sql = await Deno.readTextFile(quality);
    await Deno.writeTextFile(quality, sql.replace("between 1 and 5 then", "between 1 and 500 then"));
    await assert.rejects(createTransform({ folder })(context), {
      name: "DataTestError",
      message: /fact_support_tickets\.satisfaction_score: accepted_values failed for 1 row, e\.g\. .*11/,
    });
    assert.equal(await currentSnapshotId(context.store), before);
  });
});

Deno.test("a rule that loses money without saying so is caught by the reconciliation", async () => {
  await withLake(async (context) => {
    await writeRawShop(context.store, smallShop());
    const folder = await copyOfProject(context.config.home);
    const facts = join(folder, "models", "curated", "fact_orders.sql");
    await Deno.writeTextFile(facts, await Deno.readTextFile(facts) + "    and line_type = 'sale'\n");
    await assert.rejects(createTransform({ folder })(context), {
      name: "DataTestError",
      message: /reconciliation: true_for_every_row failed for \d rows, e\.g\. .*"source_table":"orders"/s,
    });
  });
});

Deno.test("without an extract the message says what to run", async () => {
  await withLake(async (context) => {
    await assert.rejects(transform(context), {
      name: "LakeError",
      message: /deno task pipeline run extract/,
    });
  });
});

Deno.test("a raw table that is missing, gone, broken or of another shape is named", async () => {
  await withLake(async (context) => {
    const { store } = context;
    const extract = await writeRawShop(store, smallShop());
    const { key } = extract.tables.orders!.files[0]!;
    const fails = (message: RegExp, name = "LakeError") =>
      assert.rejects(transform(context), { name, message });

    const { orders: _, ...others } = extract.tables;
    await publishRawExtract(store, { ...extract, tables: others });
    await fails(/raw table is missing.*a raw file of orders/);

    await publishRawExtract(store, extract);
    await writeOtherShape(store, key);
    await fails(
      /raw table orders .*expected quantity INTEGER.*found quantity VARCHAR.*no payment_method/,
      "SchemaContractError",
    );

    // The end, which says where the columns are, stays: only a model that reads the rows meets the damage.
    await writeRawShop(store, smallShop());
    const { body } = (await store.get(key))!;
    await store.put(key, body.map((byte, i) => i >= 4 && i < 100 ? 255 : byte));
    await fails(new RegExp(`file ${key} of the lake .* is damaged.*pipeline run extract --full-refresh`));

    await store.put(key, new TextEncoder().encode("PAR1 torn"));
    await fails(new RegExp(`raw file of orders cannot be read: expected a Parquet file, found ${key}`));

    await store.delete(key);
    await fails(new RegExp(`missing: expected ${key}`));
    assert.equal(await currentSnapshotId(store), undefined);
  });
});

async function writeOtherShape(store: ObjectStore, key: string): Promise<void> {
  const path = await store.localPath(key);
  using session = await openSession();
  await session.run(`CREATE TABLE t AS
    SELECT * EXCLUDE (payment_method) REPLACE (quantity::VARCHAR AS quantity) FROM read_parquet(${
    sqlString(path)
  })`);
  await session.run(`COPY t TO ${sqlString(path)} (FORMAT parquet)`);
}

async function copyOfProject(home: string): Promise<string> {
  const project = join(import.meta.dirname!, "..", "..", "..", "pipelines", "warehouse");
  const copy = join(home, "project");
  const copyFolder = async (from: string, to: string): Promise<void> => {
    await Deno.mkdir(to, { recursive: true });
    for await (const entry of Deno.readDir(from)) {
      const paths = [join(from, entry.name), join(to, entry.name)] as const;
      if (entry.isDirectory) await copyFolder(...paths);
      else await Deno.copyFile(...paths);
    }
  };
  await copyFolder(project, copy);
  return copy;
}

Deno.test("an analyst's broken model is left out of the star schema: the command ends with an error, a job's run goes on, check-data alerts", async () => {
  await withLake(async (context) => {
    await writeRawShop(context.store, smallShop());
    const folder = await copyOfProject(context.config.home);
    await Deno.mkdir(join(folder, "models", "marketing"));
    const write = (name: string, sql: string) =>
      Deno.writeTextFile(join(folder, "models", "marketing", `${name}.sql`), sql);
    await write(
      "best_customers",
      "select customer_id, sum(order_amount) as spent from {{ ref('fact_orders') }} group by 1",
    );
    await write("broken", "select * from {{ ref('fact_orders') }} where");
    await write("reader", "select * from {{ ref('broken') }}");
    const run = createTransform({ folder });
    const { status, problems = [] } = await run(context);
    assert.equal(status, "done");
    assert.match(
      problems.map(({ message }) => message).join("\n"),
      /broken is not in the snapshot: .*models\/marketing\/broken\.sql failed: .*\nreader is not in the snapshot: reader reads broken/s,
    );
    using session = await openSnapshot(context.store);
    assert.deepEqual(Object.keys(session.manifest.tables), ["best_customers", ...TABLES].sort());
    assert.ok((await session.rows("FROM best_customers")).length > 0);

    // A second run has nothing to do, and says so again.
    assert.equal((await run(context)).problems?.length, 2);
    const job = { ...context.config, run: { name: "refresh-data@2024-06-01T00:00Z", from: "", to: "" } };
    const warned: string[] = [];
    const log = { ...context.runtime.log, warn: (text: string) => void warned.push(text) };
    const runtime = { ...context.runtime, log };
    assert.equal((await run({ ...context, config: job, runtime })).problems, undefined);
    // The reason of the run repeats what is said so.
    assert.match(
      warned.join("\n"),
      /^a part of transform was left out\. broken is not in the snapshot: .*^a part of transform was left out\. reader is/ms,
    );
    await assert.rejects(checkData(context), { message: /broken is not in the snapshot/ });
  });
});
