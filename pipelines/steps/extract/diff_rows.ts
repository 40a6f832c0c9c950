import { LakeError, SchemaContractError, SourceError, WarehouseError } from "shopflow/errors/mod.ts";
import {
  type CopiedRows,
  type ExtractedTable,
  type MergeKey,
  monthSql,
  type TableSource,
} from "shopflow/sources/mod.ts";
import { minMaxPredicate, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import {
  columnNames,
  csvRows,
  digestOf,
  nameList,
  rawRows,
  type ReadWindow,
  rowsWithKeys,
  sameKey,
  selectionOf,
} from "./row_sql.ts";

/**
 * Reads copied rows into the table `incoming`, or adds those of `keys` to it.
 *
 * @throws {SchemaContractError} when a value does not fit the lake's type.
 * @throws {SourceError} when the copy cannot be read or rows got lost.
 */
async function readIncoming(
  session: Session,
  table: ExtractedTable,
  copied: CopiedRows,
): Promise<void> {
  const columns = nameList(columnNames(table));
  try {
    await session.run(
      `CREATE OR REPLACE TABLE incoming AS SELECT ${columns} FROM ${csvRows(copied.path, table)}`,
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
  const [found] = await session.rows<{ rows: number }>("SELECT count(*) AS rows FROM incoming");
  if (found!.rows === copied.rows) return;
  throw new SourceError(`Table ${table.name} did not arrive whole`, {
    expected: `${copied.rows} rows`,
    found: `${found!.rows}`,
  });
}

/** DuckDB's line about the value that it could not convert or the row that is too long; what follows are hints about its own settings. */
function shortReason(message: string): string {
  const lines = message.split("\n");
  return (lines.find((line) => /^Error when converting|Maximum line size/.test(line)) ?? lines[0]!).slice(
    0,
    200,
  );
}

/**
 * Makes the tables `known` and `known_units` of what the raw layer holds of the keys that a window is about:
 * those that came in, those with a row in the window, and those that are still open.
 *
 * @param paths Local paths of the table's raw files.
 * @param undated Whether rows without a time count as in the window.
 * @param now Time of the run (ISO 8601).
 * @throws {LakeError} when a raw file cannot be read.
 */
async function readKnown(
  session: Session,
  table: ExtractedTable,
  paths: string[],
  { from, months }: ReadWindow,
  { undated, now }: { undated: boolean; now: string },
): Promise<void> {
  const { mergeKey, strategy } = table;
  const names = columnNames(table);
  const units = nameList(mergeKey);
  const within = from === undefined || strategy.kind === "snapshot"
    ? undefined
    : `(coalesce(${sqlName(strategy.column)} >= TIMESTAMP ${sqlString(from)}, ${undated})${
      ofMonths(table, months)
    })`;
  const open = strategy.kind === "watermark" && strategy.closedWhen
    ? ` OR ${sqlName(strategy.closedWhen.column)} IS DISTINCT FROM ${sqlString(strategy.closedWhen.value)}`
    : "";
  const due = within && `(${within}${open})`;
  try {
    await session.run(`CREATE OR REPLACE VIEW history AS ${rawRows(paths, table)}`);
    if (due) {
      await session.run(`CREATE OR REPLACE TABLE candidates AS
        SELECT ${units} FROM incoming UNION SELECT ${units} FROM history WHERE ${due}`);
    }
    const wanted = due && strategy.kind === "watermark"
      ? `${rowsWithKeys(mergeKey, "history", "candidates")} AND ${await minMaxPredicate(
        session,
        strategy.column,
        rowsWithKeys(mergeKey, "history", "candidates"),
      )}`
      : "history";
    await session.run(`CREATE OR REPLACE TABLE known AS
      SELECT ${nameList(names)}, _extracted_at, _deleted
      FROM ${wanted}
      QUALIFY rank() OVER (PARTITION BY ${units} ORDER BY _extracted_at DESC, _run DESC) = 1`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`The raw files of ${table.name} cannot be read`, {
      expected: "Parquet files with the columns of the table",
      found: cause.cause instanceof Error ? cause.cause.message : cause.message,
      remedy: "Delete the damaged file from the lake and run the extract again.",
      cause,
    });
  }
  await session.run("DELETE FROM known WHERE coalesce(_deleted, false)");
  await session.run(`CREATE OR REPLACE TABLE known_units AS
    SELECT ${units}, count(*) AS rows,
           CASE WHEN NOT bool_or(${becameDue(table, now)}) THEN ${digestOf(names)} END AS digest,
           bool_or(${due ?? "true"}) AS due,
           bool_or(NOT ${within ?? "true"}) AS outside
    FROM known GROUP BY ALL`);
  await session.run(`DELETE FROM known_units WHERE NOT due
    AND NOT EXISTS (SELECT 1 FROM incoming WHERE ${sameKey(mergeKey, "incoming", "known_units")})`);
}

/** Adds the rows of some months to a condition. */
function ofMonths({ measures: { date } }: ExtractedTable, months: string[] = []): string {
  return date === undefined || months.length === 0
    ? ""
    : ` OR ${monthSql(date)} IN (${months.map(sqlString).join(", ")})`;
}

/**
 * Whether a row was dated in the future when it was extracted, and is so no more. Such a row is written again: by
 * the time of its extract, facts tell a date that came to pass from a mistyped one.
 */
function becameDue({ measures: { date } }: ExtractedTable, now: string): string {
  if (date === undefined) return "false";
  const day = `CAST(${sqlName(date)} AS DATE) - INTERVAL 1 DAY`;
  return `coalesce(${day} > CAST(_extracted_at AS DATE) AND ${day} <= DATE ${
    sqlString(now.slice(0, 10))
  }, false)`;
}

/** Makes the table `incoming_units` of the rows in `incoming`. */
async function groupIncoming(session: Session, table: ExtractedTable): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE incoming_units AS
    SELECT ${nameList(table.mergeKey)}, count(*) AS rows, ${digestOf(columnNames(table))} AS digest
    FROM incoming GROUP BY ALL`);
}

/**
 * Reads a window of a source table and compares it, key by key, with what the raw layer holds. Afterwards the
 * session's tables `changed_rows` (rows of new and changed keys) and `vanished_rows` (a row of each key that is
 * gone) hold the differences.
 *
 * A key of which the window shows something else than the raw layer knows is read once more as a whole, since
 * rows of it may lie outside the window.
 *
 * @param paths Local paths of the table's raw files; none when it was never extracted.
 * @param copyPath Where to put copies, as a beginning of file names.
 * @param now Time of the run (ISO 8601).
 * @throws {SourceError} when the source cannot be read.
 * @throws {SchemaContractError} when a value does not fit the lake's type, or a required column lost all its values.
 */
export async function findChanges(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  { window, paths, copyPath, now }: { window: ReadWindow; paths: string[]; copyPath: string; now: string },
): Promise<void> {
  const { strategy, mergeKey } = table;
  const reached: ReadWindow = window.from !== undefined && strategy.kind === "watermark"
    ? { ...window, from: await reach(session, source, table, window.from, { paths, now }) }
    : { months: window.months };
  await readCopy(session, source, table, `${copyPath}.csv`, selectionOf(table, reached));
  const columns = nameList(columnNames(table));
  if (paths.length === 0) {
    await session.run(`CREATE OR REPLACE VIEW changed_rows AS SELECT ${columns} FROM incoming;
      CREATE OR REPLACE VIEW vanished_rows AS SELECT ${columns} FROM incoming WHERE false`);
    return;
  }
  const isPart = reached.from !== undefined;
  await readKnown(session, table, paths, isPart ? reached : {}, { undated: source.supportsKeyLookup, now });
  await requireValues(session, table);
  await groupIncoming(session, table);
  if (isPart) await refetch(session, source, table, `${copyPath}_again.csv`);
  const pairs = `incoming_units FULL JOIN known_units ON ${
    sameKey(mergeKey, "incoming_units", "known_units")
  }`;
  await session.run(`CREATE OR REPLACE TABLE changed_units AS
      SELECT incoming_units.* FROM ${pairs}
      WHERE incoming_units.rows IS NOT NULL AND ${DIFFERS};
    CREATE OR REPLACE TABLE vanished_units AS
      SELECT known_units.* FROM ${pairs} WHERE incoming_units.rows IS NULL;
    CREATE OR REPLACE VIEW changed_rows AS
      SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "incoming", "changed_units")};
    CREATE OR REPLACE VIEW vanished_rows AS
      SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "known", "vanished_units")}
      QUALIFY row_number() OVER (PARTITION BY ${nameList(mergeKey)} ORDER BY ${columns}) = 1`);
}

/** Fewer rows than these may lack a value by chance. */
const ENOUGH_ROWS = 5;

/** Of a source without a schema: a column that had values and has none any more is gone. */
async function requireValues(session: Session, table: ExtractedTable): Promise<void> {
  const required = table.columns.filter((column) => column.required).map(({ name }) => name);
  if (required.length === 0) return;
  const counts = required.map((name) => `count(${sqlName(name)}) AS ${sqlName(name)}`).join(", ");
  const countsOf = async (rows: string) =>
    (await session.rows<Record<string, number>>(`SELECT ${counts}, count(*) AS "*" FROM ${rows}`))[0]!;
  const [incoming, known] = [await countsOf("incoming"), await countsOf("known")];
  if (incoming["*"]! < ENOUGH_ROWS) return;
  const gone = required.filter((name) => incoming[name] === 0 && known[name]! > 0);
  if (gone.length === 0) return;
  throw new SchemaContractError(`Table ${table.name} is not as agreed`, {
    expected: gone.map((name) => `field ${table.name}.${name}`).join(", "),
    found: `no value in any of the ${incoming["*"]!.toLocaleString("en-US")} rows that were read, ` +
      "where the lake has values",
    remedy:
      "Give the field back to the shop's documents, or change lib/sources/contract.ts to what it has now.",
  });
}

const DIFFERS = `(incoming_units.rows IS DISTINCT FROM known_units.rows OR
  incoming_units.digest IS DISTINCT FROM known_units.digest)`;

/** Where keys cannot be asked for, the window reaches back to the oldest row that is still open. */
async function reach(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  from: string,
  { paths, now }: { paths: string[]; now: string },
): Promise<string> {
  const { strategy } = table;
  if (source.supportsKeyLookup || strategy.kind !== "watermark" || strategy.closedWhen === undefined) {
    return from;
  }
  // Nothing has come in yet: this asks for what is open, whatever its time.
  await session.run(`CREATE OR REPLACE TABLE incoming AS
    SELECT ${columnDefinitions(table)} WHERE false`);
  await readKnown(session, table, paths, { from }, { undated: false, now });
  const [oldest] = await session.rows<{ time: string | null }>(
    `SELECT strftime(min(${sqlName(strategy.column)}), '%Y-%m-%d %H:%M:%S.%f') AS time
     FROM ${rowsWithKeys(table.mergeKey, "known", "known_units")}`,
  );
  return oldest?.time && oldest.time < from ? oldest.time : from;
}

const columnDefinitions = ({ columns }: ExtractedTable) =>
  columns.map(({ name, lakeType }) => `CAST(NULL AS ${lakeType}) AS ${sqlName(name)}`).join(", ");

async function readCopy(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  path: string,
  selection: Parameters<TableSource["copy"]>[2],
): Promise<void> {
  const copied = await source.copy(table, path, selection);
  await readIncoming(session, table, copied);
  await Deno.remove(path);
}

/** Replaces what came in of keys that differ by all that the source has of them. */
async function refetch(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  path: string,
): Promise<void> {
  const { mergeKey } = table;
  const units = nameList(mergeKey.map((name) => `${name}`));
  await session.run(`CREATE OR REPLACE TABLE again AS
    SELECT known_units.* FROM known_units
    LEFT JOIN incoming_units ON ${sameKey(mergeKey, "incoming_units", "known_units")}
    WHERE ${DIFFERS} AND (${source.supportsKeyLookup} OR known_units.outside)`);
  const keys = await session.rows<Record<string, string | null>>(
    `SELECT ${mergeKey.map((name) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`).join(", ")}
     FROM again ORDER BY ${units}`,
  );
  if (keys.length === 0) return;
  await session.run(`CREATE OR REPLACE TABLE window_rows AS SELECT * FROM incoming`);
  const selection = source.supportsKeyLookup
    ? { keys: keys.map((key): MergeKey => mergeKey.map((name) => key[name]!)) }
    : {};
  await readCopy(session, source, table, path, selection);
  await session.run(
    `CREATE OR REPLACE TABLE again_rows AS SELECT * FROM ${rowsWithKeys(mergeKey, "incoming", "again")};
    DELETE FROM window_rows WHERE EXISTS (SELECT 1 FROM again WHERE ${
      sameKey(mergeKey, "again", "window_rows")
    });
    INSERT INTO window_rows SELECT * FROM again_rows;
    CREATE OR REPLACE TABLE incoming AS SELECT * FROM window_rows`,
  );
  await groupIncoming(session, table);
}
