/** dbt builds the same tables from the same folder and the same raw data as our own runner. */
import { writeRawDatabase } from "shopflow/warehouse/describe/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { loadSqlProject, sqlName } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";
import { withLake } from "../pipelines/built_shop.ts";
import { TEST_DBT, testWith } from "../requirements.ts";
import { assertSameTables, dbtBuild } from "./dbt_build.ts";
import { DBT_SHOPS } from "./dbt_shops.ts";

for (const { name, fill } of DBT_SHOPS) {
  testWith(["dbt"], `dbt builds ${name} cell by cell as our runner does`, () =>
    withLake(async (context) => {
      await fill(context);
      const database = join(context.config.home, "dbt.duckdb");
      const { tables } = await readRawExtract(context.store);
      const inputs = Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, files]));
      await writeRawDatabase(
        database,
        (await loadSqlProject(WAREHOUSE_PROJECT)).sources,
        inputs,
        context.store,
      );
      await dbtBuild(TEST_DBT, "duckdb", context, { DBT_DUCKDB_PATH: database });
      await assertSameTables(context, (table) => `dbt.main.${sqlName(table)}`, { attach: database });
    }));
}
