import assert from "node:assert/strict";
import { inspect } from "node:util";
import { SourceError } from "shopflow/errors/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { readSupportApi } from "../../../../lib/sources/tickets/support_api.ts";
import { numberedTickets, startSupportApi } from "../../../fixtures/support_api.ts";

const quiet = createLogger(() => {});
const options = { apiKey: "secret", log: quiet, pause: 1, limit: 50, reconnectMs: 40 };
const idsOf = (tickets: Record<string, unknown>[]) => tickets.map(({ ticket_id }) => ticket_id);

Deno.test("all tickets are read, page by page, with the key", async () => {
  await using api = startSupportApi(numberedTickets(123));
  const tickets = await readSupportApi(api.url, undefined, options);
  assert.deepEqual(idsOf(tickets), idsOf(api.tickets));
  assert.deepEqual(await readSupportApi(api.url, "2024-01-02", options), []);
  assert.equal(api.requests.at(-1)!.searchParams.get("from_date"), "2024-01-02");
});

Deno.test("no ticket is lost or doubled when some come and go between the pages", async () => {
  const all = numberedTickets(200);
  for (const shift of ["one deleted", "one inserted", "one arrived", "one closed"]) {
    await using api = startSupportApi(all.slice(1, 150));
    api.trouble = (request) => {
      if (request !== 3) return undefined;
      if (shift === "one deleted") api.tickets.splice(20, 1);
      if (shift === "one inserted") api.tickets.unshift(all[0]!);
      if (shift === "one arrived") api.tickets.push(all[160]!);
      if (shift === "one closed") api.tickets[10] = { ...api.tickets[10], status: "Closed" };
    };
    const tickets = await readSupportApi(api.url, undefined, options);
    assert.deepEqual(idsOf(tickets), idsOf(api.tickets), shift);
  }
});

Deno.test("no ticket is lost to another of the same time that changes places with it between the pages", async () => {
  const all = numberedTickets(200);
  const [early, late] = [30, 70];
  const between = all.slice(early, late + 1).map((ticket) => ({
    ...ticket,
    created_date: all[early]!.created_date,
  }));
  await using api = startSupportApi(all.toSpliced(early, between.length, ...between));
  api.trouble = (request) => {
    if (request !== 2) return undefined;
    const [a, b] = [api.tickets[early]!, api.tickets[late]!];
    api.tickets[early] = b;
    api.tickets[late] = a;
  };
  const tickets = await readSupportApi(api.url, undefined, options);
  assert.deepEqual(idsOf(tickets).toSorted(), idsOf(all).toSorted());
});

Deno.test("an answer that breaks off in its body is asked for again", async () => {
  await using api = startSupportApi(numberedTickets(123));
  let broken = 0;
  api.trouble = (request) => {
    if (request !== 2) return undefined;
    broken++;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(
          new TextEncoder().encode('{"total":123,"limit":50,"offset":50,"items":[{"ticket_id":'),
        );
      },
      pull: (controller) => controller.error(new Error("the connection is lost")),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  assert.deepEqual(idsOf(await readSupportApi(api.url, undefined, options)), idsOf(api.tickets));
  assert.equal(broken, 1);
});

Deno.test("two documents of one ticket both arrive", async () => {
  await using api = startSupportApi([...numberedTickets(60), ...numberedTickets(60)]);
  assert.equal((await readSupportApi(api.url, undefined, options)).length, 120);
});

Deno.test("tickets that never stand still are given up on with a message", async () => {
  await using api = startSupportApi(numberedTickets(200));
  api.trouble = (request) => {
    if (request % 2 === 0) api.tickets.splice(0, 1);
    return undefined;
  };
  await assert.rejects(readSupportApi(api.url, undefined, options), /change faster than they can be read/);
});

Deno.test("throttled and failing requests are made again, after the pause that the server asks for", async () => {
  await using api = startSupportApi(numberedTickets(120));
  const lines: string[] = [];
  api.trouble = (request) => {
    if (request === 1) return new Response("slow down", { status: 429, headers: { "retry-after": "0.02" } });
    if (request === 3) return new Response("oops", { status: 503 });
    return undefined;
  };
  const log = createLogger((line) => void lines.push(line));
  assert.equal((await readSupportApi(api.url, undefined, { ...options, log })).length, 120);
  assert.match(lines[0]!, /status 429.*in 0\.02 s/);
  assert.match(lines[1]!, /status 503.*Trying again in 0\.001 s/);
});

Deno.test("an API that goes on failing, refuses the key or is none is explained", async () => {
  await using api = startSupportApi(numberedTickets(3));
  const fails = async (expected: RegExp, apiKey = "secret", url = api.url) => {
    await assert.rejects(readSupportApi(url, undefined, { ...options, apiKey }), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(error.message, expected);
      assert.match(error.message, /support_tickets/);
      assert.doesNotMatch(error.message, /wrong key/);
      return true;
    });
  };
  await fails(/refused the key.*SHOPFLOW_SUPPORT_API_KEY/, "wrong key");
  await fails(
    /did not return support_tickets.*status 404/,
    "secret",
    api.url.replace("/tickets", "/customers"),
  );
  api.trouble = () => new Response("<html>", { status: 200 });
  await fails(/did not return support_tickets.*found status 200 and "<html>"/);
  api.trouble = () => new Response("", { status: 302, headers: { location: "http://127.0.0.1:1/" } });
  await fails(/status 302/);
  const before = api.requests.length;
  api.trouble = () => new Response("", { status: 500 });
  await fails(/cannot be read now: found status 500/);
  assert.ok(api.requests.length - before >= 3);
  await fails(/cannot be reached/, "secret", "http://127.0.0.1:1/tickets");
  // One that was never read is more likely misspelt than down.
  const lines: string[] = [];
  const log = createLogger((line) => void lines.push(line));
  const never = { ...options, log, isKnown: false, reconnectMs: 60_000 };
  for (const address of ["127.0.0.1:1", `127.0.0.1:${closedPort()}`, "no-such-host.invalid"]) {
    const url = `http://${address}/tickets?pass=abcd-1234`;
    await assert.rejects(readSupportApi(url, undefined, never), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(
        error.message,
        /cannot be reached: found .*(are blocked|Connection refused|failed to lookup address)/,
      );
      assert.doesNotMatch(inspect(error), /abcd/);
      return true;
    });
  }
  assert.deepEqual(lines, []);
});

Deno.test("an answer that is half a page, or asks for a later try, is asked for again; one that asks for hours is not", async () => {
  await using api = startSupportApi(numberedTickets(60));
  const troubles = [
    () => new Response('{"total": 60, "items": [{"ticket', { status: 200 }),
    () => new Response("", { status: 408 }),
    () => new Response("", { status: 425, headers: { "retry-after": "0" } }),
  ];
  api.trouble = (request) => troubles[request - 1]?.();
  assert.equal((await readSupportApi(api.url, undefined, { ...options, reconnectMs: 60_000 })).length, 60);
  const lines: string[] = [];
  const log = createLogger((line) => void lines.push(line));
  api.trouble = () => new Response("", { status: 429, headers: { "retry-after": "7200" } });
  const patient = { ...options, log, reconnectMs: 120_000 };
  await assert.rejects(readSupportApi(api.url, undefined, patient), /status 429/);
  assert.match(lines.join(), /asks to wait 7200 s, longer than the 120 s that are allowed/);
});

/** A port that nothing listens on. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
