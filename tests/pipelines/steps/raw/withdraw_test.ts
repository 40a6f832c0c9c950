import assert from "node:assert/strict";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { collectGarbage } from "shopflow/lake/gc/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createLakeProgram } from "../../../../pipelines/commands/lake.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";

async function lakeRaw(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createLakeProgram(() => context, (text) => printed.push(text))
    .parseAsync(["raw", ...args], { from: "user" });
  return printed.join("\n");
}

const rename = (name: string) =>
  changeShop(`UPDATE customers SET first_name = '${name}' WHERE customer_id = 'C1'`);
const runsOf = async ({ store }: PipelineContext, table: string) =>
  (await readRawExtract(store)).tables[table]!.files.flatMap(({ runs }) => runs.map(({ run }) => run));
const namesOf = async ({ store }: PipelineContext) => {
  using session = await openSnapshot(store);
  const rows = await session.rows<{ first_name: string }>(
    "SELECT first_name FROM dim_customers WHERE customer_id = 'C1' ORDER BY valid_from",
  );
  return rows.map(({ first_name }) => first_name);
};

/** A customer who was called Ada, by mistake Bad, and Cleo, each in an extract of its own. */
async function threeNames(context: PipelineContext): Promise<string> {
  await changeShop("INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'Ada'), ('C2', 'Eve')");
  await extract(context);
  for (const name of ["Bad", "Cleo"]) {
    await rename(name);
    await extract(context);
  }
  await transform(context);
  return (await runsOf(context, "customers"))[1]!;
}

for (const home of ["a folder", "S3"]) {
  testWith(
    home === "S3" ? ["s3"] : [],
    `a run is withdrawn from the history as if it had never been, in ${home}`,
    () => {
      const body = async (context: PipelineContext) => {
        const run = await threeNames(context);
        assert.deepEqual(await namesOf(context), ["Ada", "Bad", "Cleo"]);
        assert.match(
          await lakeRaw(context, "withdraw", run, "--dry-run"),
          /would withdraw run .*: 1 row \(customers 1\)/,
        );
        assert.equal((await runsOf(context, "customers")).length, 3);
        assert.match(await lakeRaw(context, "withdraw", run), /withdrew run .*: 1 row/);
        await assert.rejects(transform(context), /Rows that were withdrawn are not read again yet/);
        await extract(context);
        await transform(context);
        assert.deepEqual(await namesOf(context), ["Ada", "Cleo"]);
        assert.match(await lakeRaw(context, "list"), new RegExp(`${run} .* withdrawn`));
      };
      return home === "S3"
        ? withS3Lake(({ store }) => withEmbeddedShop((context) => body({ ...context, store })))
        : withEmbeddedShop(body);
    },
  );
}

Deno.test("what the source still has of a withdrawn run comes back with the next extract, of all tables it changed", () =>
  withEmbeddedShop(async (context) => {
    await threeNames(context);
    const orders = await rawRows(context, "orders");
    const [first] = await runsOf(context, "customers");
    await lakeRaw(context, "withdraw", first!);
    assert.equal((await readRawExtract(context.store)).tables.orders, undefined);
    await extract(context);
    assert.deepEqual(
      await rawRows(context, "orders").then((rows) => rows.map(({ order_id }) => order_id)),
      orders.map(({ order_id }) => order_id),
    );
    assert.deepEqual(
      (await rawRows(context, "customers")).map(({ customer_id, first_name }) => [customer_id, first_name]),
      [
        ["C1", "Cleo"],
        ["C2", "Eve"],
      ],
    );
    assert.equal((await readRawExtract(context.store)).incomplete, undefined);
    await transform(context);
    // Ada was only in the withdrawn run.
    assert.deepEqual(await namesOf(context), ["Bad", "Cleo"]);
  }));

Deno.test("a run is withdrawn out of a file in which it was merged with others", () =>
  withEmbeddedShop(async (context) => {
    await changeShop("INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'N0')");
    await extract(context);
    for (let n = 1; n <= 8; n++) {
      await rename(`N${n}`);
      await extract(context);
    }
    await transform(context);
    const { files } = (await readRawExtract(context.store)).tables.customers!;
    const merged = files.find(({ runs }) => runs.length > 3)!;
    await lakeRaw(context, "withdraw", merged.runs[3]!.run);
    await extract(context);
    await transform(context);
    assert.deepEqual(await namesOf(context), ["N0", "N1", "N2", "N4", "N5", "N6", "N7", "N8"]);
  }));

Deno.test("an extract that was under way while a run was withdrawn is not published", () =>
  withEmbeddedShop(async (context) => {
    const run = await threeNames(context);
    await rename("Dora");
    const { store } = context;
    const withdrawing = {
      ...context,
      store: {
        ...store,
        async moveIn(key: string, path: string) {
          await store.moveIn(key, path);
          await lakeRaw(context, "withdraw", run);
        },
      },
    };
    await assert.rejects(extract(withdrawing), /changed the raw layer while this one ran/);
    assert.ok(!(await runsOf(context, "customers")).includes(run));
    await extract(context);
    await transform(context);
    assert.deepEqual(await namesOf(context), ["Ada", "Cleo", "Dora"]);
  }));

Deno.test("a garbage collection after a withdrawal takes the files that only it named, and no others", () =>
  withEmbeddedShop(async (context) => {
    const run = await threeNames(context);
    const { store } = context;
    const { key } = (await readRawExtract(store)).tables.customers!.files[1]!;
    await lakeRaw(context, "withdraw", run);
    const collect = () =>
      collectGarbage(store, { keep: 1, minimumAgeMs: 0 }, () => new Date(Date.now() + 1000));
    await collect();
    assert.ok(await store.stat(key) !== undefined, "the snapshot is still made of it");
    await extract(context);
    await transform(context);
    await collect();
    assert.equal(await store.stat(key), undefined);
    assert.deepEqual(await namesOf(context), ["Ada", "Cleo"]);
    await extract({ ...context, fullRefresh: true });
  }));

Deno.test("a run that is unknown, ambiguous or withdrawn already is refused with what there is", () =>
  withEmbeddedShop(async (context) => {
    const run = await threeNames(context);
    const runs = await runsOf(context, "customers");
    await assert.rejects(lakeRaw(context, "withdraw", "zz"), new RegExp(`no such run.*${runs[0]}.*"zz"`));
    await assert.rejects(lakeRaw(context, "withdraw", "2025"), /matches several runs/);
    await assert.rejects(lakeRaw(context, "show", ""), /no such run/);
    await lakeRaw(context, "withdraw", run);
    await assert.rejects(lakeRaw(context, "withdraw", run), /was withdrawn already, at 2025-/);
  }));

Deno.test("the list and a run say what was brought and whether it is published", () =>
  withEmbeddedShop(async (context) => {
    const run = await threeNames(context);
    const { runs } = JSON.parse(await lakeRaw(context, "list", "--json"));
    assert.deepEqual(
      runs.map(({ tables, status }: { tables: unknown; status: string }) => [tables, status]),
      [
        [{ customers: 1 }, "published"],
        [{ customers: 1 }, "published"],
        [{ customers: 2, orders: 3, support_tickets: 2 }, "published"],
      ],
    );
    await changeShop("DELETE FROM customers WHERE customer_id = 'C2'");
    await extract(context);
    const [latest] = JSON.parse(await lakeRaw(context, "list", "--json")).runs;
    assert.equal(latest.status, "not published");
    const shown = JSON.parse(await lakeRaw(context, "show", latest.run, "--json"));
    assert.deepEqual([shown.tables[0].rows, shown.tables[0].deleted], [0, 1]);
    assert.match(await lakeRaw(context, "show", run), /customers +1 +0 +raw\/customers\//);
  }));
