/** Connections to PostgreSQL that the server ends while a table is waited for. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SourceError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { extractHeldAtOrders, lakeRow, loadAwkwardShop } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

testWith(
  ["postgres", "mongodb"],
  "a connection that breaks halfway is made again, and the extract is whole",
  () =>
    withServers(async ({ context, sql }) => {
      await loadAwkwardShop(context);
      await extract(context);
      const lines: string[] = [];
      const log = createLogger((line) => void lines.push(line));
      const extracting = await extractHeldAtOrders({ ...context, runtime: { ...context.runtime, log } }, sql);
      await sql.query("INSERT INTO orders (order_id) VALUES ('O9')");
      await sql.query("SELECT pg_terminate_backend($1)", [extracting.pid]);
      await sql.query("COMMIT");
      assert.equal((await extracting.result).status, "done");
      assert.match(
        lines.join("\n"),
        /warning: Table orders was not copied: .*Trying again in .*\(attempt 2;/,
      );
      assert.deepEqual(await lakeRow(context, "orders", "count(*) AS rows"), { rows: 4 });
      assert.deepEqual(await Array.fromAsync(Deno.readDir(join(context.config.home, "tmp"))), []);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a connection that breaks again and again ends the extract, names the table and leaves the lake as it was",
  () =>
    withServers(async ({ context, sql }) => {
      await loadAwkwardShop(context);
      await extract(context);
      const before = await readRawExtract(context.store);
      const extracting = await extractHeldAtOrders(context, sql);
      let ended = false;
      const rejected = assert.rejects(extracting.result, (error) => {
        assert.ok(error instanceof SourceError);
        assert.match(error.message, /Table orders was not copied: .*(terminating connection|terminated)/);
        return true;
      }).finally(() => ended = true);
      while (!ended) {
        await sql.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass`,
        );
        await delay(20);
      }
      await rejected;
      await sql.query("COMMIT");
      assert.deepEqual(await readRawExtract(context.store), before);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(join(context.config.home, "tmp"))), []);
    }, { reconnectSeconds: 2 }),
);
