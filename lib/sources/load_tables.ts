import { maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import type { Progress } from "shopflow/runtime/mod.ts";
import { rowRate } from "./row_rate.ts";
import { type LoadTarget, openLoadTarget } from "./load_target.ts";
import { postgresError } from "./postgres_client.ts";
import { SOURCE_TABLES, type SourceTable } from "./source_tables.ts";
import type { CsvBytes } from "./whole_rows.ts";

/** Rows of one table: CSV without a header, columns in the order of `SOURCE_TABLES`. */
export interface TableCsv {
  table: string;
  /** An unquoted empty field is NULL, `""` the empty text. */
  csv: CsvBytes;
}

export interface LoadOptions {
  /** Drop what is there instead of refusing. */
  replace?: boolean;
  progress: Progress;
}

export interface LoadTablesOptions extends LoadOptions {
  /** Receives the rows loaded, by table, before anybody else can see them; what it throws leaves all as it was. */
  beforeCommit?: (rows: Record<string, number>) => Promise<void>;
}

/**
 * Creates the five source tables and fills those given, all in one transaction; the others stay empty.
 * Primary keys are added where the shop has them: not on orders, where real shops have duplicates, and no
 * foreign keys, since real rows point at nothing now and then.
 *
 * @returns rows loaded, by table.
 * @throws {SourceError} when a table was made by another program, when one holds rows already and `replace` is not
 *   set, when the database cannot be reached, or when it refuses a row.
 */
export async function loadSourceTables(
  postgresUrl: string,
  tables: TableCsv[],
  { replace = false, progress, beforeCommit }: LoadTablesOptions,
): Promise<Record<string, number>> {
  await using target = await openLoadTarget(postgresUrl);
  try {
    // Whatever fails, ending the connection rolls the transaction back.
    await target.query("BEGIN");
    await refuseForeignTables(target, postgresUrl);
    if (!replace) await refuseExistingRows(target, postgresUrl);
    for (const table of SOURCE_TABLES) await createTable(target, table);
    const rows = Object.fromEntries(SOURCE_TABLES.map(({ name }) => [name, 0]));
    for (const { table, csv } of tables) {
      rows[knownTable(table).name] = await loadTable(target, table, csv, progress);
    }
    for (const table of SOURCE_TABLES.filter(({ name }) => name !== "orders")) {
      await target.query(`ALTER TABLE "${table.name}" ADD PRIMARY KEY (${columnList(table.key)})`);
    }
    await beforeCommit?.(rows);
    await target.query("COMMIT");
    return rows;
  } catch (error) {
    throw postgresError(error, postgresUrl, "loaded", target.client);
  }
}

/** Begins the comment on every table that was loaded here. */
const MARK = "Loaded by ShopFlow: ";

/** Tables that other programs made are never dropped: `--replace` is for shops that ShopFlow loaded. */
async function refuseForeignTables(target: LoadTarget, postgresUrl: string): Promise<void> {
  for (const { name } of SOURCE_TABLES) {
    const [found] = await target.query(
      `SELECT obj_description(to_regclass('"${name}"'), 'pg_class') AS comment
       WHERE to_regclass('"${name}"') IS NOT NULL`,
    );
    if (found === undefined || String(found.comment).startsWith(MARK)) continue;
    throw new SourceError(`Table ${name} in ${maskUrl(postgresUrl)} was not made by ShopFlow`, {
      expected: "no table of this name, or one that ShopFlow loaded",
      remedy: "Load into another database, or drop the table yourself if nothing needs it.",
    });
  }
}

async function refuseExistingRows(target: LoadTarget, postgresUrl: string): Promise<void> {
  for (const { name } of SOURCE_TABLES) {
    const [found] = await target.query(`SELECT to_regclass('"${name}"') IS NOT NULL AS present`);
    if (found?.present !== true) continue;
    const [rows] = await target.query(`SELECT EXISTS (SELECT 1 FROM "${name}") AS present`);
    if (rows?.present !== true) continue;
    throw new SourceError(`Table ${name} in ${maskUrl(postgresUrl)} holds rows already`, {
      expected: "no table or an empty one",
      remedy: "Pass --replace to drop the five source tables first, or load into another database.",
    });
  }
}

async function createTable(target: LoadTarget, { name, columns }: SourceTable): Promise<void> {
  await target.query(`DROP TABLE IF EXISTS "${name}"`);
  const definitions = columns.map((column) => `"${column.name}" ${column.type}`);
  await target.query(`CREATE TABLE "${name}" (${definitions.join(", ")})`);
  // Tells this load from another one into a database that was made alike, see `tableIdentities`.
  await target.query(`COMMENT ON TABLE "${name}" IS '${MARK}${crypto.randomUUID()}'`);
}

async function loadTable(
  target: LoadTarget,
  table: string,
  csv: CsvBytes,
  progress: Progress,
): Promise<number> {
  const bar = progress.start(`load ${table}`, 0, "rows");
  const started = performance.now();
  const rows = await target.copyIn(table, csv);
  bar.finish(rowRate(rows, performance.now() - started));
  return rows;
}

function knownTable(name: string): SourceTable {
  const table = SOURCE_TABLES.find((known) => known.name === name);
  if (table) return table;
  throw new SourceError("Not a source table", {
    expected: SOURCE_TABLES.map((known) => known.name).join(", "),
    found: name,
  });
}

const columnList = (names: string[]) => names.map((name) => `"${name}"`).join(", ");
