// @ts-types="@types/pg"
import type pg from "pg";
import { maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { copyError } from "./postgres_client.ts";
import { SOURCE_TABLES } from "./source_tables.ts";

/** How long a table that is being altered is waited for, unless the connection sets its own `lock_timeout`. */
const LOCK_TIMEOUT = "10min";
/** Times that a transaction is begun before tables that are emptied or refreshed all the time are given up on. */
const TRIES = 10;

/**
 * Begins the transaction of an extract, in which all tables are seen as they were at one moment.
 *
 * A TRUNCATE, or a REFRESH of a materialized view, after that moment would show the transaction a table that is
 * empty or newer than the others. Tables are therefore locked before the first query, which chooses the moment. What
 * cannot be locked so (views whose tables are not the user's to read, materialized views, tables of which only
 * columns are granted) is locked by a query for no rows, after which nothing may have been replaced since the moment;
 * if it was, the transaction is begun anew.
 *
 * @throws {SourceError} when a table stays locked, or tables are replaced all the time; the message names them.
 */
export async function beginExtract(client: pg.Client, url: string): Promise<void> {
  const { rows: relations } = await client.query<{ name: string; lockable: boolean }>(
    `SELECT name, relkind IN ('r', 'p') AND has_table_privilege(pg_class.oid, 'SELECT') AS lockable
     FROM unnest($1::text[]) AS name JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(name))
     WHERE has_any_column_privilege(pg_class.oid, 'SELECT')`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  const { rows: [timeout] } = await client.query<{ lock_timeout: string }>("SHOW lock_timeout");
  const lockEach = async (lockable: boolean, sql: (name: string) => string) => {
    for (const { name } of relations.filter((relation) => relation.lockable === lockable)) {
      try {
        await client.query(sql(`"${name}"`));
      } catch (error) {
        throw copyError(error, url, name);
      }
    }
  };
  let replaced: string[] = [];
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (timeout!.lock_timeout === "0") await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await lockEach(true, (name) => `LOCK TABLE ${name} IN ACCESS SHARE MODE`);
    await client.query("SELECT 1");
    await lockEach(false, (name) => `SELECT 1 FROM ${name} LIMIT 0`);
    replaced = await replacedRelations(client);
    if (replaced.length === 0) return;
    await client.query("ROLLBACK");
  }
  throw new SourceError(
    `Tables of the shop's PostgreSQL ${maskUrl(url)} are emptied or refreshed all the time`,
    {
      expected: "a moment at which all tables are whole",
      found: `${replaced.join(", ")} replaced in each of ${TRIES} tries`,
      remedy: "Run the extract when they are not reloaded, or grant SELECT on the tables behind the views.",
    },
  );
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
