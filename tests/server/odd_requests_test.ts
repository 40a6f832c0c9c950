/** Requests that are valid but rare, or wrong, as a real server answers them. */
import assert from "node:assert/strict";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import type { Problem } from "./api_client.ts";
import { RawConnection } from "./raw_connection.ts";
import { temporaryLake } from "./small_lake.ts";

async function serve(body: (url: string) => Promise<void>): Promise<void> {
  await using lake = await temporaryLake();
  const log = createLogger(() => {});
  const app = createApp({ store: lake.store, runtime: createRuntime({ log, progress: silentProgress }) });
  const server = await listen(
    (request) => app.fetch(request),
    { host: "127.0.0.1", port: 0, apiKey: undefined, maxConnections: undefined },
    { log },
  );
  try {
    await body(server.url);
  } finally {
    await server.stop();
  }
}

async function askRaw(url: string, request: string): Promise<{ status: number; text: string }> {
  using connection = await RawConnection.open(url);
  await connection.send(request);
  const text = await connection.answer();
  return { status: Number(text.match(/^HTTP\/1\.1 (\d+)/)?.[1]), text };
}

Deno.test("a Host that no URL can have is refused as malformed", () =>
  serve(async (url) => {
    const hosts = [
      ...["xn--", "xn--zzzz99999", "1.2.3.4.5", "256.1.1.1", "999999999999", "1.2.3.999", "[", "a b", ""],
      ...["localhost:99999", "localhost:", "[::g]", "a@b", "localhost,evil.example"],
    ];
    for (const host of hosts) {
      const { status, text } = await askRaw(url, `GET /openapi.json HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
      assert.equal(status, 400, host);
      assert.match(text, /"code":"malformed_(host|request)"/, host);
    }
  }));

Deno.test("a request with another method gets an answer that can be read, packed or not", () =>
  serve(async (url) => {
    const cases = [
      ["PUT", "/docs", "GET, HEAD"],
      ["DELETE", "/openapi.json", "GET, HEAD"],
      ["OPTIONS", "/reports", "GET, HEAD"],
      ["GET", "/predict/churn", "POST"],
      ["OPTIONS", "/predict/churn", "POST"],
      ["PATCH", "/reports", "GET, HEAD"],
    ] as const;
    for (const [method, path, allowed] of cases) {
      for (const encoding of ["gzip", "identity"]) {
        const answer = await fetch(url + path, { method, headers: { "accept-encoding": encoding } });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.get("allow"), allowed);
        const { error } = await answer.json() as Problem;
        assert.deepEqual([error.code, error.found], ["method_not_allowed", method]);
      }
    }
  }));

Deno.test("a POST that names neither a length nor an encoding has no body", () =>
  serve(async (url) => {
    const post = (path: string) => askRaw(url, `POST ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    const churn = await post("/predict/churn");
    assert.match(churn.text, /"code":"invalid_request"|"code":"invalid_json"/);
    const pause = await post("/api/jobs/train-models/pause");
    assert.match(pause.text, /"code":"actions_off"/);
  }));

Deno.test("a body whose bytes are no UTF-8 is refused, not looked up with other signs in their place", () =>
  serve(async (url) => {
    const post = async (id: number[]) => {
      const [begin, end] = ['{"customer_id": "', '"}'].map((text) => new TextEncoder().encode(text));
      const body = Uint8Array.from([...begin!, ...id, ...end!]);
      const answer = await fetch(`${url}/predict/churn`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      return `${answer.status} ${(await answer.json() as Problem).error.code}`;
    };
    // Müller in latin-1, a character that is cut off, and half of a surrogate pair.
    for (const id of [[0x4d, 0xfc, 0x6c], [0xc3], [0xed, 0xa0, 0x80]]) {
      assert.equal(await post(id), "400 body_not_utf8");
    }
    for (const id of ["Müller", "\ufffd", "🙂"]) {
      assert.match(await post([...new TextEncoder().encode(id)]), /^503 /, id);
    }
  }));

Deno.test("a % that begins no %-code of UTF-8 is refused, not looked up as it is written", () =>
  serve(async (url) => {
    for (const path of ["/recommend/%", "/recommend/%zz", "/recommend/100%25%ff", "/inventory/%C3"]) {
      const { status, text } = await askRaw(url, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
      assert.equal(status, 400, path);
      assert.match(text, /"code":"malformed_path"/);
    }
    for (const path of ["/recommend/100%25", "/recommend/a%2Fb", "/recommend/CUST000001?n=5"]) {
      const { status } = await askRaw(url, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
      assert.equal(status, 503, path);
    }
  }));
