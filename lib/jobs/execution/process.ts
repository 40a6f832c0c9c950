import { formatDuration } from "shopflow/runtime/mod.ts";
import { type Lease, startSupervised, type SupervisedProcess } from "shopflow/runtime/process/mod.ts";
import process from "node:process";
import { createLineSplitter } from "./output.ts";

/** A program to start, without a shell. */
export interface ProgramCall {
  program: string;
  args: string[];
  /** Working directory. */
  cwd: string;
  /** Added to the environment. */
  env?: Record<string, string>;
}

/** How a process ended. */
export interface ProcessResult {
  ended:
    /** By itself, or by a signal that is not ours. */
    | "exited"
    | "timed out"
    | "cancelled"
    /** Killed by its guard, because the scheduler's lease expired. */
    | "orphaned"
    | "not started";
  /** Null where a signal killed it, or it did not start. */
  exitCode: number | null;
  /** Name of the signal that killed it. */
  killedBy: string | null;
  /** `reason` of the signal that cancelled it. */
  cancelReason?: unknown;
  /** Why it could not be started. */
  problem?: string;
  /** Largest resident memory of the process with all that it started, in bytes; where the system tells. */
  peakBytes?: number | undefined;
  /** The end of what it printed on both streams, masked. */
  lastLines: string[];
  milliseconds: number;
  /** The limit it had, in milliseconds. */
  timeoutMs: number;
}

/** Why a process ended, in a few words for the ledger, e.g. `exit code 3`. */
export function exitReason(result: ProcessResult): string {
  switch (result.ended) {
    case "not started":
      return `could not be started: ${result.problem ?? "unknown reason"}`;
    case "timed out":
      return `ended after its limit of ${formatDuration(result.timeoutMs)}`;
    case "cancelled":
      return `cancelled: ${cancelled(result.cancelReason)}`;
    case "orphaned":
      return "killed by its guard, because the lease of its scheduler expired";
    case "exited":
      if (result.killedBy === "SIGKILL") return "killed by SIGKILL, perhaps out of memory";
      return result.killedBy === null ? `exit code ${result.exitCode}` : `killed by ${result.killedBy}`;
  }
}

/** Of an abort without a reason of its own the system's words say nothing. */
function cancelled(reason: unknown): string {
  if (reason instanceof DOMException && reason.name === "AbortError") return "on request";
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : "on request";
}

/** Watches how much memory a process uses. */
interface PeakMemory {
  /** Ends the watch. Largest memory so far in bytes, undefined where the system does not tell. */
  stop(): Promise<number | undefined>;
}

/** Between two looks, in seconds. */
const PERIOD = "0.25";

/**
 * Deno may not read /proc without every permission; a shell may. Twice a look at the beginning, for short processes.
 * `VmHWM` is the peak of a single process, also between two looks; `VmRSS` is what all have now. Pages that
 * processes share count once for each. Prints a larger peak when there is one, in KiB.
 */
const SCRIPT = `
peak=0 pause=0.02
while [ -d "/proc/$1" ]; do
  total=0 largest=0 family=$1
  while [ -n "$family" ]; do
    parents=$family family=
    for pid in $parents; do
      while read -r key value rest; do
        case $key in
          VmHWM:) [ "$value" -le "$largest" ] || largest=$value ;;
          VmRSS:) total=$((total + value)) && break ;;
        esac
      done <"/proc/$pid/status"
      for file in "/proc/$pid"/task/*/children; do
        children= && read -r children <"$file"
        family="$family $children"
      done
    done
    case $family in *[0-9]*) ;; *) family= ;; esac
  done
  # It has ended, but its parent has not asked for its end yet.
  [ "$total" -gt 0 ] || break
  [ "$total" -ge "$largest" ] || total=$largest
  [ "$total" -le "$peak" ] || { peak=$total && echo "$peak"; }
  sleep $pause >/dev/null || sleep 1 >/dev/null
  pause=${PERIOD}
done`;

/** Watches a process and all that it started, those excepted whose parent ended. */
function watchMemory(pid: number): PeakMemory {
  if (Deno.build.os !== "linux") return { stop: () => Promise.resolve(undefined) };
  const watch = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "memory-watch", String(pid)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let printed = "";
  const reading = (async () => {
    for await (const text of watch.stdout.pipeThrough(new TextDecoderStream())) {
      printed = (printed + text).slice(-100);
    }
  })();
  return {
    async stop() {
      try {
        watch.kill("SIGKILL");
      } catch (error) {
        // The process was gone at its last look, and so is it.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
      await Promise.all([reading, watch.status]);
      const last = printed.split("\n").slice(0, -1).at(-1);
      return last === undefined ? undefined : Number(last) * 1024;
    },
  };
}

export interface ProcessOptions {
  /** The process is ended after so long. */
  timeoutMs: number;
  /** Ends it early; the signal's reason is in the result. */
  signal?: AbortSignal | undefined;
  /** Is applied to each line before anyone sees it. */
  mask?: (line: string) => string;
  /** Receives what the process prints; while a promise of it is open, no more is read. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void | Promise<void>;
  /** Between asking the process to stop and killing it, in milliseconds; default 5000. */
  killAfterMs?: number | undefined;
  /** Of whoever answers for it: the process and all that it started are killed before it is over. */
  lease?: Lease | undefined;
}

/** How many of the last lines a result has. */
const LAST_LINES = 100;
/** For so long after the end of a process more output may be on its way. */
const LAST_OUTPUT_MS = 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs a program to its end within a time limit. It and its group are asked to stop (SIGTERM) before they are
 * killed; at its end all that it started is killed as well. Its environment is that of this program with the call's.
 *
 * Rejects only with what `onLine` or `mask` threw, and for a defect.
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
  let started: SupervisedProcess;
  try {
    started = await startSupervised([call.program, ...call.args], {
      cwd: call.cwd,
      env: { ...Deno.env.toObject(), ...call.env },
      lease: options.lease,
    });
  } catch (error) {
    const { mask = (line: string) => line } = options;
    if (!isSystemError(error)) throw error;
    return finish({ ended: "not started", problem: mask(error.message) });
  }
  try {
    return finish(await watch(started, options));
  } finally {
    await started.end();
  }
}

/** Whether the system could not start a program; any other error is a defect. */
function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return Object.values(Deno.errors).some((kind) => error instanceof kind) ||
    /\(os error \d+\)/.test(error.message);
}

/** What is known of a result without its start. */
type Outcome = Omit<ProcessResult, "milliseconds" | "timeoutMs">;

async function watch(supervised: SupervisedProcess, options: ProcessOptions): Promise<Outcome> {
  const { timeoutMs, signal, mask = (line) => line, onLine, killAfterMs = 5000 } = options;
  const { child } = supervised;
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
    later(killAfterMs, () => supervised.end());
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
  await supervised.end();
  const peakBytes = await memory.stop();
  await output.drain(LAST_OUTPUT_MS);
  return {
    // A process that exited by itself has its result, whether its lease expired or not.
    ended: supervised.orphaned && status.signal !== null ? "orphaned" : outcome(),
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
