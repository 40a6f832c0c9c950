import {
  formatRunName,
  hasSucceeded,
  isFinal,
  requestRun,
  type RunName,
  type Slot,
} from "shopflow/jobs/mod.ts";
import { livingSchedulers } from "shopflow/jobs/scheduler/mod.ts";
import { followRunLog } from "shopflow/jobs/execution/mod.ts";
import { answer, type JobsContext, type JsonFlag, readTime, requestOf } from "./context.ts";
import { noScheduler, statusText } from "./text.ts";
import type { Command } from "commander";
import { findJob } from "./find.ts";

interface WaitOptions {
  /** The number of the first try that is of interest. */
  from: number;
  /** Between two looks, in milliseconds; default 500. */
  pollMs?: number;
}

/** So often, in looks, it is seen whether a scheduler lives. */
const LOOKS_PER_CHECK = 20;

/** Prints the log of a run, one try after the other, until it ends. @returns the slot as it is then. */
async function waitForRun(
  context: JobsContext,
  run: RunName,
  { from, pollMs = 500 }: WaitOptions,
): Promise<Slot> {
  const { ledger, store, print, paint, runtime: { log } } = context;
  const name = formatRunName(run);
  let told = "";
  for (let attempt = from;;) {
    const slot = await untilTried(context, run, attempt, pollMs, (reason) => {
      if (reason !== told) log.info(`${name}: ${reason}`);
      told = reason;
    });
    const tried = slot.attempts.find(({ number }) => number >= attempt);
    if (tried === undefined) {
      print(`${name} ${statusText(slot, paint)}: ${slot.reason}`);
      return slot;
    }
    log.info(`${name}: try ${tried.number} on ${tried.owner}`);
    const over = (now: Slot | undefined) =>
      now === undefined || isFinal(now.status) ||
      now.attempts.some(({ number, finishedAt }) => number === tried.number && finishedAt !== undefined);
    const ended = async () => over(await ledger.slot(run));
    for await (const line of followRunLog(store, run, { attempt: tried.number, ended, pollMs })) print(line);
    attempt = tried.number + 1;
  }
}

/** Until the try has begun, or nothing follows any more. */
async function untilTried(
  { ledger, store, runtime }: JobsContext,
  run: RunName,
  attempt: number,
  pollMs: number,
  tell: (reason: string) => void,
): Promise<Slot> {
  for (let look = 0;; look++) {
    const slot = (await ledger.slot(run))!;
    if (isFinal(slot.status) || slot.attempts.some(({ number }) => number >= attempt)) return slot;
    const checks = look % LOOKS_PER_CHECK === 0;
    if (checks && (await livingSchedulers(store, runtime.now())).length === 0) tell(noScheduler(store));
    else if (checks) tell(`${slot.status}, ${slot.reason}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

interface RunFlags extends JsonFlag {
  slot?: string;
  wait?: boolean;
}

/** `jobs run JOB`: asks the schedulers of the lake for a run. */
export function addRunCommand(program: Command, context: () => JobsContext): void {
  program.command("run")
    .description(
      "ask for a run: of now, or of a slot that was not run or did not succeed; it does not wait for the jobs it " +
        "depends on, but says which of them have not succeeded",
    )
    .argument("<job>", "the job's name")
    .option("--slot <time>", "the slot, with its own data interval; steps that are done are not done again")
    .option("--wait", "print its log until it ends; the exit code is 1 when it did not succeed")
    .option("--json", "print the ledger's entry; with --wait as it is in the end")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task jobs run refresh-data --wait" +
        "\n  deno task jobs run train-models --slot 2024-10-02T23:20Z",
    )
    .action((name: string, flags: RunFlags) => run(context(), name, flags));
}

async function run(context: JobsContext, name: string, flags: RunFlags): Promise<void> {
  const { jobs, ledger, store, runtime } = context;
  const job = findJob(jobs, name);
  const at = flags.slot === undefined ? undefined : readTime("--slot", flags.slot);
  const slot = await requestRun(ledger, job, requestOf(context), at, jobs);
  for (const unmet of slot.unmet ?? []) runtime.log.warn(`It does not wait for what it depends on: ${unmet}`);
  const asked = `${formatRunName(slot)} is ${slot.status}`;
  if (!flags.wait) {
    const nobody = (await livingSchedulers(store, runtime.now())).length === 0;
    return answer(context, slot, () => nobody ? `${asked}; ${noScheduler(store)}` : asked, flags);
  }
  runtime.log.info(asked);
  const quiet = flags.json ? { ...context, print: runtime.log.info } : context;
  const ended = await waitForRun(quiet, slot, { from: (slot.attempts.at(-1)?.number ?? 0) + 1 });
  if (flags.json) answer(context, ended, () => "", flags);
  if (!hasSucceeded(ended)) Deno.exitCode = 1;
}
