import { stripVTControlCharacters } from "node:util";
import { countOf, formatBytes, formatDuration } from "shopflow/runtime/mod.ts";
import {
  exitReason,
  type ProcessOptions,
  type ProcessResult,
  type ProgramCall,
  runProcess,
} from "./process.ts";
import { openRunLog, type RunLog } from "./run_log.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type Execute,
  type Execution,
  formatRunName,
  type Outcome,
  stopped,
  type StopReason,
} from "../run.ts";
import { type Step, stepName } from "../job.ts";

interface StepOptions extends Omit<ProcessOptions, "onLine"> {
  /** Receives what the program prints, between a line with its command and one with its outcome. */
  log: RunLog;
}

/** Runs a step's program in a process of its own, with its output in the run's log. */
export async function runStep(
  program: ProgramCall,
  { log, ...options }: StepOptions,
): Promise<ProcessResult> {
  const { mask = (line: string) => line } = options;
  log.write(mask(`$ ${[program.program, ...program.args].map(quoted).join(" ")}`));
  const ended = await runProcess(program, { ...options, onLine: (line) => log.write(line) });
  const { milliseconds, peakBytes } = ended;
  const memory = peakBytes === undefined ? "" : `, peak memory ${formatBytes(peakBytes)}`;
  log.write(mask(`= ${exitReason(ended)}; took ${formatDuration(milliseconds)}${memory}`));
  return ended;
}

/** An argument as a shell would want it, for reading and copying. */
function quoted(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

interface StepExecutorOptions {
  store: ObjectStore;
  /** The program that does a step of a run. */
  program: (step: Step, execution: Pick<Execution, "job" | "run">) => ProgramCall;
  now: () => Date;
  /** Takes secrets out of what is kept of the output. */
  mask: (line: string) => string;
  /** Receives a line about what could not be stored of a log. */
  warn: (message: string) => void;
  /** Between asking a process to stop and killing it, in milliseconds; default 5000. */
  killAfterMs?: number | undefined;
}

/**
 * Executes the steps of runs, each in a process of its own that does not outlive the scheduler's lease; what they print
 * goes into the log of the run.
 */
export function stepExecutor(options: StepExecutorOptions): Execute {
  const { store, now, warn } = options;
  return async (execution) => {
    const { job, run, attempt } = execution;
    const log = openRunLog(store, { job: job.name, scheduledFor: run.scheduledFor, attempt }, { now });
    try {
      return await executeSteps(execution, log, options);
    } finally {
      const { unsaved, problem } = await log.close();
      if (unsaved > 0) {
        warn(`${formatRunName(run)}: could not store ${countOf(unsaved, "line")} of its log: ${problem}`);
      }
    }
  };
}

async function executeSteps(
  execution: Execution,
  log: RunLog,
  { program, mask, killAfterMs }: StepExecutorOptions,
): Promise<Outcome> {
  const { job, run, signal, lease } = execution;
  const until = performance.now() + job.timeoutMinutes * 60_000;
  let peakBytes: number | undefined;
  const partsLeftOut: string[] = [];
  const measured = (outcome: Outcome) => peakBytes === undefined ? outcome : { ...outcome, peakBytes };
  for (const [i, step] of job.steps.entries()) {
    const name = stepName(step);
    if (run.stepsDone.includes(name)) {
      log.write(`${name}: done by an earlier attempt`);
      continue;
    }
    if (signal.aborted) return measured(stopped(signal.reason as StopReason));
    const ended = await runStep(program(step, execution), {
      log,
      mask,
      signal,
      killAfterMs,
      timeoutMs: Math.max(1, until - performance.now()),
      lease,
    });
    if (ended.peakBytes !== undefined) peakBytes = Math.max(peakBytes ?? 0, ended.peakBytes);
    if (ended.ended !== "exited" || ended.exitCode !== 0) {
      return measured(failure(job, name, ended, signal));
    }
    partsLeftOut.push(...partsLeftOutOf(ended));
    // The end of the last step is that of the run, which is written down at once after it.
    if (i < job.steps.length - 1 && !await execution.stepDone(name)) {
      return measured(stopped("lease expired"));
    }
  }
  return measured({ ended: "succeeded", reason: successReason(partsLeftOut), exitCode: 0 });
}

const LEFT_OUT = /^warning: (a part of .+)$/;

/** What a step that succeeded said that it did without, in lines `warning: a part of …`. */
export const partsLeftOutOf = ({ lastLines }: Pick<ProcessResult, "lastLines">): string[] =>
  lastLines.flatMap((line) => LEFT_OUT.exec(stripVTControlCharacters(line))?.[1] ?? []);

/** Whoever sees only that a run succeeded has to see what is missing. */
export const successReason = (partsLeftOut: string[]): string =>
  shortened(["all steps succeeded", ...partsLeftOut].join("; "));

function failure(
  { steps, timeoutMinutes }: Pick<Execution["job"], "steps" | "timeoutMinutes">,
  name: string,
  result: ProcessResult,
  signal: AbortSignal,
): Outcome {
  if (result.ended === "cancelled") return stopped(signal.reason as StopReason);
  if (result.ended === "orphaned") return stopped("lease expired");
  const where = steps.length > 1 ? `${name}: ` : "";
  if (result.ended === "timed out") {
    return {
      ended: "timed out",
      reason: `${where}stopped after the job's limit of ${timeoutMinutes} minutes`,
    };
  }
  const { exitCode } = result;
  return {
    ended: "failed",
    reason: where + failureReason(result),
    ...(exitCode === null ? {} : { exitCode }),
  };
}

/** A reason is read in lists, in tables and on phones. */
const LONGEST_REASON = 500;
/** How V8 says, among much else, that a program needed more memory than its heap may have. */
const HEAP_IS_FULL = /Fatal JavaScript out of memory|JavaScript heap out of memory/;

/**
 * Why a step failed, in one line: what its program said last after `error: `, as every program of ours does and Deno
 * itself. The exit code is only for those that said nothing.
 */
export function failureReason(result: ProcessResult): string {
  const lines = result.lastLines.map(stripVTControlCharacters);
  if (lines.some((line) => HEAP_IS_FULL.test(line))) {
    return `out of memory: the heap of JavaScript is full (${exitReason(result)})`;
  }
  const said = lastMessage(lines);
  // Whoever was killed may have said before what it then coped with.
  if (result.exitCode === null) return exitReason(result);
  const last = lines.findLast((line) => line.trim() !== "")?.trim();
  let reason = said ||
    (last === undefined ? exitReason(result) : `${exitReason(result)}, after it said: ${last}`);
  // It is followed by what happens next.
  if (reason.endsWith(".") && !reason.endsWith("..")) reason = reason.slice(0, -1);
  return shortened(reason);
}

const shortened = (reason: string) =>
  reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON - 1)}…` : reason;

const SAID = /^error: /;

/** The last message with its parts, which are indented below it; a stack and the cause that it repeats are none. */
function lastMessage(lines: string[]): string | undefined {
  const start = lines.findLastIndex((line) => SAID.test(line));
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !/^ {2}\S/.test(line) || line.startsWith("  cause: "));
  const parts = rest.slice(0, end < 0 ? rest.length : end).map((line) => line.trim());
  const message = lines[start]!.replace(SAID, "").trim();
  return parts.length === 0 ? message : `${message}: ${parts.join("; ")}`;
}
