// @ts-types="@types/pg"
import type pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { from as copyFrom } from "pg-copy-streams";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openEmbeddedPostgres } from "./snapshot_transaction.ts";
import { connectPostgres, postgresError } from "./client.ts";
import { type CsvBytes, splitAtRows, throughput } from "../csv.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import type { Progress } from "shopflow/runtime/mod.ts";
import { SOURCE_TABLES, type SourceTable, sourceTable } from "../contract.ts";

/** A database that tables are loaded into. */
export interface LoadTarget extends AsyncDisposable {
  /** Of a server, which knows why its connection broke. */
  client?: pg.Client;
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Loads CSV without a header into `table` and returns the number of rows. */
  copyIn(table: string, csv: CsvBytes): Promise<number>;
}

/** Opens the database of a `postgres:` or `pglite:` URL for loading; an embedded one is made if absent. */
export function openLoadTarget(url: string): Promise<LoadTarget> {
  return url.startsWith("pglite:") ? embeddedTarget(url.slice("pglite:".length)) : serverTarget(url);
}

async function serverTarget(url: string): Promise<LoadTarget> {
  const connection = await connectPostgres(url);
  const { client } = connection;
  try {
    // A table whose rows a policy hides must not pass for an empty one, which may be dropped.
    // The time limits of a role are meant for applications; not every server has all of them.
    await client.query(
      `SELECT set_config(name, CASE name WHEN 'row_security' THEN 'off' ELSE '0' END, false) FROM pg_settings
       WHERE name IN ('row_security', 'statement_timeout', 'transaction_timeout',
                      'idle_in_transaction_session_timeout')`,
    );
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw postgresError(error, url, "loaded", client);
  }
  return {
    client,
    query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    async copyIn(table, csv) {
      const copy = client.query(copyFrom(`COPY "${table}" FROM STDIN (FORMAT csv)`));
      await pipeline(Readable.from(csv), copy);
      return copy.rowCount;
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

async function embeddedTarget(folder: string): Promise<LoadTarget> {
  const embedded = await openEmbeddedPostgres(folder, { create: true });
  const { db } = embedded;
  return {
    query: async (sql) => (await db.query<Record<string, unknown>>(sql)).rows,
    async copyIn(table, csv) {
      let rows = 0;
      // PGlite takes COPY input from a Blob in memory, hence in pieces.
      for await (const piece of splitAtRows(csv)) {
        const blob = new Blob(piece as Uint8Array<ArrayBuffer>[]);
        const result = await db.query(`COPY "${table}" FROM '/dev/blob' (FORMAT csv)`, [], { blob });
        rows += result.affectedRows ?? 0;
      }
      return rows;
    },
    [Symbol.asyncDispose]: () => embedded[Symbol.asyncDispose](),
  };
}

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

interface LoadTablesOptions extends LoadOptions {
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
      rows[sourceTable(table).name] = await loadTable(target, table, csv, progress);
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
  bar.finish(throughput(rows, performance.now() - started));
  return rows;
}

const columnList = (names: string[]) => names.map((name) => `"${name}"`).join(", ");
