import assert from "node:assert/strict";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { AWKWARD_TABLES, lakeRow } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

testWith(
  ["postgres", "mongodb"],
  "tickets of MongoDB dated before year 1 are read, and source and lake count them in the same months",
  () =>
    withServers(async ({ context }) => {
      const { postgresUrl, ticketsUrl } = context.config;
      await loadSourceTables(postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      const times = ["-000044-01-05", "0000-12-31", "-020244-01-05", "2024-03-01"];
      const tickets = times.map((day, i) => ({
        ticket_id: `T${i}`,
        created_date: new Date(`${day}T10:00:00.123Z`),
        status: "Closed",
      }));
      await loadTickets(ticketsUrl, tickets, { progress: silentProgress });
      assert.deepEqual((await extract(context)).problems, []);
      const ancient = "count(*) FILTER (created_date < TIMESTAMP '0001-01-01') AS ancient, count(*) AS rows";
      assert.deepEqual(await lakeRow(context, "support_tickets", ancient), { ancient: 3, rows: 4 });
      const lines: string[] = [];
      const log = { ...context.runtime.log, warn: (line: string) => void lines.push(line) };
      const again = await extract({ ...context, runtime: { ...context.runtime, log } });
      assert.equal(again.status, "unchanged");
      assert.deepEqual(lines, []);
    }),
);
