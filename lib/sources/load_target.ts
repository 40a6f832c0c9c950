// @ts-types="@types/pg"
import type pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { from as copyFrom } from "pg-copy-streams";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openEmbeddedPostgres } from "./embedded_postgres.ts";
import { connectPostgres, postgresError } from "./postgres_client.ts";
import { type CsvBytes, wholeRows } from "./whole_rows.ts";

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
      for await (const piece of wholeRows(csv)) {
        const blob = new Blob(piece as Uint8Array<ArrayBuffer>[]);
        const result = await db.query(`COPY "${table}" FROM '/dev/blob' (FORMAT csv)`, [], { blob });
        rows += result.affectedRows ?? 0;
      }
      return rows;
    },
    [Symbol.asyncDispose]: () => embedded[Symbol.asyncDispose](),
  };
}
