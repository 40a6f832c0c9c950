import { InputError } from "shopflow/errors/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import { formatRunName, hasSucceeded, isFinal, type Run, type RunName } from "shopflow/jobs/mod.ts";
import { triggerRun } from "shopflow/jobs/requests/mod.ts";
import { aliveSchedulers, seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import { followRunLog } from "shopflow/jobs/execution/mod.ts";
import { answer, type JobsContext, type JsonFlag, readTime, requestOf } from "./context.ts";
import { noScheduler, pauseNote, statusText } from "./text.ts";
import type { Command } from "commander";
import { findTarget } from "./find.ts";

interface WaitOptions {
  /** The number of the first attempt that is of interest. */
  from: number;
  /** Between two looks, in milliseconds; default 500. */
  pollMs?: number;
}

/** So often, in looks, it is seen whether a scheduler lives. */
const LOOKS_PER_CHECK = 20;

/** Prints the log of a run, one attempt after the other, until it ends. @returns the run as it is then. */
async function waitForRun(
  context: JobsContext,
  wanted: RunName,
  { from, pollMs = 500 }: WaitOptions,
): Promise<Run> {
  const { ledger, store, print, paint, runtime: { log } } = context;
  const name = formatRunName(wanted);
  let told = "";
  for (let attempt = from;;) {
    const run = await untilTried(context, wanted, attempt, pollMs, (reason) => {
      if (reason !== told) log.info(`${name}: ${reason}`);
      told = reason;
    });
    const tried = run.attempts.find(({ number }) => number >= attempt);
    if (tried === undefined) {
      print(`${name} ${statusText(run, paint)}: ${run.reason}`);
      return run;
    }
    log.info(`${name}: attempt ${tried.number} on ${tried.owner}`);
    const over = (now: Run | undefined) =>
      now === undefined || isFinal(now.status) ||
      now.attempts.some(({ number, finishedAt }) => number === tried.number && finishedAt !== undefined);
    const ended = async () => over(await ledger.run(wanted));
    for await (const line of followRunLog(store, wanted, { attempt: tried.number, ended, pollMs })) {
      print(line);
    }
    attempt = tried.number + 1;
  }
}

/** Until the attempt has begun, or nothing follows any more. */
async function untilTried(
  { ledger, store, runtime }: JobsContext,
  wanted: RunName,
  attempt: number,
  pollMs: number,
  tell: (reason: string) => void,
): Promise<Run> {
  for (let look = 0;; look++) {
    const run = (await seenRuns(ledger, runtime.now(), [(await ledger.run(wanted))!]))[0]!;
    if (isFinal(run.status) || run.attempts.some(({ number }) => number >= attempt)) return run;
    const checks = look % LOOKS_PER_CHECK === 0;
    if (checks && (await aliveSchedulers(store, runtime.now())).length === 0) tell(noScheduler(store));
    else if (checks) tell(`${run.status}, ${run.reason}`);
    await delay(pollMs);
  }
}

interface TriggerFlags extends JsonFlag {
  scheduledFor?: string;
  wait?: boolean;
}

/** `jobs trigger JOB`: asks the schedulers of the lake for a run. */
export function addTriggerCommand(program: Command, context: () => JobsContext): void {
  program.command("trigger")
    .description(
      "trigger a run now, or re-run a past one with --scheduled-for; starts without waiting for " +
        "dependencies and " +
        "lists those that have not succeeded",
    )
    .argument("<job>", "the job's name, or JOB@TIME as `runs` prints it to re-run that run")
    .option(
      "--scheduled-for <time>",
      "re-run the run of this time, with its own data interval; finished steps are skipped",
    )
    .option("--wait", "print its log until it ends; the exit code is 1 if it does not succeed")
    .option("--json", "print the run as JSON; with --wait, after it has ended")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task jobs trigger refresh-data --wait" +
        "\n  deno task jobs trigger train-models@2024-10-02T23:20Z",
    )
    .action((name: string, flags: TriggerFlags) => trigger(context(), name, flags));
}

async function trigger(context: JobsContext, name: string, flags: TriggerFlags): Promise<void> {
  const { jobs, ledger, store, runtime } = context;
  const { job, scheduledFor } = findTarget(jobs, name);
  const at = flags.scheduledFor === undefined
    ? scheduledFor
    : readTime("--scheduled-for", flags.scheduledFor);
  if (scheduledFor !== undefined && at?.getTime() !== scheduledFor.getTime()) {
    throw new InputError("Two runs are named", {
      expected: "JOB@TIME, or JOB with --scheduled-for",
      found: `${name} and --scheduled-for ${flags.scheduledFor}`,
    });
  }
  const run = await triggerRun(ledger, job, requestOf(context), at, jobs);
  for (const unmet of run.unmet ?? []) runtime.log.warn(`Unmet dependency (ignored): ${unmet}`);
  const asked = `${formatRunName(run)} is ${run.status}${await pauseNote(ledger, run)}`;
  if (!flags.wait) {
    const nobody = (await aliveSchedulers(store, runtime.now())).length === 0;
    return answer(context, run, () => nobody ? `${asked}. ${noScheduler(store)}` : asked, flags);
  }
  runtime.log.info(asked);
  const quiet = flags.json ? { ...context, print: runtime.log.info } : context;
  const ended = await waitForRun(quiet, run, { from: (run.attempts.at(-1)?.number ?? 0) + 1 });
  if (flags.json) answer(context, ended, () => "", flags);
  if (!hasSucceeded(ended)) Deno.exitCode = 1;
}
