import { parquet, type Session, sqlName, sqlString } from "../session.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Lineage, TableFile } from "shopflow/lake/mod.ts";
import { type MonthlySource, monthlySources, type SourceDoc } from "../project/reading/schema_yml.ts";
import { type Build, inputsOf } from "./raw_views.ts";

/** Month of a date column as text; the macro `month_of` of the project says the same. */
export const monthOf = (column: string) =>
  `coalesce(substr(CAST(CAST(${sqlName(column)} AS DATE) AS VARCHAR), 1, 7), 'undated')`;

/** What rows without a date are counted under, in the place of a month. */
const UNDATED = "undated";

/**
 * SQL condition that every row of these months meets, and few others: those between the first and the last of them.
 * Unlike a comparison of the month's text it is one of the column itself, so that DuckDB passes over the parts of
 * Parquet files whose least and greatest value say that none of their rows meets it.
 *
 * @param column A date or timestamp.
 * @param months As `month_of` writes them: `2024-05`, or `undated`.
 */
export function monthRangePredicate(column: string, months: string[]): string {
  const dated = months.filter((month) => month !== UNDATED).toSorted();
  const name = sqlName(column);
  // Infinity and the years after 9999 are no months that a range could be made of.
  if (dated.some((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month) || month < "0001")) return "true";
  const ranges = dated.length < months.length ? [`${name} IS NULL`] : [];
  const [first] = dated, last = dated.at(-1);
  if (first !== undefined && last !== undefined) {
    const beginning = (month: string) => `DATE ${sqlString(`${month}-01`)}`;
    ranges.push(`(${name} >= ${beginning(first)} AND ${name} < ${beginning(last)} + INTERVAL 1 MONTH)`);
    // The text of a year before Christ begins like that of the year after.
    ranges.push(`${name} < DATE '0001-01-01'`);
  }
  return ranges.length === 0 ? "false" : `(${ranges.join(" OR ")})`;
}

/** Words that the project's macro `clean_text` takes for a missing value, in lower case. */
const MISSING = ["", "null", "(null)", "<null>", "none", "nan", "<na>", "n/a", "#n/a", "undefined", "\\n"];
const MISSING_LIST = MISSING.map(sqlString).join(", ");

/** What makes rows of a source the same thing, compared as the project's models clean it. */
const cleanKey = (source: SourceDoc) =>
  source.key.map((column) => {
    const text = `trim(CAST(${sqlName(column)} AS VARCHAR))`;
    return `CASE WHEN lower(${text}) IN (${MISSING_LIST}) THEN '' ELSE coalesce(${text}, '') END`;
  }).join(" || chr(31) || ");

/** The columns of a source's key. */
export const keyColumns = (source: SourceDoc) => source.key.map(sqlName).join(", ");

/**
 * What follows FROM for the rows of a relation whose key is among those of another.
 *
 * Keys are compared as the models clean them. Where no key needs cleaning the columns themselves are joined: then DuckDB
 * passes over the parts of Parquet files whose least and greatest key say that they hold none of those wanted, which
 * with ids that grow is nearly all of a history.
 *
 * @param keys A relation with the key's columns.
 * @param options.clean Whether no key of either has blanks around it, is missing or a word for that.
 */
export function semiJoinByKey(
  source: SourceDoc,
  relation: string,
  keys: string,
  { clean }: { clean: boolean },
): string {
  return clean
    ? `${relation} SEMI JOIN (SELECT ${keyColumns(source)} FROM ${keys}) AS wanted USING (${
      keyColumns(source)
    })`
    : `${relation} WHERE ${cleanKey(source)} IN (SELECT ${cleanKey(source)} FROM ${keys})`;
}

/** Whether a raw file has keys with blanks around them, without a value, or with a word for none. */
export async function needsKeyTrim(
  session: Session,
  file: TableFile,
  source: SourceDoc,
  store: ObjectStore,
): Promise<boolean> {
  const unclean = source.key.map((column) => {
    const text = `CAST(${sqlName(column)} AS VARCHAR)`;
    return `${text} IS NULL OR ${text} <> trim(${text}) OR lower(${text}) IN (${MISSING_LIST})`;
  });
  const rows = await session.rows(
    `SELECT 1 FROM ${await parquet([file], store)} WHERE ${unclean.join(" OR ")} LIMIT 1`,
  );
  return rows.length > 0;
}

/** The extremes of a column without values. */
const NO_ROWS = { first: null as string | null, last: null as string | null, type: "", missing: 0 };

/**
 * SQL condition that every row of a relation meets: its column lies between the least and the greatest value there, or
 * is missing where one of them misses it.
 *
 * Where few rows of sorted Parquet files are wanted, a look at this column and at the keys alone tells how far apart
 * they are, and all other columns are read of what lies between them only.
 *
 * @param column A date or timestamp.
 * @param relation What may follow FROM.
 */
export async function minMaxPredicate(session: Session, column: string, relation: string): Promise<string> {
  const name = sqlName(column);
  const [{ first, last, type, missing } = NO_ROWS] = await session.rows<typeof NO_ROWS>(
    `SELECT CAST(min(${name}) AS VARCHAR) AS first, CAST(max(${name}) AS VARCHAR) AS last,
            typeof(min(${name})) AS type, count(*) - count(${name}) AS missing
     FROM ${relation}`,
  );
  const parts = missing > 0 ? [`${name} IS NULL`] : [];
  if (first !== null && last !== null) {
    const [from, to] = [first, last].map((value) => `CAST(${sqlString(value)} AS ${type})`);
    parts.push(`${name} BETWEEN ${from} AND ${to}`);
  }
  return parts.length === 0 ? "false" : `(${parts.join(" OR ")})`;
}

/** What is noted of the raw files of sources kept by month, so that a file is read for it once. */
export type RawFileStats = Required<Pick<Lineage, "rawMonths" | "keysNeedingTrim">>;

/** Finds the statistics of raw files; a file of the previous snapshot is not read again. */
export async function rawFileStats(build: Build): Promise<RawFileStats> {
  const { session, store, project, previous } = build;
  const known = previous?.lineage;
  const stats: RawFileStats = { rawMonths: {}, keysNeedingTrim: [] };
  const knownUnclean = new Set(known?.keysNeedingTrim);
  for (const source of monthlySources(project.sources)) {
    for (const file of inputsOf(build, source)) {
      const months = known?.rawMonths[file.key];
      stats.rawMonths[file.key] = months ?? await monthsIn(build, file, source);
      const unclean = months === undefined
        ? await needsKeyTrim(session, file, source, store)
        : knownUnclean.has(file.key);
      if (unclean) stats.keysNeedingTrim.push(file.key);
    }
  }
  return stats;
}

/** Whether none of the files has a key that needs cleaning. */
export const hasTrimmedKeys = ({ keysNeedingTrim }: RawFileStats, files: TableFile[]): boolean =>
  files.every(({ key }) => !keysNeedingTrim.includes(key));

async function monthsIn(
  { session, store }: Build,
  file: TableFile,
  source: MonthlySource,
): Promise<string[]> {
  const date = sqlName(source.monthOf);
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf)} AS month
     FROM (SELECT DISTINCT CAST(${date} AS DATE) AS ${date} FROM ${await parquet([file], store)}) ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}
