import assert from "node:assert/strict";
import process from "node:process";
import { exitReason, type ProcessOptions, runProcess } from "../../../../lib/jobs/execution/process.ts";
import { takeLease } from "../../../fixtures/lease.ts";
import { leftOf, processState, until } from "../../../fixtures/process_state.ts";

const MINUTE = 60_000;
const shell = (script: string, ...args: string[]) => ({
  program: "sh",
  args: ["-c", script, "test", ...args],
  cwd: ".",
});
const run = (script: string, options: Partial<ProcessOptions> = {}) =>
  runProcess(shell(script), { timeoutMs: MINUTE, ...options });

Deno.test("a process over its time limit gets SIGTERM and may clean up", async () => {
  const result = await run("trap 'echo tidied; exit 0' TERM; echo started; while :; do sleep 0.1; done", {
    // Time enough for a shell to start on a busy machine.
    timeoutMs: 5000,
  });
  assert.deepEqual([result.ended, result.exitCode], ["timed out", 0]);
  assert.deepEqual([result.lastLines[0], result.lastLines.at(-1)], ["started", "tidied"]);
  assert.equal(exitReason(result), "ended after its limit of 5 s");
});

Deno.test("a process that ignores SIGTERM is killed after the kill delay, with those that left its group", async () => {
  const pids: number[] = [];
  const deaf = "trap '' TERM; setsid sleep 300 & echo $!; sleep 300 & echo $!; echo $$; wait; sleep 300";
  const stop = new AbortController();
  const running = runProcess(shell(deaf), {
    timeoutMs: MINUTE,
    killAfterMs: 300,
    signal: stop.signal,
    onLine: (line) => void pids.push(Number(line)),
  });
  await until(() => pids.length === 3);
  stop.abort(new Error("a later run takes its place"));
  const result = await running;
  assert.deepEqual([result.ended, result.exitCode, result.killedBy], ["cancelled", null, "SIGKILL"]);
  assert.equal(exitReason(result), "cancelled: a later run takes its place");
  assert.deepEqual(await leftOf(pids), []);
});

Deno.test("what a process leaves running is killed at its end and not waited for", async () => {
  const result = await run("setsid sleep 300 & echo $!; sleep 300 & echo $!");
  assert.deepEqual([result.ended, result.exitCode], ["exited", 0]);
  assert.ok(result.milliseconds < MINUTE);
  assert.deepEqual(await leftOf(result.lastLines.map(Number)), []);
});

Deno.test("a process that escaped and holds the pipes open does not delay the end", async () => {
  // Without the mark in its environment and in a session of its own it cannot be found.
  const folder = await Deno.makeTempDir();
  const result = await run(
    `env -i setsid sh -c 'touch ${folder}/escaped; exec sleep 300' &
    echo $!; until [ -e ${folder}/escaped ]; do sleep 0.05; done`,
  );
  assert.equal(result.ended, "exited");
  assert.ok(await processState(Number(result.lastLines[0])), "it has escaped");
  process.kill(Number(result.lastLines[0]), "SIGKILL");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a process is killed when the lease of its scheduler expires, and goes on while it is renewed", async () => {
  const alone = await run("sleep 300", { lease: takeLease(5000) });
  assert.deepEqual([alone.ended, alone.killedBy], ["orphaned", "SIGKILL"]);
  assert.match(exitReason(alone), /lease of its scheduler expired/);
  const lease = takeLease(5000);
  const renewing = setInterval(lease.renew, 50);
  assert.equal((await run("sleep 6", { lease })).ended, "exited");
  clearInterval(renewing);
});

Deno.test({
  name: "the peak memory of a process has that of its children in it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    /** The peak of two children that hold so many bytes each, both of them at the same time for several looks. */
    async function peakOfTwo(bytes: number): Promise<number> {
      const folder = await Deno.makeTempDir();
      const hold = `const room = new Uint8Array(${bytes}).fill(1);
        Deno.writeTextFileSync("${folder}/" + Deno.pid, "");
        while ([...Deno.readDirSync("${folder}")].length < 2) await new Promise((go) => setTimeout(go, 50));
        setTimeout(() => room[0], 2000)`;
      const child = `"${Deno.execPath()}" eval "$1"`;
      const { peakBytes } = await runProcess(shell(`${child} & ${child} & wait`, hold), {
        timeoutMs: MINUTE,
      });
      await Deno.remove(folder, { recursive: true });
      return peakBytes!;
    }
    const allocated = await peakOfTwo(200e6) - await peakOfTwo(1);
    // What Deno itself takes differs by some megabytes; one child alone would be half of it.
    assert.ok(allocated > 350e6 && allocated < 500e6, `${allocated} bytes`);
  },
});

Deno.test("a process waits while its lines are not taken", async () => {
  const file = await Deno.makeTempFile();
  let takeLines = () => {};
  const taken = new Promise<void>((resolve) => takeLines = resolve);
  let count = 0;
  const line = "a line of fifty characters, which fill the pipe soon";
  const running = run(`yes '${line}' | head -n 100000; echo done >${file}`, {
    onLine: async () => {
      count++;
      await taken;
    },
  });
  await until(() => count > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await Deno.readTextFile(file), "");
  takeLines();
  assert.equal((await running).exitCode, 0);
  assert.equal(count, 100_000);
  assert.equal(await Deno.readTextFile(file), "done\n");
  await Deno.remove(file);
});

Deno.test("much output, in many lines or in one, does not fill the memory", async () => {
  const inLines = `yes '${"x".repeat(999)}' | head -c 256000000`;
  const inOne = "head -c 256000000 /dev/zero | tr '\\0' x";
  for (const script of [inLines, inOne]) {
    const folder = await Deno.makeTempDir();
    const program = new URL("./memory_of_output.ts", import.meta.url).pathname;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      // Whoever kept the output would run out of heap.
      args: [
        "run",
        "--quiet",
        "-A",
        "--v8-flags=--max-old-space-size=100",
        program,
        folder,
        "sh",
        "-c",
        script,
      ],
      stderr: "inherit",
    }).output();
    const { grown, ...rest } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual(rest, { ended: "exited", exitCode: 0, unsaved: 0 });
    assert.ok(grown < 200e6, `${grown} bytes`);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a process that ended in time has not timed out, though its scheduler was stopped meanwhile", async () => {
  const script = `import { runProcess } from "shopflow/jobs/execution/process.ts";
    const call = { program: "sh", args: ["-c", "echo started >&2; sleep 1"], cwd: "." };
    const onLine = () => console.log("started");
    console.log((await runProcess(call, { timeoutMs: 6000, onLine })).ended);`;
  const scheduler = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdout: "piped",
  }).spawn();
  let output = "";
  const reading = (async () => {
    for await (const text of scheduler.stdout.pipeThrough(new TextDecoderStream())) output += text;
  })();
  await until(() => output.includes("started"));
  scheduler.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 8000));
  scheduler.kill("SIGCONT");
  await Promise.all([reading, scheduler.status]);
  assert.equal(output, "started\nexited\n");
});
