import {
  rawTableSql,
  SCALE_OUT_ENGINES,
  type ScaleOutEngine,
  writeRawDatabase,
} from "shopflow/warehouse/describe/mod.ts";
import { createDirectoryStore, createOverlayStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { currentSnapshotId, type Manifest, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import { rawInputs } from "shopflow/lake/raw/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSqlProject, type SqlProject, TEST_RELATIONS } from "shopflow/warehouse/mod.ts";
import { type TrialResult, tryModels } from "shopflow/warehouse/trial/mod.ts";
import { PipelineError } from "shopflow/errors/mod.ts";
import { createContext, type Pipeline, type PipelineContext, withTemporaryFolder } from "../context.ts";
import { type Difference, differenceOf, differenceTable } from "./lake_text.ts";
import { transform, WAREHOUSE_PROJECT } from "../steps/transform.ts";
import { monthSpans, runCommand, withLogLevel, writeOutputFile } from "shopflow/cli/mod.ts";
import { Argument, Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { join, resolve } from "node:path";
import { warehousePage } from "./model_docs/page.tsx";

/** What the next transform would do. */
interface Plan {
  /** Id of the current snapshot; absent in a lake without one. */
  current?: string;
  /** Source tables with other raw files than the current snapshot was made from. */
  changedInputs: string[];
  codeChanged: boolean;
  /** What transform says of itself. */
  summary: string;
  tables: Difference[];
}

/**
 * Runs transform on a copy-on-write view of the lake, tests included, and compares the result with the current
 * snapshot. The lake itself is not written to.
 *
 * @throws whatever transform would throw, e.g. a {DataTestError} when a data test would stop the publish.
 */
export async function planTransform(context: PipelineContext, run: Pipeline = transform): Promise<Plan> {
  return await withTemporaryFolder(context.config.home, async (folder) => {
    const store = createOverlayStore(context.store, createDirectoryStore(folder));
    const runtime = { ...context.runtime, progress: silentProgress };
    const current = await currentSnapshotId(store);
    const { summary } = await run({ ...context, store, runtime });
    const before = current === undefined ? undefined : await readManifest(store, current);
    const after = await readManifest(store);
    const project: SqlProject = await loadSqlProject(WAREHOUSE_PROJECT);
    return {
      ...(current && { current }),
      changedInputs: changedInputs(before, after),
      codeChanged: before !== undefined && before.codeVersion !== after.codeVersion,
      summary,
      tables: await differenceOf(store, [before ?? { ...after, tables: {} }, after], project),
    };
  });
}

function changedInputs(before: Manifest | undefined, after: Manifest): string[] {
  return Object.keys(after.inputs).filter((table) =>
    JSON.stringify(before?.inputs[table]) !== JSON.stringify(after.inputs[table])
  ).sort();
}

/** A plan for a terminal. */
export function planText({ current, changedInputs, codeChanged, summary, tables }: Plan): string {
  const changed = tables.filter(({ change }) => change !== "same");
  if (changed.length === 0) {
    return `the next transform changes no table of snapshot ${current}\n(${summary})`;
  }
  const why = [
    ...(changedInputs.length > 0 ? [`raw ${changedInputs.join(", ")}`] : []),
    ...(codeChanged ? ["models or the code that runs them"] : []),
  ];
  return [
    current === undefined
      ? "the next transform publishes the first snapshot"
      : `the next transform replaces snapshot ${current}; changed since: ${why.join("; ")}`,
    "",
    differenceTable(changed),
    ...changed.flatMap(partitionsLine),
    "",
    `${tables.length - changed.length} of ${tables.length} tables stay as they are. Nothing was published.`,
  ].join("\n");
}

/** The partitions that a run would write again, of a table that is kept in several. */
function partitionsLine({ table, filesAdded, filesRemoved }: Difference): string[] {
  const files = [...filesAdded, ...filesRemoved];
  const affected = [...new Set(files.flatMap(({ partition }) => partition ?? []))];
  return affected.length === 0 ? [] : [`${table}: partitions ${monthSpans(affected)}`];
}

/** Results for a terminal: one line each, and how many ended in which way. */
export function trialText(results: TrialResult[]): string {
  const lines = results.map(({ what, name, outcome, details }) =>
    `${outcome.toUpperCase().padEnd(5)} ${what.padEnd(9)} ${name}${details === "" ? "" : `  ${details}`}`
  );
  const outcomes = [...new Set(results.map(({ outcome }) => outcome))];
  const counts = outcomes.map((one) => `${results.filter(({ outcome }) => outcome === one).length} ${one}`);
  return [...lines, "", `${counts.join(", ") || "nothing selected"}. Nothing was published.`].join("\n");
}

/** The SQL models: `deno task warehouse plan | build | docs [FILE] | dbt-database FILE | raw-tables ENGINE`. */

const context = () => createContext(loadConfig(), createRuntime());

const program = withLogLevel(new Command("deno task warehouse")).description(
  "Inspect the SQL models of the star schema.",
);
program.command("plan")
  .description("show which tables and partitions the next transform would change, and by how many rows")
  .option("--force", "as `pipeline run transform --force`", false)
  .option("--json", "print JSON")
  .action(async ({ force, json }: { force: boolean; json?: boolean }) => {
    const plan = await planTransform({ ...context(), force });
    console.log(json ? JSON.stringify(plan, null, 2) : planText(plan));
  });
program.command("build")
  .description("build models and what they read, and run their tests; nothing is published")
  .option(
    "-s, --select <models...>",
    "dbt's selection, e.g. +fact_orders, tag:daily, path:models/marts, stg_*; default: all",
  )
  .option("--exclude <models...>", "models to leave out of the selection, written as for --select")
  .option("--json", "print JSON")
  .action(async ({ select, exclude, json }: { select?: string[]; exclude?: string[]; json?: boolean }) => {
    const { store, config, runtime } = context();
    const project = await loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);
    const inputs = rawInputs(await readRawExtract(store));
    const results = await withTemporaryFolder(
      config.home,
      (spillFolder) =>
        tryModels({ store, project, inputs }, { select, exclude }, runtime, {
          memoryLimit: "1GiB",
          spillFolder,
        }),
    );
    console.log(json ? JSON.stringify(results, null, 2) : trialText(results));
    const failed = results.filter(({ outcome }) => outcome === "fail" || outcome === "error");
    if (failed.length > 0) {
      throw new PipelineError(`${failed.length} of ${results.length} models and tests failed`, {
        found: failed.map(({ name }) => name).join(", "),
      });
    }
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
    await writeRawDatabase(file, sources, rawInputs(await readRawExtract(store)), store);
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
      console.log(rawTableSql(engine, sources, rawInputs(await readRawExtract(store)), lakeUrl(store)));
    }),
);

const lakeUrl = ({ url }: ObjectStore) => url.includes("://") ? url : resolve(url);

if (import.meta.main) {
  await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
}
