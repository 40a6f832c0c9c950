import assert from "node:assert/strict";
import { connectPostgres, mayReconnect, postgresError } from "../../../../../lib/sources/postgres/client.ts";
import { startRelay } from "../../../../fixtures/relay.ts";
import { TEST_POSTGRES_URL, testWith } from "../../../../requirements.ts";

const SOON = { silentMs: 500, askEveryMs: 100, questions: 2 };

/** A client whose connections all go through a relay that can go silent. */
async function throughRelay(
  body: (connection: Awaited<ReturnType<typeof connectPostgres>>, mute: () => void) => Promise<void>,
) {
  const relay = startRelay(TEST_POSTGRES_URL);
  try {
    const url = new URL(TEST_POSTGRES_URL);
    url.host = new URL(relay.url).host;
    url.search = "connect_timeout=2";
    await using connection = await connectPostgres(url.href, { silence: SOON });
    await body(connection, relay.mute);
  } finally {
    await relay.kill();
  }
}

testWith(
  ["postgres"],
  "a network that goes silent ends queries with an error that may pass",
  () =>
    throughRelay(async ({ client }, mute) => {
      const query = client.query("SELECT pg_sleep(600)");
      mute();
      await assert.rejects(query, (cause) => {
        const error = postgresError(cause, TEST_POSTGRES_URL, "read", client);
        assert.ok(error instanceof Error);
        assert.match(
          error.message,
          /the connection broke|cannot be reached.*nothing came from the server for \d+ s/,
        );
        assert.match(error.message, /it answers no new connection/);
        assert.ok(mayReconnect(error, true), "so that it is tried again");
        return true;
      });
    }),
);

testWith(
  ["postgres"],
  "a query that takes its time is waited for, and so is a client between two queries",
  () =>
    throughRelay(async ({ client }) => {
      const { rows } = await client.query("SELECT pg_sleep(3)::text, 1 AS one");
      assert.equal(rows[0].one, 1);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal((await client.query("SELECT 2 AS two")).rows[0].two, 2);
    }),
);
