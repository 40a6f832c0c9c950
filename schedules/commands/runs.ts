import type { Command } from "commander";
import { formatRunName, isOpen, type Run, shownStatus } from "shopflow/jobs/mod.ts";
import { cancelRun } from "shopflow/jobs/requests/mod.ts";
import { latestRuns } from "shopflow/jobs/ledger/mod.ts";
import { textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { answer, type JobsContext, type JsonFlag, readSince, readStatuses, requestOf } from "./context.ts";
import { findKnownJob, findRun, knownJobs } from "./find.ts";
import { statusText, tookText, utcText } from "./text.ts";

interface RunsFlags extends JsonFlag {
  status?: string;
  since?: string;
  limit: number;
}

/** `jobs runs [JOB]`: the run history. */
export function addRunsCommand(program: Command, context: () => JobsContext): void {
  program.command("runs")
    .description("list runs and how they ended, the newest first")
    .argument("[job]", "only this job's")
    .option("--status <statuses>", "only these, e.g. failed or failed,missed,sla-missed")
    .option("--since <time>", "not the ones before: a time, a date, or how long ago (90m, 12h, 7d)")
    .option("--limit <count>", "how many at most", wholeNumber, 20)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task jobs runs refresh-data --since 12h" +
        "\n  deno task jobs runs --status failed,missed --since 7d --limit 100",
    )
    .action((job: string | undefined, flags: RunsFlags) => runs(context(), job, flags));
}

async function runs(context: JobsContext, name: string | undefined, flags: RunsFlags): Promise<void> {
  const { ledger, runtime } = context;
  const wanted = name === undefined ? await knownJobs(context) : [await findKnownJob(context, name)];
  const statuses = flags.status === undefined ? undefined : readStatuses(flags.status);
  const since = flags.since === undefined ? undefined : readSince("--since", flags.since, runtime.now());
  const runs = await latestRuns(ledger, wanted.map(({ job }) => job.name), {
    limit: flags.limit,
    since,
    where: (run) =>
      statuses === undefined || statuses.includes(run.status) || statuses.includes(shownStatus(run)),
  });
  answer(context, runs, () => runsText(context, runs), flags);
}

function runsText({ paint, runtime }: JobsContext, runs: Run[]): string {
  if (runs.length === 0) return "The ledger has no such run.";
  const columns = ["run", "status", "attempts", "started (UTC)", "took", "why"].map((title) => ({ title }));
  const rows = runs.map((run) => [
    formatRunName(run),
    statusText(run, paint),
    String(run.attempts.length),
    run.attempts.length === 0 ? "–" : utcText(run.attempts.at(-1)!.startedAt),
    tookText(run, runtime.now()),
    run.reason,
  ]);
  return textTable(columns, rows);
}

/** `jobs cancel RUN`: ends a run, or does not let it start. */
export function addCancelCommand(program: Command, context: () => JobsContext): void {
  program.command("cancel")
    .description("end a run that goes on, or take back one that is queued or waits")
    .argument("<run>", "JOB@TIME as `runs` prints it, or a job's name for its run that goes on")
    .option("--json", "print the ledger's entry")
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
        ? `${formatRunName(run)} is to be ended: its scheduler does so within seconds`
        : `${formatRunName(run)} is ${run.status}: ${run.reason}`,
    flags,
  );
}
