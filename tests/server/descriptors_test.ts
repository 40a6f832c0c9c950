import assert from "node:assert/strict";
import { join } from "node:path";
import { RawConnection } from "./raw_connection.ts";
import { publishSmallSnapshot, temporaryLake } from "./small_lake.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const GET = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

interface Program {
  url: string;
  kill(signal: Deno.Signal): void;
  /** Its exit code and all that it wrote to standard error. */
  end: Promise<{ code: number; errors: string }>;
}

/** A server that may open so many files and connections. */
async function start(limit: number, file: string, env: Record<string, string> = {}): Promise<Program> {
  const grants = ["read", "write", "env", "net", "sys", "ffi"].map((name) => `--allow-${name}`).join(" ");
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${limit}; exec "${Deno.execPath()}" run ${grants} ${file}`],
    cwd: ROOT,
    env: { SHOPFLOW_API_KEY: "", SHOPFLOW_HOST: "", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  let url: string | undefined;
  while (url === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(await errors);
    printed += value;
    url = printed.match(/(http:\S+?\d)(?:\/health .*Ctrl\+C|\n$)/s)?.[1];
  }
  return {
    url,
    kill: (signal) => child.kill(signal),
    end: (async () => {
      while (!(await reader.read()).done);
      return { code: (await child.status).code, errors: await errors };
    })(),
  };
}

async function ask(url: string, request = GET): Promise<string> {
  using client = await RawConnection.open(url);
  await client.send(request);
  return await client.answer();
}

Deno.test("a server outlives more idle connections than it has descriptors, answering all the while", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const server = await start(256, "server/main.ts", { SHOPFLOW_LAKE: lake.store.url, SHOPFLOW_PORT: "0" });
  const idle: RawConnection[] = [];
  for (let i = 0; i < 300; i++) {
    idle.push(await RawConnection.open(server.url));
    if (i % 50 === 49) assert.match(await ask(server.url), /^HTTP\/1\.1 200 /);
  }
  for (const connection of idle) connection[Symbol.dispose]();
  assert.match(await ask(server.url), /^HTTP\/1\.1 200 /);
  server.kill("SIGTERM");
  const { code, errors } = await server.end;
  assert.equal(code, 0);
  assert.match(
    errors,
    /may open 2\d\d more files and connections; the server takes at most 1\d\d connections/,
  );
  assert.equal(errors.match(/warning: connections closed by the server/g)?.length, 1);
});

Deno.test("a server that had no descriptor left for a connection accepts again once there is one", async () => {
  const server = await start(128, "tests/server/starved_server.ts");
  using insider = await RawConnection.open(server.url);
  await insider.send(GET.replace("/health", "/starve"));
  assert.match(await insider.answer(), /\r\n\r\n[1-9]\d*$/);
  using outsider = await RawConnection.open(server.url);
  await outsider.send(GET);
  await insider.send(GET.replace("/health", "/feed"));
  await insider.answer();
  // Those who come before the port is opened again may be lost with the queue that they were in.
  let answer: Promise<string> = outsider.answer();
  while (await answer.catch(() => "") === "") answer = ask(server.url);
  server.kill("SIGKILL");
  const { errors } = await server.end;
  assert.match(errors, /the port did not accept connections any more/);
});
