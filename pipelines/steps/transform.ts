import {
  currentSnapshot,
  type Manifest,
  type RawExtract,
  readManifest,
  readRawExtract,
  rolledBackSnapshots,
} from "shopflow/lake/mod.ts";
import { acceptRawExtract, isMadeOf, rawInputs, refuseRawExtract } from "shopflow/lake/raw/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { DataTestError, LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import { codeVersion, formatCount, type Logger } from "shopflow/runtime/mod.ts";
import {
  type BuildInputs,
  type BuildOptions,
  buildSnapshot,
  type ControlTotals,
  loadSqlProject,
  openSession,
  sqlString,
  TEST_RELATIONS,
} from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type Pipeline, type PipelineResult, withTemporaryFolder } from "../context.ts";
import { monthSpans } from "shopflow/cli/mod.ts";

/** The dbt project of the star schema. */
export const WAREHOUSE_PROJECT = join(import.meta.dirname!, "..", "warehouse");
/** Code that the result depends on beside the project. */
const RUNNER = join(import.meta.dirname!, "..", "..", "lib", "warehouse");

interface TransformOptions extends BuildOptions {
  /** Folder of the dbt project. */
  folder?: string;
}

/** Makes the pipeline that builds the star schema, with bounds on memory and threads. */
export function createTransform({ folder = WAREHOUSE_PROJECT, ...build }: TransformOptions = {}): Pipeline {
  return async ({ config, store, runtime, force }) => {
    // Read before the inputs: whoever publishes after this moment may have newer ones.
    const replaced = await currentSnapshot(store);
    const current = replaced?.snapshot;
    const extract = await readRawExtract(store);
    requireComplete(extract);
    const inputs = rawInputs(extract);
    const project = await loadSqlProject(folder, TEST_RELATIONS);
    for (const warning of project.warnings) runtime.log.warn(warning);
    const code = `${project.version}-${await codeVersion([RUNNER])}`;
    const before = force || current === undefined ? undefined : await readManifest(store, current);
    const previous = before && await canBuildOn(store, before, code) ? before : undefined;
    if (previous !== undefined && isMadeOf(previous, extract)) {
      await acceptRawExtract(store, extract);
      const summary = `snapshot ${current} is of the same raw data and models`;
      return { status: "unchanged", summary, ...partly(previous, config, runtime.log) };
    }
    const rolledBack = force ? undefined : await rolledBackTwin(store, extract, code);
    if (rolledBack !== undefined) {
      const summary =
        `the lake stays at snapshot ${current}: raw data and models are those of ${rolledBack}, ` +
        "which was rolled back. Run transform with --force to publish it anyway";
      return { status: "unchanged", summary };
    }
    const content = {
      store,
      project,
      inputs,
      codeVersion: code,
      replaces: replaced ?? null,
      previous,
      extracted: extractedUpTo(extract),
      controlTotals: controlTotalsIn(extract),
    };
    const built = await withTemporaryFolder(
      config.home,
      (temporaryFolder) =>
        buildSnapshot(content, runtime, { memoryLimit: "1GiB", temporaryFolder, ...build }),
    ).catch(async (error) => {
      if (error instanceof DataTestError) await refuseRawExtract(store, extract, runtime.now());
      throw error;
    });
    await acceptRawExtract(store, extract);
    const { id, tables: published } = built.manifest;
    const rows = Object.values(published).reduce((sum, table) => sum + table.rows, 0);
    const { passed, warnings } = built.tests;
    await logLeftOut(store, built.manifest, extract, runtime.log);
    return {
      status: "done",
      summary: `snapshot ${id}: ${Object.keys(published).length} tables, ${rows} rows, ` +
        `${passed} data tests passed, ${warnings.length} warnings; ${inWords(built.affected)}`,
      ...partly(built.manifest, config, runtime.log),
    };
  };
}

/**
 * The models that a snapshot does without, as problems: the command ends with an error. A run of a job only says them, in
 * its log and its reason, so that the jobs that depend on it go on; check-data, which follows every snapshot, alerts.
 */
function partly(
  { leftOut = [] }: Pick<Manifest, "leftOut">,
  { run }: Pick<Config, "run">,
  log: Logger,
): Pick<PipelineResult, "problems"> {
  const problems = leftOut.map(leftOutError);
  if (run === undefined) return problems.length === 0 ? {} : { problems };
  for (const { message } of problems) log.warn(`a part of transform was left out. ${message}`);
  return {};
}

/** What a snapshot does without, as an error. */
export const leftOutError = ({ name, reason }: { name: string; reason: string }): WarehouseError =>
  new WarehouseError(`${name} is not in the snapshot: ${reason}`);

/** Builds the star schema from the last extract and publishes it as the current snapshot. */
export const transform: Pipeline = createTransform();

/** A larger part of a table than this is not left out by single mistakes. */
const MUCH_LEFT_OUT = 0.2;
/** Rules by which a row is left out since another one says the same or more, or since it says nothing. */
const REPETITIONS = /duplicate|repeated|older|nets_to_zero|zero_amount/;

/** Logs how many rows of each source table the rules of staging left out, as a warning where it is a large part. */
async function logLeftOut(
  store: ObjectStore,
  { tables }: Manifest,
  extract: RawExtract,
  log: Logger,
): Promise<void> {
  const files = tables.data_quality?.files ?? [];
  if (files.length === 0) return;
  const paths = await Promise.all(files.map(({ key }) => store.localPath(key)));
  using session = await openSession();
  const rules = await session.rows<{ table: string; rule: string; rows: number }>(
    `SELECT source_table AS table, rule, CAST(rows AS DOUBLE) AS rows
     FROM read_parquet([${
      paths.map(sqlString).join(", ")
    }]) WHERE action = 'dropped' AND rows > 0 ORDER BY ALL`,
  );
  for (const table of new Set(rules.map(({ table }) => table))) {
    const hit = rules.filter((rule) => rule.table === table);
    const sum = (some: typeof hit) => some.reduce((total, { rows }) => total + rows, 0);
    const all = extract.tables[table]?.rows ?? 0;
    const text = `${formatCount(sum(hit))} of ${formatCount(all)} rows of ${table} are left out (${
      hit.map(({ rule, rows }) => `${rule} ${formatCount(rows)}`).join(", ")
    })`;
    const unusable = sum(hit.filter(({ rule }) => !REPETITIONS.test(rule)));
    if (unusable <= all * MUCH_LEFT_OUT) log.info(`  ${text}`);
    else {
      log.warn(
        `${text}. That is a large part: correct the rows in the source, or check that it is the right source.`,
      );
    }
  }
}

/** A snapshot of these inputs and this code that a rollback took back, which a scheduled run must not undo. */
async function rolledBackTwin(
  store: ObjectStore,
  extract: RawExtract,
  code: string,
): Promise<string | undefined> {
  for (const id of await rolledBackSnapshots(store)) {
    const manifest = await readManifest(store, id);
    if (isMadeOf(manifest, extract) && await canBuildOn(store, manifest, code)) return id;
  }
}

/** @throws {LakeError} where the extract lacks rows that were withdrawn and not read again yet. */
function requireComplete({ incomplete, withdrawn }: RawExtract): void {
  if (incomplete === undefined) return;
  throw new LakeError("Rows that were withdrawn are not read again yet", {
    expected: `an extract since run ${withdrawn?.at(-1)?.run} was withdrawn`,
    found: `none that read ${incomplete.join(", ")}`,
    remedy: "Run `deno task pipeline run extract`, then transform.",
  });
}

/** Up to where and when an extract read the sources, as far as it says. */
function extractedUpTo(
  extract: { tables: Record<string, { rows: number; watermark?: string }>; sourceTransactionTime?: string },
): BuildInputs["extracted"] {
  const watermarks = Object.entries(extract.tables)
    .flatMap(([name, { watermark }]) => watermark === undefined ? [] : [[name, watermark]]);
  return {
    ...(watermarks.length > 0 && { watermarks: Object.fromEntries(watermarks) }),
    ...(extract.sourceTransactionTime && { sourceTransactionTime: extract.sourceTransactionTime }),
  };
}

/** What the sources counted, of tables whose extract says it. */
function controlTotalsIn({ tables }: RawExtract): ControlTotals {
  return Object.fromEntries(
    Object.entries(tables).flatMap(([name, { controlTotals }]) =>
      controlTotals === undefined ? [] : [[name, controlTotals]]
    ),
  );
}

/** Whether a snapshot was made by this code, and all its files are there. */
async function canBuildOn(store: ObjectStore, manifest: Manifest, code: string): Promise<boolean> {
  if (manifest.codeVersion !== code) return false;
  const files = Object.values(manifest.tables).flatMap((table) => table.files);
  const found = await Promise.all(files.map((file) => store.stat(file.key)));
  return found.every((stat) => stat !== undefined);
}

function inWords(affected: Record<string, string[]> | undefined): string {
  if (affected === undefined) return "every month computed";
  const months = Object.entries(affected).filter(([, months]) => months.length > 0);
  const words = months.map(([table, months]) => `${table} ${monthSpans(months)}`);
  return `months computed: ${words.join("; ") || "none"}`;
}
