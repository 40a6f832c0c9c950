import type { Command } from "commander";
import { formatRunName, isOpen } from "shopflow/jobs/mod.ts";
import { cancelRun, pauseJob, resumeJob } from "shopflow/jobs/requests/mod.ts";
import { answer, type JobsContext, type JsonFlag, requestOf } from "./context.ts";
import { findRun, findTarget } from "./find.ts";

/** `jobs cancel RUN`: ends a run, or does not let it start. */
export function addCancelCommand(program: Command, context: () => JobsContext): void {
  program.command("cancel")
    .description("cancel a running, queued or waiting run")
    .argument("<run>", "JOB@TIME as `runs` prints it, or a job's name for its current run")
    .option("--json", "print the run as JSON")
    .addHelpText("after", "\nExample:\n  deno task jobs cancel train-models")
    .action((name: string, flags: JsonFlag) => cancel(context(), name, flags));
}

async function cancel(context: JobsContext, name: string, flags: JsonFlag): Promise<void> {
  const found = await findRun(context, name, "open");
  const run = await cancelRun(context.ledger, found, requestOf(context));
  answer(
    context,
    run,
    () =>
      isOpen(run)
        ? `Cancellation of ${formatRunName(run)} requested; ${
          found.status === "interrupted"
            ? "it is written down by the next scheduler that runs"
            : "its scheduler stops it within seconds"
        }.`
        : `${formatRunName(run)} is ${run.status}: ${run.reason}`,
    flags,
  );
}

interface PauseFlags extends JsonFlag {
  reason?: string;
}

const TARGET = "the job's name, or one of its runs";

/** `jobs pause JOB` and `jobs resume JOB`. */
export function addPauseCommands(program: Command, context: () => JobsContext): void {
  program.command("pause")
    .description(
      "pause a job: runs that become due are skipped until `resume`; a current run is not stopped",
    )
    .argument("<job>", TARGET)
    .option("--reason <text>", "the reason, shown to others")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      '\nExample:\n  deno task jobs pause train-models --reason "new features on Thursday"',
    )
    .action((name: string, flags: PauseFlags) => pause(context(), name, flags));
  program.command("resume")
    .description("resume a paused job; runs that were skipped stay skipped (see `backfill`)")
    .argument("<job>", TARGET)
    .option("--json", "print JSON")
    .action((name: string, flags: JsonFlag) => resume(context(), name, flags));
}

async function pause(context: JobsContext, name: string, flags: PauseFlags): Promise<void> {
  const { job } = findTarget(context.jobs, name);
  const request = requestOf(context);
  await pauseJob(context.ledger, job.name, request, flags.reason);
  const paused = { ...request, ...(flags.reason ? { reason: flags.reason } : {}) };
  answer(
    context,
    { job: job.name, paused },
    () => `${job.name} is paused; \`deno task jobs resume ${job.name}\` resumes it`,
    flags,
  );
}

async function resume(context: JobsContext, name: string, flags: JsonFlag): Promise<void> {
  const { job } = findTarget(context.jobs, name);
  await resumeJob(context.ledger, job.name);
  answer(context, { job: job.name }, () => `${job.name} is no longer paused`, flags);
}
