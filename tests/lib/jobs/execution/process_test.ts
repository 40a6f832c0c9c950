import assert from "node:assert/strict";
import {
  exitReason,
  type ProcessOptions,
  type ProcessResult,
  runProcess,
} from "../../../../lib/jobs/execution/process.ts";
import { takeLease } from "../../../fixtures/lease.ts";
import { leftOf } from "../../../fixtures/process_state.ts";

const MINUTE = 60_000;
const shell = (script: string, ...args: string[]) => ({
  program: "sh",
  args: ["-c", script, "test", ...args],
  cwd: ".",
});
const run = (script: string, options: Partial<ProcessOptions> = {}) =>
  runProcess(shell(script), { timeoutMs: MINUTE, ...options });

Deno.test("a process has its exit code, its time, and the lines of both streams", async () => {
  const lines: string[] = [];
  const result = await run("echo copied; echo 'no such table' >&2; printf 'without end'; exit 3", {
    onLine: (line, stream) => void lines.push(`${stream}: ${line}`),
  });
  assert.deepEqual(lines.toSorted(), ["stderr: no such table", "stdout: copied", "stdout: without end"]);
  assert.deepEqual(result.lastLines.toSorted(), ["copied", "no such table", "without end"]);
  assert.deepEqual([result.ended, result.exitCode, result.killedBy], ["exited", 3, null]);
  assert.ok(result.milliseconds > 0 && result.milliseconds < MINUTE);
  assert.equal(exitReason(result), "exit code 3");
});

Deno.test("a process gets our environment with what is added for it", async () => {
  const call = { ...shell("echo $HOME $ADDED"), env: { ADDED: "one more" } };
  const { lastLines } = await runProcess(call, { timeoutMs: MINUTE });
  assert.deepEqual(lastLines, [`${Deno.env.get("HOME")} one more`]);
});

Deno.test("a signal that is not ours is in the reason, of SIGKILL with the usual cause", async () => {
  assert.equal(exitReason(await run("kill -KILL $$")), "killed by SIGKILL, perhaps out of memory");
  assert.equal(exitReason(await run("kill -ABRT $$")), "killed by SIGABRT");
  for (const signal of ["USR1", "USR2", "ABRT"]) {
    const underLease = await run(`kill -${signal} $$`, { lease: takeLease(10 * MINUTE) });
    assert.deepEqual([underLease.ended, exitReason(underLease)], ["exited", `killed by SIG${signal}`]);
  }
});

Deno.test("a program that cannot be started is a result as well", async () => {
  const call = { program: "/no/such/program", args: [], cwd: "." };
  const result = await runProcess(call, { timeoutMs: MINUTE, lease: takeLease(MINUTE) });
  assert.equal(result.ended, "not started");
  assert.match(exitReason(result), /^could not be started: .*\/no\/such\/program/);
});

Deno.test("what was cancelled before its start is not started", async () => {
  const file = await Deno.makeTempFile();
  const result = await run(`echo ran >${file}`, { signal: AbortSignal.abort("the schedule stops") });
  assert.equal(exitReason(result), "cancelled: the schedule stops");
  assert.equal(await Deno.readTextFile(file), "");
  await Deno.remove(file);
});

Deno.test("an error of `onLine` is thrown when the process has ended", async () => {
  const pids: number[] = [];
  const onLine = (line: string) => {
    pids.push(Number(line));
    throw new Error("no more lines, please");
  };
  await assert.rejects(run("echo $$; yes", { onLine }), /no more lines/);
  assert.deepEqual(await leftOf(pids), []);
});

Deno.test("durations in reasons are in words", () => {
  const after = (timeoutMs: number) =>
    exitReason({ ended: "timed out", timeoutMs } as ProcessResult).replace("ended after its limit of ", "");
  assert.deepEqual([850, 12_340, 60_000, 90_000, 5_400_000].map(after), [
    "850 ms",
    "12 s",
    "1 min",
    "1 min 30 s",
    "1 h 30 min",
  ]);
});
