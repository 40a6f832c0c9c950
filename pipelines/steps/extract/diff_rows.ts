/**
 * Compares the rows of a source table with those of the lake, key by key, in relations of a DuckDB session. Each
 * comparison replaces them all; `extractTable` reads the last four.
 *
 * | relation       | columns                        | filled by      | holds                                           |
 * | -------------- | ------------------------------ | -------------- | ----------------------------------------------- |
 * | source_rows    | the table's                    | readCopy       | rows copied from the source                     |
 * | source_keys    | key, rows, digest, is_outside  | groupSource    | the same by merge key                           |
 * | raw_rows       | the table's, _extracted_at,    | readLake       | (view) rows of all raw files, of every extract  |
 * |                | _run, _deleted                 |                |                                                 |
 * | candidate_keys | key                            | readLake       | keys that the window is about                   |
 * | lake_rows      | the table's, _extracted_at     | readLake       | what the lake has of these keys now             |
 * | lake_keys      | key, rows, digest, is_due,     | readLake       | the same by merge key                           |
 * |                | is_outside                     |                |                                                 |
 * | refetch_keys   | key                            | refetch        | keys of which rows may lie outside the window   |
 * | refetched_rows | the table's                    | refetch        | all that the source has of these keys           |
 * | changed_keys   | key                            | findChanges    | keys whose rows are new or differ               |
 * | deleted_keys   | key, rows                      | findChanges    | keys that the source no longer has              |
 * | changed_rows   | the table's                    | findChanges    | (view) rows of changed keys, to be written      |
 * | deleted_rows   | the table's                    | findChanges    | (view) a row of each deleted key, to be written |
 */
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import {
  type CopiedRows,
  type ExtractedTable,
  type MergeKey,
  monthSql,
  type RowSelection,
  type TableSource,
} from "shopflow/sources/mod.ts";
import { minMaxPredicate, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import {
  columnNames,
  csvRows,
  dateHasCome,
  digestOf,
  isSince,
  nameList,
  onlyRow,
  rawFileRows,
  readingRawFiles,
  rowsWithKeys,
  sameKey,
} from "./row_sql.ts";
import { isWhole, orOpen, type ReadWindow, selectionOf, timeColumns } from "./read_window.ts";
import { copyPath, type TableReading } from "./table_reading.ts";

/**
 * Reads a window of a source table and compares it, key by key, with what the raw layer holds. Afterwards
 * `changed_rows` and `deleted_rows` hold the differences.
 *
 * A key of which the window shows something else than the lake has is fetched once more with all its rows, since some
 * may lie outside the window.
 *
 * @param paths Local paths of the table's raw files; none when it was never extracted.
 * @throws {SourceError} when the source cannot be read.
 * @throws {SchemaContractError} when a value does not fit the lake's type, or a required column lost all its values.
 */
export async function findChanges(
  session: Session,
  reading: TableReading,
  window: ReadWindow,
  paths: string[],
): Promise<void> {
  const { source, table } = reading;
  const { mergeKey } = table;
  await readCopy(session, reading, copyPath(reading), selectionOf(source, table, window), "source_rows");
  await warnOfSeveralRows(session, reading);
  const columns = nameList(columnNames(table));
  if (paths.length === 0) {
    await session.run(`CREATE OR REPLACE VIEW changed_rows AS SELECT ${columns} FROM source_rows;
      CREATE OR REPLACE VIEW deleted_rows AS SELECT ${columns} FROM source_rows WHERE false`);
    return;
  }
  await readLake(session, reading, paths, window);
  await requireValues(session, table);
  await groupSource(session, reading, window);
  if (!isWhole(window)) await refetch(session, reading, window);
  const keys = nameList(mergeKey);
  const isSame = sameKey(mergeKey, "source_keys", "lake_keys");
  await session.run(`CREATE OR REPLACE TABLE changed_keys AS
      SELECT ${
    qualified("source_keys", mergeKey)
  } FROM source_keys LEFT JOIN lake_keys ON ${isSame} WHERE ${DIFFERS};
    CREATE OR REPLACE TABLE deleted_keys AS
      SELECT ${keys}, rows FROM lake_keys WHERE NOT EXISTS (SELECT 1 FROM source_keys WHERE ${isSame});
    CREATE OR REPLACE VIEW changed_rows AS
      SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "source_rows", "changed_keys")};
    CREATE OR REPLACE VIEW deleted_rows AS
      SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "lake_rows", "deleted_keys")}
      QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${columns}) = 1`);
}

const DIFFERS = `(source_keys.rows IS DISTINCT FROM lake_keys.rows OR
  source_keys.digest IS DISTINCT FROM lake_keys.digest)`;

const qualified = (relation: string, names: string[]) =>
  names.map((name) => `${relation}.${sqlName(name)}`).join(", ");

/** Keys that a warning shows. */
const EXAMPLES = 3;

/**
 * Warns of keys with several rows, which a source without a primary key can have, such as a view or a collection. All of
 * them go to the raw layer; staging keeps one of each, the newest where the table has a time.
 */
async function warnOfSeveralRows(session: Session, { table, run: { log } }: TableReading): Promise<void> {
  const { name, mergeKey, hasLines, strategy } = table;
  if (hasLines) return;
  const keys = nameList(mergeKey);
  const several = `SELECT ${keys}, count(*) AS rows FROM source_rows
    WHERE ${mergeKey.map((column) => `${sqlName(column)} IS NOT NULL`).join(" AND ")}
    GROUP BY ALL HAVING count(*) > 1`;
  const { keys: count, rows } = await onlyRow<{ keys: number; rows: number }>(
    session,
    `SELECT count(*) AS keys, CAST(coalesce(sum(rows), 0) AS DOUBLE) AS rows FROM (${several})`,
  );
  if (count === 0) return;
  const shown = await session.rows<Record<string, unknown>>(`${several} ORDER BY ${keys} LIMIT ${EXAMPLES}`);
  const examples = shown.map((row) => mergeKey.map((column) => String(row[column])).join(", ")).join("; ");
  log.warn(
    `${name}: ${countOf(count, "key")} (${mergeKey.join(", ")}) ${
      count === 1 ? "has" : "have"
    } several rows in the source, ${formatCount(rows)} in all, e.g. ${examples}. ${
      strategy.kind === "watermark"
        ? "The newest row of each counts"
        : "The table has no time of a change, so one row of each counts that is chosen by its values"
    }; ` +
      "`data_quality` counts the others. A primary key in the shop's database would prevent them.",
  );
}

/** Copies rows of the source to a file and reads them into a relation. */
async function readCopy(
  session: Session,
  { source, table }: TableReading,
  path: string,
  selection: RowSelection,
  relation: "source_rows" | "refetched_rows",
): Promise<void> {
  const copied = await source.copy(table, path, selection);
  await readCsv(session, table, copied, relation);
  await Deno.remove(path);
}

/**
 * @throws {SchemaContractError} when a value does not fit the lake's type.
 * @throws {SourceError} when the copy cannot be read or rows got lost.
 */
async function readCsv(
  session: Session,
  table: ExtractedTable,
  copied: CopiedRows,
  relation: string,
): Promise<void> {
  const columns = nameList(columnNames(table));
  try {
    await session.run(
      `CREATE OR REPLACE TABLE ${relation} AS SELECT ${columns} FROM ${csvRows(copied.path, table)}`,
    );
  } catch (cause) {
    const { message } = cause instanceof Error && cause.cause instanceof Error
      ? cause.cause
      : { message: "" };
    if (!/^Conversion Error|Maximum line size/.test(message)) {
      throw new SourceError(`The copied rows of table ${table.name} cannot be read`, { cause });
    }
    throw new SchemaContractError(`Rows of table ${table.name} do not fit the lake's types`, {
      found: shortReason(message),
      remedy: "Correct the value in the shop's database.",
      cause,
    });
  }
  const found = await onlyRow<{ rows: number }>(session, `SELECT count(*) AS rows FROM ${relation}`);
  if (found.rows === copied.rows) return;
  throw new SourceError(`Rows of table ${table.name} were lost between the source and the lake`, {
    expected: `${copied.rows} rows`,
    found: `${found.rows}`,
  });
}

/** DuckDB's line about the value that it could not convert or the row that is too long; what follows are hints about its own settings. */
function shortReason(message: string): string {
  const lines = message.split("\n");
  const line = lines.find((line) => /^Error when converting|Maximum line size/.test(line)) ?? message;
  return line.slice(0, 200);
}

/** Fills `source_keys` from `source_rows`. */
async function groupSource(
  session: Session,
  { source, table }: TableReading,
  window: ReadWindow,
): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE source_keys AS
    SELECT ${nameList(table.mergeKey)}, count(*) AS rows, ${digestOf(columnNames(table))} AS digest,
           bool_or(NOT ${isWithin(source, table, window)}) AS is_outside
    FROM source_rows GROUP BY ALL`);
}

/**
 * Fills `lake_rows` and `lake_keys` with what the raw layer holds of the keys that a window is about: those that were
 * copied, those with a row in the window, and those that are still open.
 *
 * @param paths Local paths of the table's raw files.
 * @throws {LakeError} when a raw file cannot be read.
 */
async function readLake(
  session: Session,
  { source, table, run }: TableReading,
  paths: string[],
  window: ReadWindow,
): Promise<void> {
  const { mergeKey, strategy } = table;
  const names = columnNames(table);
  const keys = nameList(mergeKey);
  const isInside = isWithin(source, table, window);
  const isDue = `(${isInside}${orOpen(table)})`;
  await readingRawFiles(table, async () => {
    await session.run(`CREATE OR REPLACE VIEW raw_rows AS ${rawFileRows(paths, table)}`);
    let wanted = "raw_rows";
    if (!isWhole(window)) {
      await session.run(`CREATE OR REPLACE TABLE candidate_keys AS
        SELECT ${keys} FROM source_rows UNION SELECT ${keys} FROM raw_rows WHERE ${isDue}`);
      const candidates = rowsWithKeys(mergeKey, "raw_rows", "candidate_keys");
      wanted = strategy.kind === "watermark"
        ? `${candidates} AND ${await minMaxPredicate(session, strategy.column, candidates)}`
        : candidates;
    }
    await session.run(`CREATE OR REPLACE TABLE lake_rows AS
      SELECT ${nameList(names)}, _extracted_at, _deleted
      FROM ${wanted}
      QUALIFY rank() OVER (PARTITION BY ${keys} ORDER BY _extracted_at DESC, _run DESC) = 1`);
  });
  await session.run("DELETE FROM lake_rows WHERE _deleted");
  await session.run(`CREATE OR REPLACE TABLE lake_keys AS
    SELECT ${keys}, count(*) AS rows,
           CASE WHEN NOT bool_or(${dateHasCome(table, run.extractedAt)}) THEN ${
    digestOf(names)
  } END AS digest,
           bool_or(${isDue}) AS is_due,
           bool_or(NOT ${isInside}) AS is_outside
    FROM lake_rows GROUP BY ALL`);
  await session.run(`DELETE FROM lake_keys WHERE NOT is_due
    AND NOT EXISTS (SELECT 1 FROM source_rows WHERE ${sameKey(mergeKey, "source_rows", "lake_keys")})`);
}

/** Whether the time of a row is in the window, as SQL. Of a window without a time, only the source tells its rows. */
function isWithin(
  { keyLookup }: Pick<TableSource, "keyLookup">,
  table: ExtractedTable,
  window: ReadWindow,
): string {
  if (isWhole(window)) return "true";
  const { from, months } = window;
  if (from === undefined) return "false";
  const isLate = isSince(timeColumns(table), from, { withUndated: keyLookup !== "none" });
  return `(${isLate}${orInMonths(table, months)})`;
}

/** Adds the rows of some months to a condition. */
function orInMonths({ measures: { date } }: ExtractedTable, months: string[] = []): string {
  return date === undefined || months.length === 0
    ? ""
    : ` OR ${monthSql(date)} IN (${months.map(sqlString).join(", ")})`;
}

/** Fewer rows than these may lack a value by chance. */
const ENOUGH_ROWS = 5;

/** Of a source without a schema: a column that had values and has none any more is gone. */
async function requireValues(session: Session, table: ExtractedTable): Promise<void> {
  const required = table.columns.filter((column) => column.required).map(({ name }) => name);
  if (required.length === 0) return;
  const counts = required.map((name) => `count(${sqlName(name)}) AS ${sqlName(name)}`).join(", ");
  const countsOf = (relation: string) =>
    onlyRow<Record<string, number>>(session, `SELECT ${counts}, count(*) AS "*" FROM ${relation}`);
  const source = await countsOf("source_rows");
  const lake = await countsOf("lake_rows");
  const { "*": rows = 0 } = source;
  if (rows < ENOUGH_ROWS) return;
  const gone = required.filter((name) => source[name] === 0 && lake[name] !== 0);
  if (gone.length === 0) return;
  throw new SchemaContractError(`Table ${table.name} does not match its contract`, {
    expected: gone.map((name) => `field ${table.name}.${name}`).join(", "),
    found: `no value in any of the ${formatCount(rows)} rows that were read, where the lake has values`,
    remedy:
      "Give the field back to the shop's documents, or change lib/sources/contract.ts to what it has now.",
  });
}

/** More keys than these are not looked up one by one: reading the table again takes less. */
const MOST_LOOKUPS = 50_000;

/**
 * Replaces the rows of keys that differ by all that the source has of them, and those of keys with rows outside the
 * window, which came since they were written: others of the same key, even equal ones, were not. Where keys cannot be
 * asked for, the table is read once more, and only for keys that the lake has rows of outside the window. Where asking
 * for them costs as much, the window has them already, see {@linkcode completeWindow}.
 */
async function refetch(session: Session, reading: TableReading, window: ReadWindow): Promise<void> {
  const { source, table } = reading;
  const { mergeKey } = table;
  if (source.keyLookup === "scan") return;
  const isIndexed = source.keyLookup === "indexed";
  const isIncomplete = isIndexed
    ? `(${DIFFERS} OR source_keys.is_outside)`
    : `${DIFFERS} AND lake_keys.is_outside`;
  await session.run(`CREATE OR REPLACE TABLE refetch_keys AS
    SELECT ${qualified("lake_keys", mergeKey)} FROM lake_keys
    LEFT JOIN source_keys ON ${sameKey(mergeKey, "source_keys", "lake_keys")}
    WHERE ${isIncomplete}`);
  const texts = mergeKey.map((name) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`).join(", ");
  const keys = await session.rows<Record<string, string | null>>(
    `SELECT ${texts} FROM refetch_keys ORDER BY ${nameList(mergeKey)}`,
  );
  if (keys.length === 0) return;
  const selection = isIndexed && keys.length <= MOST_LOOKUPS
    ? { keys: keys.map((key): MergeKey => mergeKey.map((name) => key[name] ?? null)) }
    : {};
  await readCopy(session, reading, `${copyPath(reading)}_again`, selection, "refetched_rows");
  await session.run(
    `DELETE FROM source_rows WHERE EXISTS (SELECT 1 FROM refetch_keys WHERE ${
      sameKey(mergeKey, "refetch_keys", "source_rows")
    });
    INSERT INTO source_rows SELECT * FROM ${rowsWithKeys(mergeKey, "refetched_rows", "refetch_keys")};
    DROP TABLE refetched_rows`,
  );
  await groupSource(session, reading, window);
}
