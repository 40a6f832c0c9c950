import assert from "node:assert/strict";
import { type RawFile, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { filesToMerge } from "../../../../pipelines/steps/raw/tidy_files.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";

const file = (name: string, size: number): RawFile => ({
  key: name,
  rows: 1,
  size,
  sha256: name,
  runs: [{ run: name, extractedAt: "", rows: 1, sha256: name }],
});
const KIB = 1024;

Deno.test("files are merged when eight are of one size class, with those that are smaller", () => {
  const small = Array.from({ length: 7 }, (_, n) => file(`s${n}`, 10 * KIB));
  const base = file("base", 100 << 20);
  assert.deepEqual(filesToMerge([base, ...small]), []);
  assert.deepEqual(filesToMerge([base, ...small, file("s7", 9)]).map(({ key }) => key), [
    ...small.map(({ key }) => key),
    "s7",
  ]);
  const medium = Array.from({ length: 8 }, (_, n) => file(`m${n}`, 300 * KIB));
  assert.equal(filesToMerge([base, ...medium, ...small.slice(0, 2)]).length, 10);
});

Deno.test("however many runs there are, a table has few files, and each row is written again few times", () => {
  let files: RawFile[] = [file("base", 50 << 20)];
  let written = 0;
  for (let run = 0; run < 2000; run++) {
    files.push(file(`r${run}`, 20 * KIB));
    const merged = filesToMerge(files);
    if (merged.length === 0) continue;
    const size = merged.reduce((sum, one) => sum + one.size, 0);
    written += size;
    files = [...files.filter((one) => !merged.includes(one)), file(`c${run}`, size)];
    assert.ok(files.length <= 25, `${files.length} files after ${run} runs`);
  }
  assert.ok(written < 6 * (50 << 20), `${written} bytes written again of ${2000 * 20 * KIB}`);
});

/** All raw rows of a table, whatever the files they are in. */
async function historyOf({ store }: PipelineContext, table: string): Promise<unknown[]> {
  const { files } = (await readRawExtract(store)).tables[table]!;
  const paths = await Promise.all(files.map(({ key }) => store.localPath(key)));
  using session = await openSession();
  return await session.rows(
    `SELECT customer_id, first_name, _run, CAST(_extracted_at AS VARCHAR) AS at, _deleted
     FROM read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true) ORDER BY ALL`,
  );
}

for (const home of ["a folder", "S3"]) {
  testWith(
    home === "S3" ? ["s3"] : [],
    `merged files keep every row with its run, and only new months are computed, in ${home}`,
    () => {
      const body = async (context: PipelineContext) => {
        const kept: unknown[][] = [];
        await changeShop(
          "INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'N0'), ('C2', 'Eve')",
        );
        await extract(context);
        await transform(context);
        for (let n = 1; n <= 9; n++) {
          await changeShop(`UPDATE customers SET first_name = 'N${n}' WHERE customer_id = 'C1';
          INSERT INTO orders (order_id, customer_id, order_date, quantity, order_amount, product_id)
          VALUES ('N${n}', 'C1', '2024-0${n}-15', 1, 5, 'P1')`);
          await extract(context);
          kept.push(await historyOf(context, "customers"));
          assert.deepEqual(kept.at(-1)!.length, n + 2);
          // Not after each extract: a merged file has known rows and new ones.
          if (n % 3 !== 0) continue;
          const { summary } = await transform(context);
          assert.match(summary, /months computed: fact_orders|months computed: .*orders/);
        }
        const { files } = (await readRawExtract(context.store)).tables.customers!;
        assert.ok(files.length < 9, `${files.length} files of ten runs`);
        assert.equal(files.flatMap(({ runs }) => runs).length, 10);
        assert.equal(files.reduce((sum, { rows }) => sum + rows, 0), 11);
        // The same tables as a build from nothing gives.
        const { tables } = await readManifest(context.store);
        await transform({ ...context, force: true });
        assert.deepEqual((await readManifest(context.store)).tables, tables);
      };
      return home === "S3"
        ? withS3Lake(({ store }) => withEmbeddedShop((context) => body({ ...context, store })))
        : withEmbeddedShop(body);
    },
  );
}

class Killed extends Error {}

for (
  const [moment, key] of [
    ["before the merged file", /^raw\/customers\//],
    ["before the extract that names it", /^raw\/current\.json$/],
  ] as const
) {
  Deno.test(`an extract that is killed ${moment} loses no row and doubles none`, () =>
    withEmbeddedShop(async (context) => {
      await changeShop("INSERT INTO customers (customer_id, first_name) VALUES ('C1', 'N0')");
      await extract(context);
      for (let n = 1; n <= 7; n++) {
        await changeShop(`UPDATE customers SET first_name = 'N${n}' WHERE customer_id = 'C1'`);
        if (n < 7) await extract(context);
      }
      const before = await historyOf(context, "customers");
      const { store } = context;
      const die =
        <A extends unknown[]>(write: (target: string, ...rest: A) => Promise<unknown>) =>
        async (target: string, ...rest: A) => {
          if (key.test(target)) throw new Killed(target);
          return await write(target, ...rest) as never;
        };
      const dying = {
        ...store,
        put: die(store.put.bind(store)),
        putIfMatch: die(store.putIfMatch.bind(store)),
        moveIn: die(store.moveIn.bind(store)),
      };
      await assert.rejects(extract({ ...context, store: dying }), Killed);
      assert.deepEqual(await historyOf(context, "customers"), before);
      await extract(context);
      assert.equal((await historyOf(context, "customers")).length, 8);
      const { files } = (await readRawExtract(store)).tables.customers!;
      assert.equal(files.length, 1);
    }));
}
