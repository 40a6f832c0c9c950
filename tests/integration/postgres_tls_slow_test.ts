/** PostgreSQL over TLS, read by a role that may do nothing else. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { createLogger, silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../lib/sources/postgres/load.ts";
import { SOURCE_TABLES, withPostgresSource } from "shopflow/sources/mod.ts";
import { connectPostgres } from "../../lib/sources/postgres/client.ts";
// @ts-types="@types/pg"
import pg from "pg";
import { withPostgresDatabase } from "../fixtures/postgres_database.ts";
import { TEST_POSTGRES_CA, testWith } from "../requirements.ts";

const runtime = { log: createLogger(() => {}), progress: silentProgress };

/** A shop of one customer, and a URL over TLS of a role that may only read. */
async function withReader(body: (url: (query: string, host?: string) => string) => Promise<void>) {
  await withPostgresDatabase(async (owner) => {
    await loadSourceTables(owner, [{
      table: "customers",
      csv: [new TextEncoder().encode("C1,,,,,,,,,\n")],
    }], runtime);
    const role = `reader_${crypto.randomUUID().replaceAll("-", "")}`;
    const admin = new pg.Client({ connectionString: owner });
    await admin.connect();
    try {
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pass'`);
      await admin.query(`GRANT SELECT ON ${SOURCE_TABLES.map(({ name }) => name).join(", ")} TO ${role}`);
      await body((query, host = "localhost") => {
        const url = new URL(owner);
        Object.assign(url, { username: role, password: "pass", hostname: host, search: query });
        return url.href;
      });
    } finally {
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
    }
  });
}

testWith(
  ["postgres", "postgres_tls"],
  "a role that may only read is enough, over a checked TLS connection",
  () =>
    withReader(async (url) => {
      const folder = await Deno.makeTempDir();
      try {
        for (const query of [`sslmode=verify-full&sslrootcert=${TEST_POSTGRES_CA}`, "sslmode=require"]) {
          await using connection = await connectPostgres(url(query));
          const { rows } = await connection.client.query(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
          );
          assert.deepEqual(rows, [{ ssl: true }], query);
          const path = join(folder, `${query.length}.csv`);
          const copied = await withPostgresSource(
            url(query),
            runtime,
            (source) => source.copy(SOURCE_TABLES[0]!, path, {}),
          );
          assert.equal(copied.rows, 1);
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
);

testWith(
  ["postgres", "postgres_tls"],
  "a server whose certificate cannot be trusted is refused",
  () =>
    withReader(async (url) => {
      const refused = async (address: string) => {
        await assert.rejects(connectPostgres(address), (error) => {
          assert.ok(error instanceof SourceError);
          assert.match(error.message, /cannot be reached safely: found .*sslrootcert/s);
          return true;
        });
      };
      await refused(url("sslrootcert=system"));
      await assert.rejects(
        connectPostgres(url("sslmode=verify-full")),
        /root certificate .* is not there.*sslrootcert/,
      );
      await refused(url(`sslmode=verify-full&sslrootcert=${TEST_POSTGRES_CA}`, "127.0.0.1"));
    }),
);
