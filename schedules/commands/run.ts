import type { Command } from "commander";
import { formatRunName, hasSucceeded, livingSchedulers, requestRun } from "shopflow/jobs/mod.ts";
import { findJob } from "./find_job.ts";
import { answer, type JobsContext, type JsonFlag, requestOf } from "./jobs_context.ts";
import { noScheduler } from "./no_scheduler.ts";
import { readTime } from "./options.ts";
import { waitForRun } from "./wait_for_run.ts";

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
