import assert from "node:assert/strict";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { createConnectionReport } from "../../server/connections/connection_report.ts";
import { DEADLINES, type Deadlines } from "../../server/connections/connection_table.ts";
import { listen, mostConnections } from "../../server/listen.ts";
import { RawConnection } from "./raw_connection.ts";
import { temporaryLake } from "./small_lake.ts";

/** Larger than what the buffers of two sockets hold. */
const LARGE = "x".repeat(32 << 20);
/** Nothing but what a test passes of time ends a connection, and a stop waits for ever. */
const SLOW_STOP: Partial<Deadlines> = { checkMs: 2, shutdownMs: 1e9 };
const HOST = "host: localhost\r\n";
const GET = `GET /openapi.json HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST /predict/churn HTTP/1.1\r\n${HOST}content-type: application/json\r\n`;

interface Server {
  url: string;
  stop(): Promise<number>;
  open(): Promise<RawConnection>;
  /** How many connections were cut for a reason. */
  cuts(reason: string): Promise<number>;
  pass(ms: number): void;
  /** Lets time pass, `ms` every few turns of the event loop, until the server closes; what came until then. */
  passUntilClosed(client: RawConnection, ms: number): Promise<string>;
  /** Paths of requests. */
  asked: string[];
  /** Requests to /held that wait for `release`. */
  held: PromiseWithResolvers<void>[];
  log: string[];
}

/** The app with more routes: /large, whose answer is, /held, whose answer waits, and /json. */
async function serve(
  { most, apiKey, ...deadlines }: { most?: number; apiKey?: string; shutdownMs?: number },
  body: (server: Server) => Promise<void>,
): Promise<void> {
  await using lake = await temporaryLake();
  let now = 0;
  const log: string[] = [];
  const logger = createLogger((line) => log.push(line));
  const runtime = createRuntime({ log: logger, progress: silentProgress });
  const report = createConnectionReport(logger);
  const app = createApp({ store: lake.store, runtime, apiKey, connections: report });
  const asked: string[] = [];
  const held: PromiseWithResolvers<void>[] = [];
  const server = await listen(
    async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/json") return Response.json({ name: "Zoë" }, { headers: { "x-own": "kept" } });
      if (pathname === "/large") return new Response(LARGE);
      if (pathname !== "/held") return await app.fetch(request);
      const wait = Promise.withResolvers<void>();
      held.push(wait);
      await wait.promise;
      return new Response("released");
    },
    { host: "127.0.0.1", port: 0, apiKey, maxConnections: most },
    { deadlines: { ...SLOW_STOP, ...deadlines }, report, log: logger, clock: () => now },
  );
  const opened: RawConnection[] = [];
  try {
    await body({
      url: server.url,
      stop: server.stop,
      open: async () => {
        const connection = await RawConnection.open(server.url);
        opened.push(connection);
        return connection;
      },
      cuts: async (reason) =>
        Number((await report.metrics()).match(new RegExp(`reason="${reason}"\\} (\\d+)`))![1]),
      pass: (ms) => now += ms,
      passUntilClosed: async (client, ms) => {
        let closed = false;
        const received = client.untilClosed().finally(() => closed = true);
        await until(() => {
          if (!closed) now += ms;
          return closed;
        });
        return await received;
      },
      asked,
      held,
      log,
    });
  } finally {
    for (const connection of opened) connection[Symbol.dispose]();
    for (const wait of held) wait.resolve();
    await server.stop();
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await turn();
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

async function answers({ open }: Server): Promise<void> {
  const client = await open();
  await client.send(GET);
  assert.match(await client.answer(), /^HTTP\/1\.1 200 /);
}

Deno.test("headers that trickle in are answered with 408 and the connection is closed", () =>
  serve({}, async (server) => {
    const client = await server.open();
    let closed = false;
    const received = server.passUntilClosed(client, 50).finally(() => closed = true);
    for (let sent = 0; !closed; sent++) {
      await client.send(GET.slice(0, -2)[sent] ?? "x");
      await turn();
    }
    assert.match(await received, /^HTTP\/1\.1 408 Request Timeout.*"request_timeout"/s);
    assert.equal(await server.cuts("header_deadline"), 1);
    await answers(server);
  }));

Deno.test("a connection that never sends anything is closed at the headers' deadline, without an answer", () =>
  serve({}, async ({ open, log, passUntilClosed }) => {
    assert.equal(await passUntilClosed(await open(), DEADLINES.headersMs / 10), "");
    assert.deepEqual(log.filter((line) => line.includes("warning")), []);
  }));

Deno.test("a later request on a connection has the headers' deadline, too", () =>
  serve({}, async ({ open, cuts, passUntilClosed }) => {
    const client = await open();
    await client.send(GET);
    await client.answer();
    await client.send("GET /openapi.json HTTP/1.1\r\nhost:");
    assert.match(await passUntilClosed(client, 50), /^HTTP\/1\.1 408 /);
    assert.equal(await cuts("header_deadline"), 1);
  }));

Deno.test("a connection that waits for its next request is closed at the idle deadline", () =>
  serve({}, async ({ open, passUntilClosed }) => {
    const client = await open();
    await client.send(GET);
    await client.answer();
    assert.equal(await passUntilClosed(client, DEADLINES.idleMs / 10), "");
  }));

for (
  const [what, head] of [
    ["of a known length", "content-length: 1000\r\n\r\n{"],
    ["in chunks", "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ["that is announced by Expect", "expect: 100-continue\r\ncontent-length: 1000\r\n\r\n"],
  ] as const
) {
  Deno.test(`a body ${what} that does not arrive is answered with 408`, () =>
    serve({}, async (server) => {
      const client = await server.open();
      await client.send(POST + head);
      await until(() => server.asked.length === 1);
      assert.match(await server.passUntilClosed(client, 200), /HTTP\/1\.1 408 /);
      assert.equal(await server.cuts("body_deadline"), 1);
      assert.deepEqual(server.log.filter((line) => line.includes("failed")), []);
      await answers(server);
    }));
}

for (
  const [what, head, status] of [
    ["a GET", `GET /openapi.json HTTP/1.1\r\n${HOST}`, 200],
    ["an address that is none", `POST /nothing HTTP/1.1\r\n${HOST}x-api-key: key\r\n`, 404],
    ["a request without the key", POST, 401],
    ["a method that is none", `DELETE /health HTTP/1.1\r\n${HOST}`, 405],
  ] as const
) {
  Deno.test(`a body of 10 GB of ${what} is answered at once and not read to its end`, () =>
    serve({ apiKey: "key" }, async (server) => {
      const client = await server.open();
      await client.send(`${head}content-length: 10000000000\r\n\r\n`);
      assert.match(await client.answer(), new RegExp(`^HTTP/1\\.1 ${status} `));
      let closed = false;
      const rest = server.passUntilClosed(client, 50).finally(() => closed = true);
      while (!closed) await client.send("x".repeat(64 * 1024));
      assert.equal(await rest, "");
      await answers(server);
    }));
}

Deno.test("an answer that the client does not take is cut at its deadline", () =>
  serve({}, async (server) => {
    const client = await server.open();
    await client.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
    await client.begun();
    await until(async () => {
      server.pass(DEADLINES.answerMs / 2);
      return await server.cuts("answer_deadline") === 1;
    });
    assert.ok((await client.untilClosed()).length < LARGE.length);
    await answers(server);
  }));

Deno.test("a full server closes the connections that have waited longest, and answers new ones", () =>
  serve({ most: 3 }, async ({ open, cuts }) => {
    const [guest, first, second] = [await open(), await open(), await open()];
    await guest.send(GET);
    await guest.answer();
    for (let i = 0; i < 20; i++) {
      const client = await open();
      await client.send(GET);
      assert.match(await client.answer(), /^HTTP\/1\.1 200 /);
    }
    // Those who never sent a request went first, then the ones that were answered, by age.
    for (const closed of [first, second, guest]) assert.equal(await closed.untilClosed(), "");
    assert.equal(await cuts("made_room"), 20);
  }));

Deno.test("in a full server, half-sent headers and bodies and answers that are not taken give way, too", () =>
  serve({ most: 3 }, async (server) => {
    await (await server.open()).send("GET / HTT");
    const body = await server.open();
    await body.send(`${POST}expect: 100-continue\r\ncontent-length: 10\r\n\r\n{`);
    assert.match(await body.answer(), /^HTTP\/1\.1 100 /);
    const reader = await server.open();
    await reader.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
    await reader.begun();
    for (let i = 0; i < 6; i++) {
      const client = await server.open();
      await client.send(`GET /held HTTP/1.1\r\n${HOST}\r\n`);
      if (i < 3) await until(() => server.held.length === i + 1);
      else assert.equal(await client.untilClosed(), "");
    }
    assert.equal(await server.cuts("made_room"), 3);
    // What the server works for is not given up; those that find no place are refused.
    assert.equal(await server.cuts("refused"), 3);
    assert.equal(server.log.filter((line) => line.includes("connections closed by the server")).length, 1);
  }));

Deno.test("a stop closes what waits, finishes what is under way, and takes no new connections", () =>
  serve({}, async ({ open, stop, held, url }) => {
    const [silent, guest, working] = [await open(), await open(), await open()];
    await guest.send(GET);
    await guest.answer();
    await working.send(`GET /held HTTP/1.1\r\n${HOST}\r\n`);
    await until(() => held.length === 1);
    const stopped = stop();
    assert.equal(await silent.untilClosed(), "");
    assert.equal(await guest.untilClosed(), "");
    await assert.rejects(RawConnection.open(url), Deno.errors.ConnectionRefused);
    held[0]!.resolve();
    assert.match(await working.untilClosed(), /^HTTP\/1\.1 200 .*connection: close.*released$/si);
    assert.equal(await stopped, 0);
  }));

Deno.test("a stop cuts slow bodies, slow answers and readers that stopped at its deadline, and counts them", () =>
  serve({ shutdownMs: 50 }, async ({ open, stop, held, cuts }) => {
    const [body, working, reader] = [await open(), await open(), await open()];
    await reader.send(`GET /large HTTP/1.1\r\n${HOST}\r\n`);
    await reader.begun();
    await body.send(`${POST}expect: 100-continue\r\ncontent-length: 10\r\n\r\n{`);
    assert.match(await body.answer(), /^HTTP\/1\.1 100 /);
    await working.send(`GET /held HTTP/1.1\r\n${HOST}\r\n`);
    await until(() => held.length === 1);
    assert.equal(await stop(), 3);
    assert.equal(await working.untilClosed(), "");
    assert.equal(await cuts("shutdown"), 3);
  }));

const MALFORMED: Record<string, [bytes: string, status: RegExp]> = {
  "the hello of TLS": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", /^HTTP\/1\.1 400 /],
  "the preface of HTTP/2": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^HTTP\/1\.1 (400|505) /],
  "no Host": ["GET /health HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
  "a Host with a space": ["GET /health HTTP/1.1\r\nhost: a b\r\n\r\n", /^HTTP\/1\.1 400 /],
  "a Host with a user": ["GET /health HTTP/1.1\r\nhost: a@localhost\r\n\r\n", /^HTTP\/1\.1 400 /],
  "an empty Host": ["GET /health HTTP/1.1\r\nhost: \r\n\r\n", /^HTTP\/1\.1 400 /],
  "a Host with a port that is none": [
    "GET /health HTTP/1.1\r\nhost: localhost:99999\r\n\r\n",
    /^HTTP\/1\.1 400 /,
  ],
  "two Hosts": [`GET /health HTTP/1.1\r\n${HOST}host: evil.example\r\n\r\n`, /^HTTP\/1\.1 400 /],
  "a target that is none": [`GET http://[ HTTP/1.1\r\n${HOST}\r\n`, /^HTTP\/1\.1 400 /],
  "zero bytes in a header": [`GET /health HTTP/1.1\r\n${HOST}x: \0\r\n\r\n`, /^HTTP\/1\.1 400 /],
  "two lengths": [`${POST}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`, /^HTTP\/1\.1 400 /],
  "a length and chunks": [
    `${POST}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
  ],
  "a header of 20 KiB": [
    `GET /health HTTP/1.1\r\n${HOST}x: ${"x".repeat(20 << 10)}\r\n\r\n`,
    /^HTTP\/1\.1 431 /,
  ],
  "a header without an end": [`GET /health HTTP/1.1\r\nx: ${"x".repeat(64 << 10)}`, /^HTTP\/1\.1 431 /],
  "a thousand headers": [
    `GET /health HTTP/1.1\r\n${HOST}${"x-header: some value\r\n".repeat(1000)}\r\n`,
    /^HTTP\/1\.1 431 /,
  ],
  "a tunnel": [
    "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n",
    /^(HTTP\/1\.1 4\d\d |$)/,
  ],
};

Deno.test("what is not HTTP is refused with a 4xx and harms nobody", () =>
  serve({}, async (server) => {
    for (const [what, [bytes, status]] of Object.entries(MALFORMED)) {
      const client = await server.open();
      await client.send(bytes);
      // Of requests that are HTTP but wrong, the connection stays.
      assert.match(await server.passUntilClosed(client, DEADLINES.idleMs / 100), status, what);
    }
    await answers(server);
    assert.deepEqual(server.log.filter((line) => /"status":5|failed/.test(line)), []);
  }));

Deno.test("requests that do not wait for answers are answered in their order; an upgrade is a plain request", () =>
  serve({}, async ({ open }) => {
    const client = await open();
    await client.send(GET + `GET /nothing HTTP/1.1\r\n${HOST}\r\n` + GET);
    const statuses = [await client.answer(), await client.answer(), await client.answer()]
      .map((answer) => answer.match(/^HTTP\/1\.1 (\d+)/)?.[1]);
    assert.deepEqual(statuses, ["200", "404", "200"]);
    const upgrading = await open();
    await upgrading.send(
      `GET /openapi.json HTTP/1.1\r\n${HOST}connection: Upgrade\r\nupgrade: websocket\r\n` +
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
    );
    assert.match(await upgrading.answer(), /^HTTP\/1\.1 200 /);
  }));

Deno.test("a client that sends requests without end is worked for one at a time, then cut", () =>
  serve({}, async (server) => {
    const client = await server.open();
    const held = `GET /held HTTP/1.1\r\n${HOST}\r\n`;
    await client.send(held.repeat(50));
    await until(() => server.held.length === 1);
    server.held[0]!.resolve();
    await until(() => server.held.length === 2);
    await client.send(held.repeat(1000));
    await client.untilClosed();
    assert.equal(server.held.length, 2);
    assert.equal(await server.cuts("ahead"), 1);
    await answers(server);
  }));

Deno.test("a body in chunks is read as one with a length, up to the same limit", () =>
  serve({}, async ({ url }) => {
    const send = (text: string) =>
      fetch(`${url}/predict/churn`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        // A stream has no length.
        body: new Blob([text]).stream(),
      });
    const half = await send('{"customer_id": ');
    assert.deepEqual([half.status, (await half.json()).error.code], [400, "invalid_json"]);
    const whole = await send('{"customer_id": "CUST000001"}');
    assert.deepEqual([whole.status, (await whole.json()).error.code], [503, "not_ready"]);
    const large = await send(JSON.stringify({ customer_id: "x".repeat(70_000) }));
    assert.deepEqual([large.status, (await large.json()).error.code], [413, "body_too_large"]);
  }));

Deno.test("an answer in JSON has its length in bytes and its own headers, without a body for HEAD", () =>
  serve({}, async ({ url }) => {
    const [answer, head] = await Promise.all(
      ["GET", "HEAD"].map((method) => fetch(`${url}/json`, { method })),
    );
    for (const { status, headers } of [answer!, head!]) {
      assert.equal(status, 200);
      assert.equal(headers.get("content-length"), "15");
      assert.equal(headers.get("x-own"), "kept");
      assert.equal(headers.get("content-type"), "application/json");
    }
    assert.deepEqual(await answer!.json(), { name: "Zoë" });
    assert.equal(await head!.text(), "");
    const ofApp = await fetch(`${url}/openapi.json`, { method: "HEAD" });
    assert.deepEqual([ofApp.status, ofApp.headers.get("content-length")], [200, null]);
  }));

Deno.test("connections that were cut are in the metrics", () =>
  serve({}, async ({ open, url }) => {
    const client = await open();
    await client.send("nonsense\r\n\r\n");
    await client.untilClosed();
    const text = await (await fetch(`${url}/metrics`)).text();
    assert.match(text, /^shopflow_server_connections_cut_total\{reason="malformed"\} 1$/m);
    assert.match(text, /^shopflow_server_connections 1$/m);
    assert.match(text, /^shopflow_schedulers_alive /m);
  }));

Deno.test("a server takes as many connections as leave half of the descriptors for files", () => {
  const log: string[] = [];
  const most = (set: number | undefined, limit: number) =>
    mostConnections(set, createLogger((line) => log.push(line)), limit);
  assert.equal(most(undefined, 1024), 512);
  assert.match(log.join(), /may open 1024 more .* at most 512 connections .* LimitNOFILE/);
  assert.deepEqual([most(undefined, 16384), most(undefined, Infinity), most(100, 16384)], [4096, 4096, 100]);
  assert.equal(log.length, 1);
  assert.throws(() => most(1000, 1024), /SHOPFLOW_MAX_CONNECTIONS.*at most 896.*found 1000.*Raise the limit/);
  assert.throws(() => most(undefined, 1), /limit of open files is too low/);
});
