import type { InputFile, TableFile } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { relationOf, sourceRelationOf } from "../relation.ts";
import type { MonthlyModel } from "../project/project.ts";
import type { PartitionDoc } from "../project/compile.ts";
import { type MonthlySource, monthlySources } from "../project/reading/schema_yml.ts";
import { parquet, sqlName, sqlString } from "../session.ts";
import {
  hasTrimmedKeys,
  keyColumns,
  minMaxPredicate,
  monthOf,
  monthRangePredicate,
  type RawFileStats,
  semiJoinByKey,
} from "./prune.ts";
import { type Build, inputsOf } from "./raw_views.ts";

/** Months whose facts must be built again, by source table; undefined when everything must. */
export type AffectedMonths = Record<string, string[]> | undefined;

/**
 * The months that new raw rows affect: those of every row, old or new, of a key that has a new row, and, where a
 * dimension got new rows, every month from the time of the earliest of them, because facts from then on may point
 * to another version. Undefined when the previous snapshot is not one to build on.
 */
export async function affectedMonths(build: Build, stats: RawFileStats): Promise<AffectedMonths> {
  const { project, previous } = build;
  if (previous === undefined) return undefined;
  const added: Record<string, AddedRows> = {};
  for (const source of project.sources) {
    const rows = addedRows(previous.inputs[source.table] ?? [], inputsOf(build, source));
    if (rows === undefined) return undefined;
    added[source.table] = rows;
  }
  const reopened = await firstNewMonth(build, added);
  const affected: Record<string, string[]> = {};
  for (const source of monthlySources(project.sources)) {
    const own = new Set(await monthsOfKeys(build, source, added[source.table], stats));
    const all = new Set(inputsOf(build, source).flatMap((file) => stats.rawMonths[file.key] ?? []));
    for (const month of all) if (reopened !== undefined && month >= reopened) own.add(month);
    affected[source.table] = [...own].sort();
  }
  return affected;
}

/** Files with rows that the previous snapshot does not have. */
interface AddedRows {
  /** All rows of them are new. */
  files: InputFile[];
  /** Files that were merged of known runs and of new ones, with the new ones. */
  merged: { file: InputFile; runs: string[] }[];
}

/**
 * What was added to the raw files of a table; undefined where something that was there is gone. What counts is what
 * the runs brought, in whichever files it is kept.
 */
function addedRows(before: InputFile[], files: InputFile[]): AddedRows | undefined {
  const known = new Set(before.flatMap(partsOf));
  const present = new Set(files.flatMap(partsOf));
  if ([...known].some((part) => !present.has(part))) return undefined;
  const added: AddedRows = { files: [], merged: [] };
  for (const file of files) {
    const parts = partsOf(file);
    const fresh = parts.filter((part) => !known.has(part));
    if (fresh.length === parts.length) added.files.push(file);
    else if (fresh.length > 0) {
      const runs = (file.runs ?? []).filter(({ sha256 }) => fresh.includes(sha256)).map(({ run }) => run);
      added.merged.push({ file, runs });
    }
  }
  return added;
}

const partsOf = ({ sha256, runs }: InputFile) => runs?.map((run) => run.sha256) ?? [sha256];

/** The added rows as a relation, or undefined where there are none. */
async function addedRelation(
  store: ObjectStore,
  { files, merged }: AddedRows = { files: [], merged: [] },
): Promise<string | undefined> {
  const parts = files.length === 0 ? [] : [`SELECT * FROM ${await parquet(files, store)}`];
  for (const { file, runs } of merged) {
    const names = runs.map(sqlString).join(", ");
    parts.push(`SELECT * FROM ${await parquet([file], store)} WHERE _run IN (${names})`);
  }
  return parts.length === 0 ? undefined : `(${parts.join(" UNION ALL BY NAME ")})`;
}

async function firstNewMonth(
  { session, store, project }: Build,
  added: Record<string, AddedRows>,
): Promise<string | undefined> {
  const months: string[] = [];
  for (const { table, monthOf: day } of project.sources) {
    const relation = day === undefined ? await addedRelation(store, added[table]) : undefined;
    if (relation === undefined) continue;
    const [earliest] = await session.rows<{ month: string | null }>(
      `SELECT min(${monthOf("_extracted_at")}) AS month FROM ${relation} AS added`,
    );
    if (earliest?.month) months.push(earliest.month);
  }
  return months.toSorted()[0];
}

async function monthsOfKeys(
  build: Build,
  source: MonthlySource,
  added: AddedRows | undefined,
  stats: RawFileStats,
): Promise<string[]> {
  const keys = await addedRelation(build.store, added);
  if (keys === undefined) return [];
  const clean = hasTrimmedKeys(stats, inputsOf(build, source));
  const rows = await build.session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf)} AS month
     FROM ${semiJoinByKey(source, sourceRelationOf(source), keys, { clean })}`,
  );
  return rows.map(({ month }) => month);
}

/** Schema of the raw rows that affected months are made of. */
const PRUNED = "pruned";

/**
 * Makes the models see of each source kept by month only what its affected months are made of: all rows, of
 * whatever month, of every key that has a row in one of them. The models stay as they are; what they compute for
 * affected months is what they would compute from all rows.
 */
export async function pruneSources(
  build: Build,
  { stats, affected }: { stats: RawFileStats; affected: NonNullable<AffectedMonths> },
): Promise<void> {
  const { session, project } = build;
  await session.run(`CREATE SCHEMA ${PRUNED}`);
  for (const source of monthlySources(project.sources)) {
    const relation = sourceRelationOf(source);
    const pruned = `${PRUNED}.${sqlName(source.table)}`;
    const months = affected[source.table] ?? [];
    await session.run(
      `CREATE OR REPLACE TEMP TABLE affected_keys AS
       SELECT DISTINCT ${keyColumns(source)} FROM ${relation}
       WHERE ${monthRangePredicate(source.monthOf, months)} AND ${isOneOf(monthOf(source.monthOf), months)}`,
    );
    const ofAffectedKeys = semiJoinByKey(source, relation, "affected_keys", {
      clean: hasTrimmedKeys(stats, inputsOf(build, source)),
    });
    await session.run(
      `CREATE TABLE ${pruned} AS SELECT * FROM (SELECT * FROM ${ofAffectedKeys}) AS found
       WHERE ${await minMaxPredicate(session, source.monthOf, ofAffectedKeys)}`,
    );
    await session.run(`CREATE OR REPLACE VIEW ${relation} AS SELECT * FROM ${pruned}`);
  }
}

/** SQL condition: an expression has one of these values. */
function isOneOf(expression: string, values: string[]): string {
  return values.length === 0 ? "false" : `${expression} IN (${values.map(sqlString).join(", ")})`;
}

/** Schema of what a run computed: the affected months, or all of them. */
export const RECOMPUTED = "recomputed";
/** Schema of what it keeps of the previous snapshot. */
export const REUSED = "reused";

/** A table kept by month, after its affected months were computed. */
export interface MonthlyTable {
  model: MonthlyModel;
  /** Files of the previous snapshot that stay as they are. */
  reused: TableFile[];
  /** SQL of the rows of all other files: the computed ones, and rows kept of files that must be written again. */
  rewritten: string;
}

/**
 * Puts together the computed months of a table and the months that the previous snapshot has of it: the relation of
 * the model's name becomes all of them.
 */
export async function mergePartitions(
  { session, store, previous }: Build,
  model: MonthlyModel,
  affected: AffectedMonths,
): Promise<MonthlyTable> {
  const relation = relationOf(model.name);
  const computed = `SELECT * FROM ${RECOMPUTED}.${relation}`;
  const { partition } = model.doc;
  const before = affected === undefined ? undefined : previous?.tables[model.name];
  if (affected === undefined || before === undefined) {
    await session.run(`CREATE VIEW main.${relation} AS ${computed}`);
    await session.run(`CREATE VIEW ${REUSED}.${relation} AS ${computed} WHERE false`);
    return { model, reused: [], rewritten: computed };
  }
  const isAffected = affectedRows(model, affected);
  await session.run(`DELETE FROM ${RECOMPUTED}.${relation} WHERE NOT (${isAffected})`);
  const months = affectedMonthsOf(partition, affected);
  const opened = (file: TableFile) => partition.oneFile || months.includes(file.partition ?? "");
  const reused = before.files.filter((file) => !opened(file));
  // All rows of an affected month are new where they come from one source.
  const rewrittenFiles = partition.sourceTable !== undefined ? [] : before.files.filter(opened);
  const remaining = rewrittenFiles.length === 0 ? undefined : `SELECT * FROM ${await parquet(
    rewrittenFiles,
    store,
  )} WHERE NOT (${isAffected})`;
  const unchanged = reused.length === 0 ? undefined : `SELECT * FROM ${await parquet(reused, store)}`;
  const kept = [unchanged, remaining].filter((part) => part !== undefined);
  await session.run(
    `CREATE VIEW ${REUSED}.${relation} AS ${
      kept.length === 0 ? `${computed} WHERE false` : kept.join(" UNION ALL ")
    }`,
  );
  await session.run(`CREATE VIEW main.${relation} AS ${computed} UNION ALL FROM ${REUSED}.${relation}`);
  return { model, reused, rewritten: remaining ? `${computed} UNION ALL ${remaining}` : computed };
}

/** SQL of the month of a row of a table kept by month. */
export function monthColumn(model: MonthlyModel): string {
  const { by } = model.doc.partition;
  return isMonthText(model) ? `"${by}"` : monthOf(by);
}

/** Whether the column that a table is kept by is the month's text itself, and not a date. */
export const isMonthText = ({ doc }: MonthlyModel): boolean =>
  doc.columns.find(({ name }) => name === doc.partition.by)?.dataType === "VARCHAR";

function affectedRows(model: MonthlyModel, affected: NonNullable<AffectedMonths>): string {
  const { sourceTable } = model.doc.partition;
  const month = monthColumn(model);
  if (sourceTable !== undefined) return isOneOf(month, affected[sourceTable] ?? []);
  return Object.entries(affected)
    .map(([source, months]) => `(${isOneOf("source_table", [source])} AND ${isOneOf(month, months)})`)
    .join(" OR ");
}

function affectedMonthsOf({ sourceTable }: PartitionDoc, affected: NonNullable<AffectedMonths>): string[] {
  return sourceTable !== undefined ? affected[sourceTable] ?? [] : Object.values(affected).flat();
}
