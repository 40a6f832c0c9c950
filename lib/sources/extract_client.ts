import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
// @ts-types="@types/pg"
import type pg from "pg";
import { openEmbeddedPostgres } from "./embedded_postgres.ts";
import { connectPostgres } from "./postgres_client.ts";

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
    // The database works on this very thread, so that no time says that it cannot be reached.
    await using connection = await connectPostgres(
      `postgres://postgres@${server.getServerConn()}/postgres`,
      0,
    );
    return await work(connection.client);
  } finally {
    // The server rolls back what its client left open, but nobody could wait for that: it would meet a closed database.
    if (embedded.db.isInTransaction()) await embedded.db.exec("ROLLBACK");
    await server.stop();
  }
}
