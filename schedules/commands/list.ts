import type { Command } from "commander";
import { aliveSchedulers, type KnownScheduler, pausedText, seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import {
  formatRunName,
  nextDue,
  parseRunName,
  type Request,
  type Run,
  shownStatus,
} from "shopflow/jobs/mod.ts";
import { latestRuns } from "shopflow/jobs/ledger/mod.ts";
import { textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { scheduleText } from "../run_scheduler.ts";
import { answer, type JobsContext, type JsonFlag, readSince, readStatuses } from "./context.ts";
import { findKnownJob, type KnownJob, knownJobs } from "./find.ts";
import { noScheduler, type Paint, statusText, tookText, utcText } from "./text.ts";
import { countOf } from "shopflow/runtime/mod.ts";

interface ListedJob extends KnownJob {
  nextDue?: string | undefined;
  paused?: (Request & { reason?: string }) | undefined;
  last?: Run | undefined;
}

/** `jobs list`: every job, when it is due and how it is. */
export function addListCommand(program: Command, context: () => JobsContext): void {
  program.command("list")
    .description("list the jobs with their next due time, last run and pauses")
    .option("--json", "print JSON")
    .action((flags: JsonFlag) => list(context(), flags));
}

async function list(context: JobsContext, flags: JsonFlag): Promise<void> {
  const { ledger, runtime, store } = context;
  const now = runtime.now();
  const listed = await Promise.all(
    (await knownJobs(context)).map(async ({ job, ...known }): Promise<ListedJob> => ({
      ...known,
      job,
      nextDue: "on" in job.schedule || known.removedAt !== undefined
        ? undefined
        : nextDue(job.schedule, now)?.toISOString(),
      paused: (await ledger.jobState(job.name).read()).paused,
      last: (await seenRuns(ledger, now, await latestRuns(ledger, [job.name], { limit: 1 })))[0],
    })),
  );
  const schedulers = await aliveSchedulers(store, now);
  answer(context, { schedulers, jobs: listed }, () => listText(context, schedulers, listed, now), flags);
}

function listText(
  { paint, store }: JobsContext,
  schedulers: KnownScheduler[],
  listed: ListedJob[],
  now: Date,
): string {
  const head = schedulers.length === 0
    ? paint("yellow", noScheduler(store))
    : `${countOf(schedulers.length, "scheduler")} on the lake ${store.url}: ${
      schedulers.map(({ owner }) => owner).join(", ")
    }`;
  const rows = listed.map(({ job, nextDue, last, paused, note }) => [
    paint("bold", job.name),
    scheduleText(job),
    nextDue === undefined ? "–" : utcText(nextDue),
    last === undefined ? "never" : utcText(last.scheduledFor),
    last === undefined ? "" : statusText(last, paint),
    last === undefined ? "" : tookText(last, now),
    noteText(paint, note, paused),
  ]);
  const columns = [
    "job",
    "schedule",
    "next due (UTC)",
    "last run (UTC)",
    "status",
    "took",
    "note",
  ];
  return `${head}\n\n${textTable(columns.map((title) => ({ title })), rows)}`;
}

function noteText(paint: Paint, note: string | undefined, paused: ListedJob["paused"]): string {
  const notes = [note, paused && pausedText(paused)].filter((text) => text !== undefined);
  return notes.length === 0 ? "" : paint("yellow", notes.join("; "));
}

interface RunsFlags extends JsonFlag {
  status?: string;
  since?: string;
  limit: number;
}

/** `jobs runs [JOB]`: the run history. */
export function addRunsCommand(program: Command, context: () => JobsContext): void {
  program.command("runs")
    .description("list runs and how they ended, newest first")
    .argument("[job]", "only this job's, or only this run")
    .option("--status <statuses>", "only runs with these statuses, e.g. failed or failed,missed,sla-missed")
    .option("--since <time>", "only runs since then: a time, a date, or how long ago (90m, 12h, 7d)")
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
  const { job, scheduledFor } = name === undefined ? {} : parseRunName(name);
  const wanted = job === undefined ? await knownJobs(context) : [await findKnownJob(context, job)];
  const statuses = flags.status === undefined ? undefined : readStatuses(flags.status);
  const since = flags.since === undefined ? undefined : readSince("--since", flags.since, runtime.now());
  const isWanted = (run: Run) =>
    statuses === undefined || statuses.includes(run.status) || statuses.includes(shownStatus(run));
  // A run whose scheduler died is another one for readers than the ledger says.
  const mayBeWanted = (run: Run) => isWanted(run) || run.status === "running";
  const found = await latestRuns(ledger, wanted.map(({ job }) => job.name), {
    limit: flags.limit,
    since: scheduledFor === undefined ? since : new Date(scheduledFor),
    ...(scheduledFor === undefined ? {} : { until: new Date(scheduledFor) }),
    where: mayBeWanted,
  });
  const runs = (await seenRuns(ledger, runtime.now(), found)).filter(isWanted);
  answer(context, runs, () => runsText(context, runs), flags);
}

function runsText({ paint, runtime }: JobsContext, runs: Run[]): string {
  if (runs.length === 0) return "No runs match.";
  const columns = ["run", "status", "attempts", "started (UTC)", "took", "reason"].map((title) => ({
    title,
  }));
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
