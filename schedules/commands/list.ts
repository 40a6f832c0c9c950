import type { Command } from "commander";
import { aliveSchedulers, type KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import { nextDue, type Request, type Run } from "shopflow/jobs/mod.ts";
import { latestRuns } from "shopflow/jobs/ledger/mod.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { scheduleText } from "../run_scheduler.ts";
import { answer, type JobsContext, type JsonFlag } from "./context.ts";
import { type KnownJob, knownJobs } from "./find.ts";
import { noScheduler, type Paint, statusText, tookText, utcText, zoneText } from "./text.ts";
import { countOf } from "shopflow/runtime/mod.ts";

interface ListedJob extends KnownJob {
  nextDue?: string;
  paused?: Request & { reason?: string };
  last?: Run;
}

/** `jobs list`: every job, when it is due and how it is. */
export function addListCommand(program: Command, context: () => JobsContext): void {
  program.command("list")
    .description("list the jobs: when they are due next, how the last run ended, which are paused")
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
      paused: (await ledger.control(job.name).read()).paused,
      last: (await latestRuns(ledger, [job.name], { limit: 1 }))[0],
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
    nextDue === undefined || "on" in job.schedule ? "" : zoneText(nextDue, job.schedule.timeZone),
    last === undefined ? "never" : utcText(last.scheduledFor),
    last === undefined ? "" : statusText(last, paint),
    last === undefined ? "" : tookText(last, now),
    noteText(paint, note, paused),
  ]);
  const columns = ["job", "schedule", "next due (UTC)", "there", "last run (UTC)", "status", "took", "note"];
  return `${head}\n\n${textTable(columns.map((title) => ({ title })), rows)}`;
}

const pausedText = ({ by, at, reason }: Request & { reason?: string }) =>
  `paused by ${by} at ${utcText(at)}${reason ? `: ${reason}` : ""}`;

function noteText(paint: Paint, note: string | undefined, paused: ListedJob["paused"]): string {
  const notes = [note, paused && pausedText(paused)].filter((text) => text !== undefined);
  return notes.length === 0 ? "" : paint("yellow", notes.join("; "));
}
