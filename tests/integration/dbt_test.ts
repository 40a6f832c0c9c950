/** dbt builds the same tables from the same folder and the same raw data as our own runner. */
import { readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import {
  loadSqlProject,
  openSnapshot,
  sqlName,
  sqlString,
  writeRawDatabase,
} from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/extract.ts";
import { simulateIntoSources } from "../../pipelines/simulate/simulate_into_sources.ts";
import { transform, WAREHOUSE_PROJECT } from "../../pipelines/transform.ts";
import { writeRawShop } from "../fixtures/raw_shop.ts";
import { smallShop } from "../fixtures/small_shop.ts";
import { withLake } from "../pipelines/built_shop.ts";
import { TEST_DBT, testWith } from "../requirements.ts";

/** Runs `dbt build` on the lake's raw data; the path of the DuckDB file with the result. */
async function dbtBuild({ store, config }: PipelineContext): Promise<string> {
  const database = join(config.home, "dbt.duckdb");
  const { tables } = await readRawExtract(store);
  const inputs = Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, files]));
  await writeRawDatabase(database, (await loadSqlProject(WAREHOUSE_PROJECT)).sources, inputs, store);
  const { success, stdout, stderr } = await new Deno.Command(TEST_DBT, {
    args: [
      "build",
      "--profiles-dir",
      ".",
      "--target-path",
      join(config.home, "target"),
      "--log-path",
      join(config.home, "logs"),
    ],
    cwd: WAREHOUSE_PROJECT,
    env: { DBT_DUCKDB_PATH: database, DBT_SEND_ANONYMOUS_USAGE_STATS: "false", NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, output);
  assert.match(output, / ERROR=0 SKIP=0 /);
  return database;
}

/** Fails unless every table of the current snapshot has the same columns, types and cells in dbt's database. */
async function assertSameTables({ store }: PipelineContext, database: string): Promise<void> {
  using session = await openSnapshot(store);
  await session.run(`ATTACH ${sqlString(database)} AS dbt (READ_ONLY)`);
  const { tables } = await readManifest(store);
  assert.ok(Object.keys(tables).length >= 9);
  for (const [name, { columns, rows }] of Object.entries(tables)) {
    const [ours, theirs] = [sqlName(name), `dbt.main.${sqlName(name)}`];
    const described = await session.rows<{ column_name: string; column_type: string }>(`DESCRIBE ${theirs}`);
    assert.deepEqual(
      described.map((column) => ({ name: column.column_name, type: column.column_type })),
      columns,
      name,
    );
    assert.deepEqual(await session.rows(`SELECT count(*) AS rows FROM ${theirs}`), [{ rows }], name);
    for (const [one, other] of [[ours, theirs], [theirs, ours]]) {
      const different = await session.rows(`FROM ${one} EXCEPT ALL FROM ${other} LIMIT 3`);
      assert.deepEqual(different, [], `rows of ${one} that ${other} does not have`);
    }
  }
}

testWith(
  ["dbt"],
  "dbt builds a shop with every kind of dirt cell by cell as our runner does",
  () =>
    withLake(async (context) => {
      await writeRawShop(context.store, smallShop());
      await transform(context);
      await assertSameTables(context, await dbtBuild(context));
    }),
);

testWith(
  ["dbt"],
  "dbt builds a simulated shop cell by cell as our runner does",
  () =>
    withLake(async (context) => {
      await simulateIntoSources(context, { customers: 300, products: 40, seed: 11, until: "2024-05-31" });
      await extract(context);
      await transform(context);
      await assertSameTables(context, await dbtBuild(context));
    }),
);
