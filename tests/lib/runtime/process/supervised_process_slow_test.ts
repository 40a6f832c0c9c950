import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { startSupervised } from "shopflow/runtime/process/mod.ts";
import { takeLease } from "../../../fixtures/lease.ts";
import { leftOf, processState, until } from "../../../fixtures/process_state.ts";

const PROGRAM = join(import.meta.dirname!, "supervising_program.ts");
const env = { PATH: Deno.env.get("PATH")! };

/** Nobody wakes those who wait for it. */
const LOCK = new Int32Array(new SharedArrayBuffer(4));

/** Shells that may be `sh` on a machine. */
const SHELLS = ["dash", "bash", "busybox"].map((name) => ({ name, path: programPath(name) }));

for (const { name, path } of SHELLS) {
  const ignore = path === undefined || Deno.build.os === "windows";
  const why = ignore ? ` (ignored: no ${name} on the PATH)` : "";

  Deno.test({
    name: `a process is killed when its parent is stopped and the lease expires, with ${name} as guard${why}`,
    ignore,
    fn: () =>
      withProgram({ shell: path!, leaseMs: 4000 }, async ({ program, pids }) => {
        await delay(5000);
        for (const pid of pids) {
          assert.ok(await processState(pid), "it runs while its parent renews the lease");
        }
        program.kill("SIGSTOP");
        assert.deepEqual(await leftOf(pids), []);
        assert.match((await processState(program.pid))!, /^T/);
      }),
  });

  Deno.test({
    name: `a process is killed when its parent is killed, with ${name} as guard${why}`,
    ignore,
    fn: () =>
      withProgram({ shell: path!, leaseMs: 600_000 }, async ({ program, pids }) => {
        program.kill("SIGKILL");
        assert.deepEqual(await leftOf(pids), []);
      }),
  });
}

for (const { name, path } of SHELLS) {
  const ignore = path === undefined || Deno.build.os === "windows";
  const why = ignore ? ` (ignored: no ${name} on the PATH)` : "";

  Deno.test({
    name:
      `a process gets its whole environment, also names that are not identifiers, with ${name} as start gate${why}`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "gate_shell_" });
      await provideShell(folder, path!);
      const given = {
        PATH: folder + delimiter + env.PATH,
        PLAIN: "plain",
        "MY.VAR": "with $HOME, `date`, 'quotes' and \"more\"\nin two lines ",
        "A-B": "",
        "1ST": "a=b",
        "BASH_FUNC_which%%": "() { echo; }",
      };
      const print = [Deno.execPath(), "eval", "console.log(JSON.stringify(Deno.env.toObject()))"];
      const supervised = await startSupervised(print, { cwd: ".", env: given, lease: takeLease(600_000) });
      const [said] = await Promise.all([
        new Response(supervised.child.stdout).json(),
        supervised.child.stderr.cancel(),
        supervised.child.status,
      ]);
      await supervised.end();
      const names = Object.keys(said).filter((name) =>
        !["SUPERVISED_BY", "PWD", "OLDPWD", "SHLVL", "_"].includes(name)
      );
      assert.deepEqual(Object.fromEntries(names.map((name) => [name, said[name]])), given);
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test("a process whose lease is not renewed is killed and reported as orphaned", async () => {
  const supervised = await startSupervised(["sleep", "300"], { cwd: ".", env, lease: takeLease(5000) });
  const status = await ended(supervised.child);
  await supervised.end();
  assert.equal(status.signal, "SIGKILL");
  assert.equal(supervised.orphaned, true);
});

Deno.test("a renewal counts from the time it was requested", async () => {
  const lease = takeLease(60_000);
  const supervised = await startSupervised(["sleep", "300"], { cwd: ".", env, lease });
  const renewed = performance.now();
  lease.renew(61_000);
  await ended(supervised.child);
  assert.ok(performance.now() - renewed < 30_000, "it ends long before its first lease expires");
  await supervised.end();
  assert.equal(supervised.orphaned, true);
});

Deno.test({
  name: "a process does not start when the lease has expired since it was read",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "too_late_" });
    const lease = takeLease(500);
    // Like a program that is stopped between reading the lease and starting the process.
    const stopped = { ...lease, heldUntil: () => (Atomics.wait(LOCK, 0, 0, 1000), lease.heldUntil()) };
    const supervised = await startSupervised(["touch", "began"], { cwd: folder, env, lease: stopped });
    const { success } = await ended(supervised.child);
    await supervised.end();
    assert.deepEqual([success, supervised.orphaned], [false, true]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "a process that was too late starts once the lease is renewed",
  ignore: Deno.build.os === "windows",
  async fn() {
    const lease = takeLease(600_000);
    let looks = 0;
    // The first time the gate gets has passed; the guard looks at the clock half a minute later.
    const late = { ...lease, heldUntil: () => ++looks === 2 ? 0 : lease.heldUntil() };
    const supervised = await startSupervised(["true"], { cwd: ".", env, lease: late });
    lease.renew();
    const { success } = await ended(supervised.child);
    await supervised.end();
    assert.deepEqual([success, supervised.orphaned], [true, false]);
  },
});

Deno.test("a process that its parent ends is not orphaned, and nothing of it is left", async () => {
  const family = "setsid sleep 300 & echo $!; sleep 300 & echo $!; echo done; wait";
  const supervised = await startSupervised(["sh", "-c", family], {
    cwd: ".",
    env,
    lease: takeLease(600_000),
  });
  const pids: number[] = [];
  const reading = (async () => {
    for await (const text of supervised.child.stdout.pipeThrough(new TextDecoderStream())) {
      pids.push(...text.match(/\d+/g)?.map(Number) ?? []);
    }
  })();
  await until(() => pids.length === 2);
  await supervised.end();
  await Promise.all([reading, supervised.child.stderr.cancel(), supervised.child.status]);
  assert.deepEqual(await leftOf(pids), []);
  assert.equal(supervised.orphaned, false);
});

Deno.test("a program that cannot be started leaves no guard", async () => {
  await assert.rejects(
    startSupervised(["/no/such/program"], { cwd: ".", env, lease: takeLease(600_000) }),
    Deno.errors.NotFound,
  );
});

Deno.test("a guard ignores SIGTERM; when it is killed, its process is killed too", async () => {
  await withProgram({ leaseMs: 600_000 }, async ({ pids, mark }) => {
    const first = await pidsOf(mark);
    await delay(300);
    // A process that a guard starts looks like the guard for a moment.
    const guards = (await pidsOf(mark)).filter((pid) => first.includes(pid));
    assert.ok(guards.length > 0);
    for (const pid of guards) process.kill(pid, "SIGTERM");
    await delay(300);
    const left = await pidsOf(mark);
    assert.deepEqual(guards.filter((pid) => !left.includes(pid)), []);
    for (const pid of guards) process.kill(pid, "SIGKILL");
    assert.deepEqual(await leftOf(pids.slice(-1)), []);
    for (const pid of pids) killIfThere(pid);
  });
});

Deno.test("ending a supervised process ends those that it supervises", async () => {
  const outer = await startSupervised([Deno.execPath(), "run", "-A", PROGRAM, "600000"], {
    cwd: ".",
    env: Deno.env.toObject(),
  });
  const { pids, reading } = await familyOf(outer.child.stdout);
  await outer.end();
  await Promise.all([reading, outer.child.stderr.cancel(), outer.child.status]);
  assert.deepEqual(await leftOf(pids), []);
});

/** Runs `body` with a program that supervises a family of processes; `pids` are theirs, the head of the family last. */
async function withProgram(
  { shell, leaseMs }: { shell?: string; leaseMs: number },
  body: (running: { program: Deno.ChildProcess; pids: number[]; mark: string }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "guard_shell_" });
  if (shell !== undefined) await provideShell(folder, shell);
  const program = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", PROGRAM, String(leaseMs)],
    env: { PATH: folder + delimiter + env.PATH },
    stdout: "piped",
  }).spawn();
  try {
    const { pids, mark, reading } = await familyOf(program.stdout);
    await body({ program, pids, mark });
    killIfThere(program.pid);
    await reading;
  } finally {
    killIfThere(program.pid);
    await program.status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes a folder where `sh` is this shell; of BusyBox also the programs that it contains are used. */
async function provideShell(folder: string, shell: string): Promise<void> {
  const names = shell.endsWith("busybox") ? ["sh", "cat", "grep", "sleep", "tr"] : ["sh"];
  for (const name of names) await Deno.symlink(shell, join(folder, name));
}

async function familyOf(stdout: ReadableStream<Uint8Array<ArrayBuffer>>) {
  let text = "";
  const reading = (async () => {
    for await (const piece of stdout.pipeThrough(new TextDecoderStream())) text += piece;
  })();
  await until(() => text.trimEnd().split("\n").length === 3 && text.endsWith("\n"));
  const pids = text.trim().split("\n").map((line) => Number(line.split(" ")[0]));
  return { pids, mark: text.trim().split(" ").at(-1)!, reading };
}

/** Processes that have a text in their command line, as a guard has the mark. */
async function pidsOf(text: string): Promise<number[]> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-f", text] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
}

async function ended(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  const [status] = await Promise.all([child.status, child.stdout.cancel(), child.stderr.cancel()]);
  return status;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}

function programPath(name: string): string | undefined {
  return env.PATH.split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path));
}
