import { PGlite } from "@electric-sql/pglite";
import {
  diskFullError,
  isDiskFull,
  isOutOfRoom,
  SchemaContractError,
  SourceError,
} from "shopflow/errors/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";
import { dirname, join } from "node:path";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
// @ts-types="@types/pg"
import type pg from "pg";
import { connectEmbedded, connectPostgres, copyError } from "./client.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import { sqlIdentifier } from "./conversion.ts";

/** An opened embedded PostgreSQL (PGlite); this process alone holds its folder. */
interface EmbeddedPostgres extends AsyncDisposable {
  db: PGlite;
}

/**
 * Opens the embedded PostgreSQL in `folder`; `create` makes a new one where there is none.
 *
 * @throws {SourceError} when there is none, it is damaged, or another program has it open.
 */
export async function openEmbeddedPostgres(
  folder: string,
  { create }: { create: boolean },
): Promise<EmbeddedPostgres> {
  if (!create && !await fileExists(join(folder, "PG_VERSION"))) {
    throw new SourceError("There is no embedded shop database", {
      expected: `one in ${folder}`,
      found: "none",
      remedy: "Run `deno task simulate`, or set SHOPFLOW_POSTGRES_URL to a PostgreSQL server.",
    });
  }
  await Deno.mkdir(dirname(folder), { recursive: true });
  const isNew = !await fileExists(folder);
  const lock = await holdLock(`${folder}.lock`, folder);
  try {
    const db = await PGlite.create(folder);
    return {
      db,
      async [Symbol.asyncDispose]() {
        await db.close();
        await release(lock);
      },
    };
  } catch (cause) {
    // Half a database could not be opened later, when there is room for it.
    if (isNew) await Deno.remove(folder, { recursive: true }).catch(() => {});
    await release(lock);
    // PGlite does not always say why it failed. Nobody must delete a shop because its disk is full.
    if (isDiskFull(cause) || await isOutOfRoom(dirname(folder))) {
      throw await diskFullError("open the embedded shop database", cause, folder);
    }
    throw new SourceError(`The embedded shop database in ${folder} cannot be opened`, {
      remedy: "Delete that folder and run `deno task simulate` or `deno task import` again.",
      cause,
    });
  }
}

/** PGlite itself does not notice a second process, and two of them destroy the files. */
async function holdLock(path: string, folder: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new SourceError(`The embedded shop database in ${folder} is open in another program`, {
    remedy: "Wait until that one has finished, then run this again.",
  });
}

/**
 * Unlocks before it closes: a program that this process starts just then has the open file for a moment, too, and
 * would keep the lock until it has closed its own.
 */
async function release(lock: Deno.FsFile): Promise<void> {
  await lock.unlock();
  lock.close();
}

/**
 * Runs `work` with a client of the database of a `postgres:` or `pglite:` URL. An embedded database is
 * reached over a loopback socket, so that both go the same way.
 *
 * @throws {SourceError} when the database cannot be opened or reached.
 */
export async function withExtractClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  if (!url.startsWith("pglite:")) {
    await using connection = await connectPostgres(url);
    return await work(connection.client);
  }
  await using embedded = await openEmbeddedPostgres(url.slice("pglite:".length), { create: false });
  const server = new PGLiteSocketServer({ db: embedded.db, host: "127.0.0.1", port: 0 });
  await server.start();
  try {
    await using connection = await connectEmbedded(server.getServerConn());
    return await work(connection.client);
  } finally {
    // The server rolls back what its client left open, but nobody could wait for that: it would meet a closed database.
    if (embedded.db.isInTransaction()) await embedded.db.exec("ROLLBACK");
    await server.stop();
  }
}

/** How long a table that is being altered is waited for, unless the connection sets its own `lock_timeout`. */
const LOCK_TIMEOUT = "10min";
/** Times that a transaction is begun before tables that are emptied or refreshed all the time are given up on. */
const ATTEMPTS = 10;

/** What a transaction reads. */
export interface ReadRelation {
  /** As messages name it. */
  name: string;
  /** For a FROM. */
  from: string;
  /** Whether it is a table that the user may lock. */
  isLockable: boolean;
}

/**
 * Begins the transaction of an extract, in which all tables are seen as they were at one moment.
 *
 * A TRUNCATE, or a REFRESH of a materialized view, after that moment would show the transaction a table that is
 * empty or newer than the others. Tables are therefore locked before the first query, which chooses the moment. What
 * cannot be locked so (views whose tables are not the user's to read, materialized views, queries, tables of which only
 * columns are granted) is locked by a query for no rows, after which nothing may have been replaced since the moment;
 * if it was, the transaction is begun again.
 *
 * @param find Finds what there is to read, in a transaction before.
 * @param options.schema Schema before those of the user's search_path.
 * @returns What `find` found.
 * @throws {SchemaContractError} when there is no such schema.
 * @throws {SourceError} when a table stays locked, or tables are replaced all the time; the message names them.
 */
export async function beginSnapshotTransaction<T>(
  client: pg.Client,
  url: string,
  find: () => Promise<{ found: T; relations: ReadRelation[] }>,
  { schema }: { schema?: string | undefined } = {},
): Promise<T> {
  const settings = await transactionSettings(client, schema);
  await client.query(settings);
  const { found, relations } = await find();
  await client.query("ROLLBACK");
  const lockEach = async (lockable: boolean, sql: (from: string) => string) => {
    for (const { name, from } of relations.filter((relation) => relation.isLockable === lockable)) {
      try {
        await client.query(sql(from));
      } catch (error) {
        throw copyError(error, url, name, client);
      }
    }
  };
  let replaced: string[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings}`);
    await lockEach(true, (from) => `LOCK TABLE ${from} IN ACCESS SHARE MODE`);
    await client.query("SELECT 1");
    await lockEach(false, (from) => `SELECT 1 FROM ${from} LIMIT 0`);
    replaced = await replacedRelations(client);
    if (replaced.length === 0) return found;
    await client.query("ROLLBACK");
  }
  throw new SourceError(
    `Tables of the shop's PostgreSQL ${maskUrl(url)} are emptied or refreshed all the time`,
    {
      expected: "a moment at which no table is being replaced",
      found: `${replaced.join(", ")} replaced in each of ${ATTEMPTS} attempts`,
      remedy: "Run the extract when they are not reloaded, or grant SELECT on the tables behind the views.",
    },
  );
}

/**
 * Settings of roles, databases and servers that an extract sets aside, as pg_dump does: time limits that are meant for
 * applications, and whatever changes how values are written. With `row_security` off, a table of which the user may see
 * a part is an error instead of that part.
 */
const SET_ASIDE: Record<string, string> = {
  row_security: "off",
  statement_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // Of PostgreSQL 17.
  transaction_timeout: "0",
  datestyle: "ISO",
  intervalstyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  work_mem: "64MB",
};

/**
 * Begins a transaction in which statements may take their time, and returns the statements that set
 * {@linkcode SET_ASIDE} in another one, as far as this server has them. They end with the transaction, since behind a
 * pooler its session goes to others.
 */
async function transactionSettings(client: pg.Client, schema: string | undefined): Promise<string> {
  await client.query("BEGIN READ ONLY; SET LOCAL statement_timeout = 0");
  const { rows } = await client.query<{ name: string; setting: string }>(
    "SELECT lower(name) AS name, setting FROM pg_settings WHERE lower(name) = ANY($1)",
    [[...Object.keys(SET_ASIDE), "lock_timeout"]],
  );
  const path = schema === undefined ? undefined : await searchPath(client, schema);
  const isUnlimited = rows.some(({ name, setting }) => name === "lock_timeout" && setting === "0");
  return [
    ...rows.flatMap(({ name }) => SET_ASIDE[name] === undefined ? [] : [[name, SET_ASIDE[name]]]),
    ...(isUnlimited ? [["lock_timeout", LOCK_TIMEOUT]] : []),
  ].map(([name, value]) => `SET LOCAL ${name} = '${value}'`)
    .concat(path === undefined ? [] : [`SET LOCAL search_path = ${path}`]).join("; ");
}

/** The user's search_path with a schema before all others. */
async function searchPath(client: pg.Client, schema: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')`,
  );
  if (!rows.some(({ name }) => name === schema)) {
    throw new SchemaContractError("The shop's PostgreSQL has no such schema", {
      expected: `one of ${rows.map(({ name }) => name).sort().join(", ")}`,
      found: schema,
      remedy: "Correct SHOPFLOW_POSTGRES_SCHEMA, or grant the user USAGE on the schema if it is there.",
    });
  }
  const { rows: [present] } = await client.query<{ search_path: string }>("SHOW search_path");
  return [sqlIdentifier(schema), present?.search_path].filter((part) => part).join(", ");
}

/**
 * Relations locked by the transaction whose storage is another one than at its moment: `pg_class` is read as of that
 * moment, the function sees what is there now.
 */
async function replacedRelations(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT pg_class.oid::regclass::text AS name FROM pg_locks JOIN pg_class ON pg_class.oid = relation
     WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relkind IN ('r', 'm') AND relfilenode <> 0
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND relfilenode IS DISTINCT FROM pg_relation_filenode(pg_class.oid)`,
  );
  return rows.map(({ name }) => name);
}
