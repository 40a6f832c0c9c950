/** A state that data tests refused leaves no trace in the history once it is put right. */
import assert from "node:assert/strict";
import { PipelineError } from "shopflow/errors/mod.ts";
import { currentSnapshotId, publishSnapshot, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import { refuseRawExtract } from "shopflow/lake/raw/mod.ts";
import { leftoverFolders } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { checkData } from "../../../../pipelines/steps/check_data.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { type Need, testWith } from "../../../requirements.ts";

const CUSTOMERS = `INSERT INTO customers (customer_id, email, first_name, signup_date)
  SELECT 'CUST' || lpad(n::text, 6, '0'), n || '@example.org', 'N' || n, '2023-01-01' FROM generate_series(1, 30) AS n`;

const versionsOf = async ({ store }: PipelineContext) => {
  using session = await openSnapshot(store);
  return await session.rows(
    `SELECT customer_id, first_name, is_deleted, CAST(valid_from AS VARCHAR) AS since
     FROM dim_customers WHERE NOT is_inferred ORDER BY ALL`,
  );
};

const problemsOf = async (context: PipelineContext) => {
  try {
    return (await checkData(context)).summary;
  } catch (error) {
    assert.ok(error instanceof PipelineError);
    return error.message;
  }
};

/** Extracts a shop, lets customers be emptied, and lets the publish of that be refused. */
async function refuse(context: PipelineContext): Promise<void> {
  await changeShop(CUSTOMERS);
  await extract(context);
  await transform(context);
  await changeShop("DELETE FROM customers");
  await extract({ ...context, fullRefresh: true });
  const before = await keysOf(context);
  await assert.rejects(transform(context), { name: "DataTestError" });
  // Of the refused snapshot nothing stays but what tells why.
  const left = (await keysOf(context)).filter((key) => !before.includes(key));
  assert.ok(left.length > 0 && left.every((key) => key.startsWith("quarantine/")), left.join());
  assert.deepEqual(await leftoverFolders(context.config.home, new Date(Date.now() + 1000)), []);
}

const keysOf = async ({ store }: PipelineContext) => (await store.list("")).map(({ key }) => key);

type WithContext = (body: (context: PipelineContext) => Promise<void>) => Promise<void>;
const HOMES: [string, WithContext, Need[]][] = [
  ["a folder", (body) => withEmbeddedShop(body), []],
  [
    "S3",
    (body) => withS3Lake(({ store }) => withEmbeddedShop((context) => body({ ...context, store }))),
    ["s3"],
  ],
];

for (const [home, withContext, needs] of HOMES) {
  testWith(
    needs,
    `customers who were emptied by mistake and restored have no deleted version, in ${home}`,
    () =>
      withContext(async (context) => {
        await refuse(context);
        const published = await currentSnapshotId(context.store);
        const before = await versionsOf(context);
        await assert.rejects(checkData(context), /newest data is not published/);
        await changeShop(CUSTOMERS);
        await extract(context);
        assert.equal((await transform(context)).status, "unchanged");
        assert.equal(await currentSnapshotId(context.store), published);
        assert.deepEqual(await versionsOf(context), before);
        const { refused, tables } = await readRawExtract(context.store);
        assert.equal(refused, undefined);
        assert.equal(tables.customers!.files.flatMap(({ runs }) => runs).length, 1);
        assert.doesNotMatch(await problemsOf(context), /not published/);
      }),
  );
}

Deno.test("what changed beside the refused rows is in the next snapshot, dated by the extract that found it put right", () =>
  withEmbeddedShop(async (context) => {
    await refuse(context);
    await changeShop(`${CUSTOMERS}; UPDATE customers SET first_name = 'Ada' WHERE customer_id = 'CUST000001';
      INSERT INTO orders (order_id, customer_id, order_date) VALUES ('N1', 'CUST000001', '2024-12-30')`);
    await extract(context);
    const { extractedAt } = await readRawExtract(context.store);
    await transform(context);
    const versions = await versionsOf(context);
    assert.equal(versions.length, 31);
    assert.ok(versions.every(({ is_deleted }) => is_deleted === false));
    assert.deepEqual(versions.slice(0, 2).map(({ first_name, since }) => [first_name, since]), [
      ["Ada", extractedAt.replace("T", " ").slice(0, -5)],
      ["N1", "1900-01-01 00:00:00"],
    ]);
  }));

Deno.test("a refused state that is kept is refused again, and goes on from the accepted one each time", () =>
  withEmbeddedShop(async (context) => {
    await refuse(context);
    const runs = async () =>
      (await readRawExtract(context.store)).tables.customers!.files.flatMap(({ runs }) => runs).length;
    assert.equal(await runs(), 2);
    await extract({ ...context, fullRefresh: true });
    await assert.rejects(transform(context), { name: "DataTestError" });
    assert.equal(await runs(), 2);
  }));

Deno.test("a state that was refused and then passed, since a test was corrected, is gone on from", () =>
  withEmbeddedShop(async (context) => {
    await refuse(context);
    // As a transform leaves it that was killed after it published what was refused before.
    const { tables, ...present } = await readRawExtract(context.store);
    const snapshot = await readManifest(context.store);
    assert.notDeepEqual(snapshot.inputs.customers, tables.customers!.files);
    const inputs = Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, files]));
    const { id: _, createdAt: __, ...content } = snapshot;
    await publishSnapshot(context.store, { ...content, inputs }, new Date("2025-01-02"));
    assert.equal((await extract(context)).status, "unchanged");
    assert.deepEqual((await readRawExtract(context.store)).tables, tables);
    assert.ok(present.refused !== undefined);
  }));

Deno.test("the first state of a lake that is refused is read again from nothing", () =>
  withEmbeddedShop(async (context) => {
    await changeShop(`${CUSTOMERS};
      INSERT INTO orders (order_id, customer_id, order_date) VALUES ('N1', 'CUST000001', '2024-12-30'), ('N1', 'CUST000002', '2024-12-30')`);
    await extract(context);
    const { store } = context;
    await refuseRawExtract(store, await readRawExtract(store), new Date("2025-01-01"));
    await changeShop("DELETE FROM customers WHERE customer_id > 'CUST000025'");
    await extract(context);
    const { files, rows } = (await readRawExtract(store)).tables.customers!;
    assert.deepEqual(files.map((file) => file.rows), [25]);
    assert.equal(rows, 25);
  }));
