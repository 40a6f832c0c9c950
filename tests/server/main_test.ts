import assert from "node:assert/strict";
import { join } from "node:path";
import { RawConnection } from "./raw_connection.ts";
import { publishSmallSnapshot, temporaryLake } from "./small_lake.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** Starts the server as a program of its own, with settings and nothing else from outside. */
function startServer(settings: Record<string, string>, args: string[] = []): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-net",
      "--allow-sys",
      "--allow-ffi",
      "server/main.ts",
      ...args,
    ],
    cwd: ROOT,
    env: { SHOPFLOW_API_KEY: "", SHOPFLOW_HOST: "", ...settings },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function failure(settings: Record<string, string>, args: string[] = []): Promise<string> {
  const { code, stderr } = await startServer(settings, args).output();
  assert.equal(code, 1);
  return new TextDecoder().decode(stderr);
}

/** What a program says next; it fails when the program has ended without it. */
async function nextText(reader: ReadableStreamDefaultReader<string>, before: string): Promise<string> {
  const { value, done } = await reader.read();
  assert.ok(!done, `the program ended after: ${before}`);
  return value;
}

Deno.test("the server says what to open, answers, and ends at SIGTERM", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const server = startServer({ SHOPFLOW_LAKE: lake.store.url, SHOPFLOW_PORT: "0" });
  const errors = new Response(server.stderr).text();
  let printed = "";
  let status: number | undefined;
  for await (const text of server.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (status !== undefined || !printed.includes("Ctrl+C")) continue;
    const url = printed.match(/http:\S+(?=\/health)/)![0];
    const answer = await fetch(`${url}/health`);
    status = answer.status;
    await answer.body?.cancel();
    server.kill("SIGTERM");
  }
  assert.equal(status, 200);
  assert.match(printed, /http:\/\/127\.0\.0\.1:\d+\/reports/);
  assert.match(printed, /http:\/\/127\.0\.0\.1:\d+\/jobs/);
  assert.equal((await server.status).code, 0);
  assert.match(await errors, /"path":"\/health","status":200/);
});

Deno.test("requests must name this machine or the public address, and a second signal does not wait", async () => {
  await using lake = await temporaryLake();
  const server = startServer({
    SHOPFLOW_LAKE: lake.store.url,
    SHOPFLOW_PORT: "0",
    SHOPFLOW_PUBLIC_URL: "https://shopflow.example.com/shop",
  });
  let printed = "";
  const stdout = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!printed.includes("Ctrl+C")) printed += await nextText(stdout, printed);
  const url = printed.match(/http:\S+(?=\/health)/)![0];
  for (
    const [host, status] of [["shopflow.example.com", 200], ["evil.example", 421], ["a b", 400]] as const
  ) {
    using client = await RawConnection.open(url);
    await client.send(`GET /openapi.json HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    assert.match(await client.answer(), new RegExp(`^HTTP/1\\.1 ${status} `), host);
  }
  using slow = await RawConnection.open(url);
  await slow.send(
    "POST /predict/churn HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n",
  );
  assert.match(await slow.answer(), /^HTTP\/1\.1 100 /);
  server.kill("SIGTERM");
  let logged = "";
  const stderr = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
  while (!logged.includes("a second signal stops the server at once")) {
    logged += await nextText(stderr, logged);
  }
  server.kill("SIGTERM");
  assert.equal((await server.status).signal, "SIGTERM");
  assert.equal(await slow.untilClosed(), "");
  await Promise.all([stdout.cancel(), stderr.cancel()]);
});

Deno.test("a port in use is refused with what to do", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const message = await failure({ SHOPFLOW_PORT: String(port), SHOPFLOW_LAKE: "/nonexistent" });
  assert.match(message, new RegExp(`Port ${port} is in use`));
  assert.match(message, /SHOPFLOW_PORT=\d+/);
  assert.doesNotMatch(message, /\.ts:/);
});

Deno.test("the server does not listen to other machines without a key", async () => {
  const message = await failure({ SHOPFLOW_HOST: "0.0.0.0", SHOPFLOW_PORT: "0" });
  assert.match(message, /SHOPFLOW_API_KEY/);
});

Deno.test("a host that is none of this machine's is refused with what to correct", async () => {
  const message = await failure({
    SHOPFLOW_HOST: "203.0.113.5",
    SHOPFLOW_API_KEY: "key",
    SHOPFLOW_PORT: "0",
  });
  assert.match(message, /cannot listen on 203\.0\.113\.5.*Correct SHOPFLOW_HOST/);
});

Deno.test("arguments are refused, since settings are environment variables", async () => {
  assert.match(await failure({}, ["--port", "9000"]), /unknown option .--port.*SHOPFLOW_PORT.*--help/s);
});
