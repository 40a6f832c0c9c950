import assert from "node:assert/strict";
import { join } from "node:path";
import type { Run } from "shopflow/jobs/mod.ts";
import { withTerminal } from "./jobs_terminal.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** A database that takes connections and never says a word, so that what copies from it goes on until it is ended. */
function silentDatabase() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const asked = Promise.withResolvers<void>();
  const accepting = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      asked.resolve();
    }
  })();
  return {
    url: `postgres://reader:secret@127.0.0.1:${listener.addr.port}/shop`,
    asked: asked.promise,
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach((connection) => connection.close());
      await accepting;
    },
  };
}

Deno.test("SIGTERM in the middle of a tick hands its run over to the next one, and the exit code is 0", {
  ignore: Deno.build.os === "windows",
}, () =>
  withTerminal(async ({ home, jobs, json }) => {
    await using database = silentDatabase();
    await jobs("trigger", "refresh-data");
    const tick = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "schedules/jobs_main.ts", "tick"],
      cwd: ROOT,
      env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: "", SHOPFLOW_POSTGRES_URL: database.url, NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const said = Promise.all([tick.stdout.text(), tick.stderr.text()]);
    await database.asked;
    assert.equal((await json("show", "refresh-data")).status, "running");
    tick.kill("SIGTERM");
    const { code } = await tick.status;
    const [stdout, stderr] = await said;
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^refresh-data@\S+Z interrupted in .*: its scheduler was stopped; another scheduler continues it$/m,
    );
    assert.match(stdout, /^left: refresh-data@\S+Z interrupted/m);
    assert.deepEqual((await json("list")).schedulers, [], "it has said goodbye");

    const left: Run = await json("show", "refresh-data");
    assert.equal(left.status, "interrupted");
    assert.deepEqual(left.attempts.map(({ ended }) => ended), ["released"]);
    // The next tick takes it up at once; there it has no database to wait for.
    const next = await jobs("tick");
    assert.equal(next.code, 0, next.stderr);
    const after: Run = await json("show", left.job + "@" + left.scheduledFor);
    assert.equal(after.attempts.length, 2);
    assert.equal(after.attempts[1]!.ended, "failed");
  }));
