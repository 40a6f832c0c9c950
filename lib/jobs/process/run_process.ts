import { type GuardedProcess, type Lease, startGuarded } from "shopflow/runtime/mod.ts";
import process from "node:process";
import { createLineSplitter } from "./line_splitter.ts";
import { watchMemory } from "./peak_memory.ts";
import type { ProcessResult, ProgramCall } from "./process_result.ts";

export interface ProcessOptions {
  /** The process is ended after so long. */
  timeoutMs: number;
  /** Ends it early; the signal's reason is in the result. */
  signal?: AbortSignal;
  /** Is applied to each line before anyone sees it. */
  mask?: (line: string) => string;
  /** Receives what the process prints; while a promise of it is open, no more is read. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void | Promise<void>;
  /** Between asking the process to stop and killing it, in milliseconds; default 5000. */
  graceMs?: number;
  /** Of whoever answers for it: the process and all that it started are killed before it is over. */
  lease?: Lease;
}

/** How many of the last lines a result has. */
const LAST_LINES = 20;
/** For so long after the end of a process more output may be on its way. */
const LAST_OUTPUT_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs a program to its end within a time limit. It and its group are asked to stop (SIGTERM) before they are
 * killed; at its end all that it started is killed as well. Its environment is that of this program with the call's.
 *
 * Rejects only with what `onLine` or `mask` threw.
 */
export async function runProcess(call: ProgramCall, options: ProcessOptions): Promise<ProcessResult> {
  const startedAt = performance.now();
  const finish = (rest: Pick<Outcome, "ended"> & Partial<Outcome>): ProcessResult => ({
    exitCode: null,
    killedBy: null,
    lastLines: [],
    ...rest,
    milliseconds: Math.round(performance.now() - startedAt),
    timeoutMs: options.timeoutMs,
  });
  if (options.signal?.aborted) {
    return finish({ ended: "cancelled", cancelReason: options.signal.reason });
  }
  let started: GuardedProcess;
  try {
    started = await startGuarded([call.program, ...call.args], {
      cwd: call.cwd,
      env: { ...Deno.env.toObject(), ...call.env },
      lease: options.lease,
    });
  } catch (error) {
    const { mask = (line: string) => line } = options;
    return finish({ ended: "not started", problem: mask((error as Error).message) });
  }
  try {
    return finish(await watch(started, options));
  } finally {
    await started.end();
  }
}

/** What is known of a result without its start. */
type Outcome = Omit<ProcessResult, "milliseconds" | "timeoutMs">;

async function watch(guarded: GuardedProcess, options: ProcessOptions): Promise<Outcome> {
  const { timeoutMs, signal, mask = (line) => line, onLine, graceMs = 5000 } = options;
  const { child } = guarded;
  const memory = watchMemory(child.pid);
  const lastLines: string[] = [];
  const output = readOutput(child, mask, async (line, stream) => {
    if (lastLines.push(line) > LAST_LINES) lastLines.shift();
    await onLine?.(line, stream);
  });

  let stopped: "timed out" | "cancelled" | undefined;
  const timers: ReturnType<typeof setTimeout>[] = [];
  const later = (ms: number, work: () => void) =>
    timers.push(setTimeout(work, Math.min(ms, LONGEST_TIMER_MS)));
  const stop = (why: "timed out" | "cancelled") => {
    if (stopped !== undefined) return;
    stopped = why;
    askToStop(child);
    later(graceMs, () => guarded.end());
  };
  const outcome = (): "exited" | "timed out" | "cancelled" => stopped ?? "exited";
  // Not at once: where this program was stopped itself, the process may have ended in time, and is heard of only now.
  const timeOut = () => later(0, () => stop("timed out"));
  const cancel = () => stop("cancelled");
  later(timeoutMs, timeOut);
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();

  const status = await child.status;
  signal?.removeEventListener("abort", cancel);
  timers.forEach(clearTimeout);
  await guarded.end();
  const peakBytes = await memory.stop();
  await output.drain(LAST_OUTPUT_MS);
  return {
    // One that ended by itself did so whoever attended to it.
    ended: guarded.unattended && status.signal !== null ? "unattended" : outcome(),
    exitCode: status.signal === null ? status.code : null,
    killedBy: status.signal,
    cancelReason: outcome() === "cancelled" ? signal?.reason : undefined,
    peakBytes,
    lastLines,
  };
}

/** Reads both streams, so that the process never waits for us longer than `take` does. */
function readOutput(
  child: Deno.ChildProcess,
  mask: (line: string) => string,
  take: (line: string, stream: "stdout" | "stderr") => Promise<void>,
): { drain(idleMs: number): Promise<void> } {
  let chunks = 0;
  const stopReading = new AbortController();
  const read = async (stream: "stdout" | "stderr") => {
    const splitter = createLineSplitter(mask);
    const sink = new WritableStream<Uint8Array>({
      async write(bytes) {
        chunks++;
        for (const line of splitter.push(bytes)) await take(line, stream);
      },
    });
    try {
      await child[stream].pipeTo(sink, { signal: stopReading.signal });
    } catch (error) {
      if (!stopReading.signal.aborted) throw error;
    }
    for (const line of splitter.end()) await take(line, stream);
  };
  // Of a stream whose lines are not taken the process hears that nobody reads it; we throw when it has ended.
  const reading = Promise.allSettled([read("stdout"), read("stderr")]);
  return {
    /** Waits for the end of the output, or until nothing came for a while: one who escaped may hold the pipes open. */
    async drain(idleMs) {
      let before = -1;
      const timer = setInterval(() => {
        if (before === chunks) stopReading.abort();
        before = chunks;
      }, idleMs);
      try {
        const failed = (await reading).find((outcome) => outcome.status === "rejected");
        if (failed !== undefined) throw failed.reason;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

function askToStop(child: Deno.ChildProcess): void {
  try {
    if (Deno.build.os === "windows") child.kill("SIGTERM");
    else process.kill(-child.pid, "SIGTERM");
  } catch (error) {
    // It ended between our decision and the signal; macOS says EPERM until we have heard of that.
    const gone = error instanceof TypeError || error instanceof Deno.errors.NotFound ||
      ["ESRCH", "EPERM"].includes((error as { code?: string }).code ?? "");
    if (!gone) throw error;
  }
}
