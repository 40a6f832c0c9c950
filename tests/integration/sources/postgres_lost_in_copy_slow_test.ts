/** Connections to PostgreSQL that break while rows are coming. */
import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import { currentRawVersion, readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger, type Progress, silentProgress, workingFolders } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { lakeRow } from "../../fixtures/awkward_shop.ts";
import { createShopTables } from "../../fixtures/generated_shop.ts";
import { throughRelay } from "../../fixtures/lossy_sources.ts";
import { until } from "../../fixtures/process_state.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

const ROWS = 100_000;
/** In the middle of the events: orders and what is before them are about 7 MB. */
const AFTER = 10 << 20;

/** Half of the events, then a COPY of them waits for a lock that the test may have: other questions do not. */
const EVENTS_HELD = `ALTER TABLE events RENAME TO all_events;
  CREATE VIEW events AS SELECT * FROM all_events WHERE event_id <> 'E000${ROWS / 2}'
    OR current_query() NOT LIKE 'COPY%' OR pg_advisory_xact_lock_shared(1)::text IS NOT NULL`;

async function assertWhole(context: PipelineContext): Promise<void> {
  for (const table of ["orders", "events", "inventory"]) {
    assert.deepEqual(await lakeRow(context, table, "count(*)::int AS rows"), { rows: ROWS }, table);
  }
}

/** Folders in which attempts of the extract under way keep their copies. */
const attemptFolders = ({ config }: PipelineContext) =>
  [...Deno.readDirSync(workingFolders(config.home))].flatMap(({ name }) =>
    [...Deno.readDirSync(join(workingFolders(config.home), name))].map((folder) => folder.name)
  ).filter((name) => /^\d+$/.test(name));

testWith(
  ["postgres", "mongodb"],
  "a server that ends the connection in the middle of a COPY is read again, and the extract is whole",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: ROWS });
      await sql.query(`${EVENTS_HELD}; SELECT pg_advisory_lock(1)`);
      const lines: string[] = [];
      const attempts: string[][] = [];
      const progress: Progress = {
        start(...bar) {
          attempts.push(attemptFolders(context));
          return silentProgress.start(...bar);
        },
      };
      const log = createLogger((line) => void lines.push(line));
      const runtime = { ...context.runtime, log, progress };
      const extracting = extract({ ...context, runtime });
      await until(async () => {
        const { rows } = await sql.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database
           WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()`,
        );
        return rows.length > 0;
      });
      await sql.query("SELECT pg_advisory_unlock(1)");
      await extracting;
      assert.match(lines.join("\n"), /Table events was not copied: .*Trying again in .*\(attempt 2;/);
      assert.deepEqual(attempts.at(-1), ["2"], "copies of a lost attempt take no room");
      await assertWhole(context);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that is cut in the middle of a COPY is made again, and the extract is whole",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: ROWS });
      const source = throughRelay(context, "postgresUrl", {
        after: AFTER,
        times: 1,
      });
      await extract(source.context);
      assert.equal(source.losses, 1);
      assert.match(source.lines.join("\n"), /Table events was not copied: .*Trying again in .*\(attempt 2;/);
      await assertWhole(context);
      await source.relay.kill();
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a server that is cut off for good fails the extract with the table's name, and publishes nothing of it",
  () =>
    withServers(async ({ context, sql }) => {
      await createShopTables(sql, { months: 12, rows: ROWS });
      const source = throughRelay(context, "postgresUrl", {
        after: AFTER,
        times: 100,
      });
      await assert.rejects(extract(source.context), (error) => {
        assert.ok(error instanceof SourceError, String(error));
        assert.match(error.message, /Table events was not copied/);
        return true;
      });
      assert.ok(source.losses >= 3, `${source.losses} losses`);
      assert.equal((await currentRawVersion(context.store))?.extract, undefined);
      assert.deepEqual(await context.store.list("raw/"), []);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(`${context.config.home}/tmp`)), []);
      await source.relay.kill();
      // The next extract, by a way that holds, finds everything.
      await extract(context);
      assert.equal((await readRawExtract(context.store)).tables.events!.rows, ROWS);
    }, { reconnectSeconds: 2 }),
);
