/** The SQL models: `deno task warehouse plan | docs [FILE] | dbt-database FILE | raw-tables ENGINE`. */
import { Argument, Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand } from "shopflow/errors/mod.ts";
import { type ObjectStore, readRawExtract } from "shopflow/lake/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import {
  loadSqlProject,
  type RawInputs,
  rawTableSql,
  SCALE_OUT_ENGINES,
  type ScaleOutEngine,
  writeRawDatabase,
} from "shopflow/warehouse/mod.ts";
import { join, resolve } from "node:path";
import { createContext } from "./context.ts";
import { writeOutputFile } from "./output_file.ts";
import { rawFiles, WAREHOUSE_PROJECT } from "./transform.ts";
import { warehousePage } from "./warehouse_commands/docs/page.tsx";
import { planTransform } from "./warehouse_commands/plan.ts";
import { planText } from "./warehouse_commands/plan_text.ts";

const context = () => createContext(loadConfig(), createRuntime());

const program = new Command("deno task warehouse").description("Looks at the SQL models of the star schema.");
program.command("plan")
  .description("show which tables and partitions the next transform would change, and by how many rows")
  .option("--force", "as `pipeline run transform --force`", false)
  .option("--json", "print JSON")
  .action(async ({ force, json }: { force: boolean; json?: boolean }) => {
    const plan = await planTransform({ ...context(), force });
    console.log(json ? JSON.stringify(plan, null, 2) : planText(plan));
  });
program.command("docs")
  .description("write one HTML page with the graph of the models, their columns, tests, lineage and SQL")
  .argument("[file]", "default: warehouse.html in SHOPFLOW_HOME")
  .action(async (file?: string) => {
    const path = file ?? join(loadConfig().home, "warehouse.html");
    if (file === undefined) await Deno.mkdir(loadConfig().home, { recursive: true });
    await writeOutputFile(path, warehousePage(await loadSqlProject(WAREHOUSE_PROJECT)));
    console.log(path);
  });
program.command("dbt-database")
  .description("write a DuckDB file with the raw tables of the last extract, for `dbt build`")
  .argument("<file>", "the path of a new file")
  .action(async (file: string) => {
    const { store } = context();
    const { sources } = await loadSqlProject(WAREHOUSE_PROJECT);
    await writeRawDatabase(file, sources, await currentInputs(store), store);
    console.log(
      `DBT_DUCKDB_PATH=${file} dbt build --project-dir pipelines/warehouse --profiles-dir pipelines/warehouse`,
    );
  });

program.addCommand(
  new Command("raw-tables")
    .description(
      "print the SQL that makes the raw tables of the last extract known to another engine, for `dbt build`",
    )
    .addArgument(new Argument("<engine>", "where to run it").choices(SCALE_OUT_ENGINES))
    .action(async (engine: ScaleOutEngine) => {
      const { store } = context();
      const { sources } = await loadSqlProject(WAREHOUSE_PROJECT);
      console.log(rawTableSql(engine, sources, await currentInputs(store), lakeUrl(store)));
    }),
);

const lakeUrl = ({ url }: ObjectStore) => url.includes("://") ? url : resolve(url);

/** The raw files of the last extract, by source table. */
async function currentInputs(store: ObjectStore): Promise<RawInputs> {
  const { tables } = await readRawExtract(store);
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, rawFiles(table)]));
}

await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
