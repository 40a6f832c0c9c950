import { SchemaContractError } from "shopflow/errors/mod.ts";
import type { ExtractedTable, TableSource, UnitKey } from "shopflow/sources/mod.ts";
import { type Session, sqlName } from "shopflow/warehouse/mod.ts";
import { readIncoming } from "./incoming_rows.ts";
import { groupIncoming, readKnown } from "./known_rows.ts";
import { columnNames, nameList, ofUnits, sameUnit } from "./row_sql.ts";
import { selectionOf, type Window } from "./window.ts";

/**
 * Reads a window of a source table and compares it, unit by unit, with what the raw layer holds. Afterwards the
 * session's tables `changed_rows` (rows of new and changed units) and `vanished_rows` (a row of each unit that is
 * gone) hold the differences.
 *
 * A unit of which the window shows something else than the raw layer knows is read once more as a whole, since
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
  { window, paths, copyPath, now }: { window: Window; paths: string[]; copyPath: string; now: string },
): Promise<void> {
  const { strategy, unit } = table;
  const reached: Window = window.from !== undefined && strategy.kind === "watermark"
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
  await readKnown(session, table, paths, isPart ? reached : {}, { undated: source.byUnit, now });
  await requireValues(session, table);
  await groupIncoming(session, table);
  if (isPart) await readAgain(session, source, table, `${copyPath}_again.csv`);
  const pairs = `incoming_units FULL JOIN known_units ON ${sameUnit(unit, "incoming_units", "known_units")}`;
  await session.run(`CREATE OR REPLACE TABLE changed_units AS
      SELECT incoming_units.* FROM ${pairs}
      WHERE incoming_units.rows IS NOT NULL AND ${DIFFERS};
    CREATE OR REPLACE TABLE vanished_units AS
      SELECT known_units.* FROM ${pairs} WHERE incoming_units.rows IS NULL;
    CREATE OR REPLACE VIEW changed_rows AS
      SELECT ${columns} FROM ${ofUnits(unit, "incoming", "changed_units")};
    CREATE OR REPLACE VIEW vanished_rows AS
      SELECT ${columns} FROM ${ofUnits(unit, "known", "vanished_units")}
      QUALIFY row_number() OVER (PARTITION BY ${nameList(unit)} ORDER BY ${columns}) = 1`);
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
      "Give the field back to the shop's documents, or change lib/sources/source_tables.ts to what it has now.",
  });
}

const DIFFERS = `(incoming_units.rows IS DISTINCT FROM known_units.rows OR
  incoming_units.digest IS DISTINCT FROM known_units.digest)`;

/** Where units cannot be asked for, the window reaches back to the oldest row that is not settled. */
async function reach(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  from: string,
  { paths, now }: { paths: string[]; now: string },
): Promise<string> {
  const { strategy } = table;
  if (source.byUnit || strategy.kind !== "watermark" || strategy.unsettled === undefined) return from;
  // Nothing has come in yet: this asks for what is not settled, whatever its time.
  await session.run(`CREATE OR REPLACE TABLE incoming AS
    SELECT ${columnDefinitions(table)} WHERE false`);
  await readKnown(session, table, paths, { from }, { undated: false, now });
  const [oldest] = await session.rows<{ time: string | null }>(
    `SELECT strftime(min(${sqlName(strategy.column)}), '%Y-%m-%d %H:%M:%S.%f') AS time
     FROM ${ofUnits(table.unit, "known", "known_units")}`,
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

/** Replaces what came in of units that differ by all that the source has of them. */
async function readAgain(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  path: string,
): Promise<void> {
  const { unit } = table;
  const units = nameList(unit.map((name) => `${name}`));
  await session.run(`CREATE OR REPLACE TABLE again AS
    SELECT known_units.* FROM known_units
    LEFT JOIN incoming_units ON ${sameUnit(unit, "incoming_units", "known_units")}
    WHERE ${DIFFERS} AND (${source.byUnit} OR known_units.outside)`);
  const keys = await session.rows<Record<string, string | null>>(
    `SELECT ${unit.map((name) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`).join(", ")}
     FROM again ORDER BY ${units}`,
  );
  if (keys.length === 0) return;
  await session.run(`CREATE OR REPLACE TABLE window_rows AS SELECT * FROM incoming`);
  const selection = source.byUnit
    ? { units: keys.map((key): UnitKey => unit.map((name) => key[name]!)) }
    : {};
  await readCopy(session, source, table, path, selection);
  await session.run(
    `CREATE OR REPLACE TABLE again_rows AS SELECT * FROM ${ofUnits(unit, "incoming", "again")};
    DELETE FROM window_rows WHERE EXISTS (SELECT 1 FROM again WHERE ${
      sameUnit(unit, "again", "window_rows")
    });
    INSERT INTO window_rows SELECT * FROM again_rows;
    CREATE OR REPLACE TABLE incoming AS SELECT * FROM window_rows`,
  );
  await groupIncoming(session, table);
}
