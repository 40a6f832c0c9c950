import { type Command, Option } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, type RunName } from "shopflow/jobs/mod.ts";
import { type BackfillDependencies, plannedBackfill, requestBackfill } from "shopflow/jobs/requests/mod.ts";
import { aliveSchedulers } from "shopflow/jobs/scheduler/mod.ts";
import { findTarget } from "./find.ts";
import { answer, type JobsContext, type JsonFlag, readTime, requestOf } from "./context.ts";
import { noScheduler, pauseNote } from "./text.ts";
import { countOf } from "shopflow/runtime/mod.ts";

interface BackfillFlags extends JsonFlag {
  from?: string;
  to?: string;
  dryRun?: boolean;
  withDependencies?: boolean;
  ignoreDependencies?: boolean;
}

/** `jobs backfill JOB`: asks for all runs of a past time that did not succeed. */
export function addBackfillCommand(program: Command, context: () => JobsContext): void {
  program.command("backfill")
    .description(
      "run every scheduled time in a range that has not succeeded, oldest first; each run waits for its " +
        "dependencies, and is skipped when they did not succeed",
    )
    .argument("<job>", "the job's name, or one of its runs to fill in only that")
    .option("--from <time>", "the first run, or a time before it: 2024-10-02T03:05Z or 2024-10-02")
    .option("--to <time>", "the last run, or a time after it")
    .addOption(
      new Option(
        "--with-dependencies",
        "also run the dependencies that have not succeeded",
      )
        .conflicts("ignoreDependencies"),
    )
    .option("--ignore-dependencies", "ignore dependencies")
    .option("--dry-run", "only list the runs")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  deno task jobs backfill refresh-data --from 2024-10-01 --to 2024-10-02T12:00Z --dry-run" +
        "\n  deno task jobs backfill publish-reports --from 2024-09-01 --to 2024-10-01 --with-dependencies",
    )
    .action((name: string, flags: BackfillFlags) => backfill(context(), name, flags));
}

async function backfill(context: JobsContext, name: string, flags: BackfillFlags): Promise<void> {
  const { jobs, ledger, store, runtime } = context;
  const { job, scheduledFor } = findTarget(jobs, name);
  const { dryRun = false } = flags;
  const dependencies = flags.withDependencies ? "run" : flags.ignoreDependencies ? "ignore" : "wait";
  const range = { ...rangeOf(flags, scheduledFor), dependencies } as const;
  const fill = dryRun ? plannedBackfill : requestBackfill;
  const { queued, unneeded, upstream } = await fill(ledger, job, requestOf(context), range, jobs);
  const nobody = !dryRun && queued.length > 0 && (await aliveSchedulers(store, runtime.now())).length === 0;
  const pause = queued.length === 0 ? "" : await pauseNote(ledger, { job: job.name, trigger: "backfill" });
  answer(context, { dryRun, dependencies, queued, unneeded, upstream }, () => {
    const also = dependencies === "run" ? upstream : [];
    const names = dryRun ? [...also, ...queued].map(formatRunName) : [];
    const done = dryRun ? "would be queued" : `${queued.length === 1 ? "is" : "are"} queued`;
    const rest = unneeded === 0 ? "" : `; ${countOf(unneeded, "other")} succeeded or open`;
    const total = `${countOf(queued.length, "run")} of ${job.name} ${done}${rest}${pause}`;
    return [
      ...names,
      nobody ? `${total}. ${noScheduler(store)}` : total,
      ...(upstream.length === 0 ? [] : [upstreamText(upstream, dependencies)]),
    ].join("\n");
  }, flags);
}

/** The time between --from and --to, or that of the one run that was named. */
function rangeOf({ from, to }: BackfillFlags, scheduledFor: Date | undefined): { from: Date; to: Date } {
  if (scheduledFor !== undefined && from === undefined && to === undefined) {
    return { from: scheduledFor, to: new Date(scheduledFor.getTime() + 1) };
  }
  if (from === undefined || to === undefined) {
    throw new InputError("Which runs are to be filled in?", {
      expected: "--from and --to, or JOB@TIME as `deno task jobs runs` prints it, for one run",
    });
  }
  return { from: readTime("--from", from), to: readTime("--to", to) };
}

function upstreamText(upstream: RunName[], dependencies: BackfillDependencies): string {
  const jobs = [...new Set(upstream.map(({ job }) => job))].join(", ");
  const runs = `${countOf(upstream.length, "run")} of ${jobs} that they depend on`;
  return dependencies === "run"
    ? `${runs}: also queued`
    : `${runs} did not succeed: runs that wait for them are skipped. --with-dependencies also queues them; ` +
      "--ignore-dependencies does not wait";
}
