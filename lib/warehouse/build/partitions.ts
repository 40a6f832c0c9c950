import type { Manifest, TableFile } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  betweenExtremes,
  hasCleanKeys,
  keyColumns,
  monthOf,
  type RawFileFacts,
  rowsOfKeys,
  withinMonths,
} from "./prune.ts";
import { parquet, type Session, sqlName, sqlString } from "../session.ts";
import type { RawInputs } from "./raw_views.ts";
import type { PartitionDoc, SourceDoc } from "../project/schema_yml.ts";
import { relationOf, sourceRelationOf } from "../project/jinja.ts";
import type { SqlModel } from "../project/sql_model.ts";

/** Months whose facts must be built again, by source table; undefined when everything must. */
export type TouchedMonths = Record<string, string[]> | undefined;

/**
 * The months that new raw files touch: those of every row, old or new, of a key that has a new row, and, where a
 * dimension got new rows, every month from the time of the earliest of them, because facts from then on may point
 * to another version. Undefined when the former snapshot is not one to build on.
 */
export async function touchedMonths(
  session: Session,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
  { former, facts }: { former: Manifest; facts: RawFileFacts },
): Promise<TouchedMonths> {
  const added: RawInputs = {};
  for (const { table } of sources) {
    const before = new Set((former.inputs[table] ?? []).map(({ sha256 }) => sha256));
    const now = new Set(inputs[table]!.map(({ sha256 }) => sha256));
    if ([...before].some((file) => !now.has(file))) return undefined;
    added[table] = inputs[table]!.filter((file) => !before.has(file.sha256));
  }
  const reopened = await firstNewMonth(session, sources, added, store);
  const touched: Record<string, string[]> = {};
  for (const source of sources.filter((source) => source.monthOf !== undefined)) {
    const clean = hasCleanKeys(facts, inputs[source.table]!);
    const own = new Set(await monthsOfKeys(session, source, added[source.table]!, { store, clean }));
    const all = new Set(inputs[source.table]!.flatMap((file) => facts.rawMonths[file.key]!));
    for (const month of all) if (reopened !== undefined && month >= reopened) own.add(month);
    touched[source.table] = [...own].sort();
  }
  return touched;
}

async function firstNewMonth(
  session: Session,
  sources: SourceDoc[],
  added: RawInputs,
  store: ObjectStore,
): Promise<string | undefined> {
  const files = sources.filter(({ monthOf }) => monthOf === undefined).flatMap(({ table }) => added[table]!);
  if (files.length === 0) return undefined;
  const [earliest] = await session.rows<{ month: string }>(
    `SELECT min(${monthOf("_extracted_at")}) AS month FROM ${await parquet(files, store)}`,
  );
  return earliest?.month ?? undefined;
}

async function monthsOfKeys(
  session: Session,
  source: SourceDoc,
  added: TableFile[],
  { store, clean }: { store: ObjectStore; clean: boolean },
): Promise<string[]> {
  if (added.length === 0) return [];
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf!)} AS month
     FROM ${rowsOfKeys(source, sourceRelationOf(source), await parquet(added, store), { clean })}`,
  );
  return rows.map(({ month }) => month);
}

/** Schema of the raw rows that touched months are made of. */
const NARROWED = "narrowed";

/**
 * Makes the models see of each source kept by month only what its touched months are made of: all rows, of
 * whatever month, of every key that has a row in one of them. The models stay as they are; what they compute for
 * touched months is what they would compute from all rows.
 */
export async function narrowSources(
  session: Session,
  sources: SourceDoc[],
  { inputs, facts, touched }: {
    inputs: RawInputs;
    facts: RawFileFacts;
    touched: NonNullable<TouchedMonths>;
  },
): Promise<void> {
  await session.run(`CREATE SCHEMA ${NARROWED}`);
  for (const source of sources.filter(({ monthOf }) => monthOf !== undefined)) {
    const relation = sourceRelationOf(source);
    const narrowed = `${NARROWED}.${sqlName(source.table)}`;
    const months = touched[source.table]!;
    await session.run(
      `CREATE OR REPLACE TEMP TABLE touched_keys AS
       SELECT DISTINCT ${keyColumns(source)} FROM ${relation}
       WHERE ${withinMonths(source.monthOf!, months)} AND ${isOneOf(monthOf(source.monthOf!), months)}`,
    );
    const ofTouchedKeys = rowsOfKeys(source, relation, "touched_keys", {
      clean: hasCleanKeys(facts, inputs[source.table]!),
    });
    await session.run(
      `CREATE TABLE ${narrowed} AS SELECT * FROM (SELECT * FROM ${ofTouchedKeys}) AS found
       WHERE ${await betweenExtremes(session, source.monthOf!, ofTouchedKeys)}`,
    );
    await session.run(`CREATE OR REPLACE VIEW ${relation} AS SELECT * FROM ${narrowed}`);
  }
}

/** SQL condition: an expression has one of these values. */
function isOneOf(expression: string, values: string[]): string {
  return values.length === 0 ? "false" : `${expression} IN (${values.map(sqlString).join(", ")})`;
}

/** Schema of what a run computed: the touched months, or all of them. */
export const TOUCHED = "touched";
/** Schema of what it keeps of the former snapshot. */
export const KEPT = "kept";

/** A table kept by month, after its touched months were computed. */
export interface MonthlyTable {
  model: SqlModel;
  /** Files of the former snapshot that stay as they are. */
  reused: TableFile[];
  /** SQL of the rows of all other files: the computed ones, and rows kept of files that must be written again. */
  rewritten: string;
}

/**
 * Puts together the computed months of a table and the months that the former snapshot has of it: the relation of
 * the model's name becomes all of them.
 */
export async function joinMonths(
  session: Session,
  model: SqlModel,
  store: ObjectStore,
  { former, touched }: { former: Manifest | undefined; touched: TouchedMonths },
): Promise<MonthlyTable> {
  const relation = relationOf(model.name);
  const computed = `SELECT * FROM ${TOUCHED}.${relation}`;
  const partition = model.doc.partition!;
  const before = touched === undefined ? undefined : former?.tables[model.name];
  if (touched === undefined || before === undefined) {
    await session.run(`CREATE VIEW main.${relation} AS ${computed}`);
    await session.run(`CREATE VIEW ${KEPT}.${relation} AS ${computed} WHERE false`);
    return { model, reused: [], rewritten: computed };
  }
  const isTouched = touchedRows(model, touched);
  await session.run(`DELETE FROM ${TOUCHED}.${relation} WHERE NOT (${isTouched})`);
  const months = touchedMonthsOf(partition, touched);
  const opened = (file: TableFile) => partition.oneFile || months.includes(file.partition ?? "");
  const reused = before.files.filter((file) => !opened(file));
  // All rows of a touched month are new where they come from one source.
  const rewrittenFiles = partition.sourceTable !== undefined ? [] : before.files.filter(opened);
  const remaining = rewrittenFiles.length === 0 ? undefined : `SELECT * FROM ${await parquet(
    rewrittenFiles,
    store,
  )} WHERE NOT (${isTouched})`;
  const whole = reused.length === 0 ? undefined : `SELECT * FROM ${await parquet(reused, store)}`;
  const kept = [whole, remaining].filter((part) => part !== undefined);
  await session.run(
    `CREATE VIEW ${KEPT}.${relation} AS ${
      kept.length === 0 ? `${computed} WHERE false` : kept.join(" UNION ALL ")
    }`,
  );
  await session.run(`CREATE VIEW main.${relation} AS ${computed} UNION ALL FROM ${KEPT}.${relation}`);
  return { model, reused, rewritten: remaining ? `${computed} UNION ALL ${remaining}` : computed };
}

/** SQL of the month of a row of a table kept by month. */
export function monthColumn(model: SqlModel): string {
  const { by } = model.doc.partition!;
  return isMonthText(model) ? `"${by}"` : monthOf(by);
}

/** Whether the column that a table is kept by is the month's text itself, and not a date. */
export const isMonthText = ({ doc }: SqlModel): boolean =>
  doc.columns.find(({ name }) => name === doc.partition!.by)?.dataType === "VARCHAR";

function touchedRows(model: SqlModel, touched: NonNullable<TouchedMonths>): string {
  const { sourceTable } = model.doc.partition!;
  const month = monthColumn(model);
  if (sourceTable !== undefined) return isOneOf(month, touched[sourceTable] ?? []);
  return Object.entries(touched)
    .map(([source, months]) => `(${isOneOf("source_table", [source])} AND ${isOneOf(month, months)})`)
    .join(" OR ");
}

function touchedMonthsOf({ sourceTable }: PartitionDoc, touched: NonNullable<TouchedMonths>): string[] {
  return sourceTable !== undefined ? touched[sourceTable] ?? [] : Object.values(touched).flat();
}
