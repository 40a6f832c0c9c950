import type { Command } from "commander";
import { formatRunName, isOpen, latestSlots, requestCancel, type Slot } from "shopflow/jobs/mod.ts";
import { textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { answer, type JobsContext, type JsonFlag, readSince, readStatuses, requestOf } from "./context.ts";
import { findKnownJob, findRun, knownJobs } from "./find.ts";
import { statusText, tookText, utcText } from "./text.ts";

interface RunsFlags extends JsonFlag {
  status?: string;
  since?: string;
  limit: number;
}

/** `jobs runs [JOB]`: what became of the slots. */
export function addRunsCommand(program: Command, context: () => JobsContext): void {
  program.command("runs")
    .description("list slots and what became of them, the newest first")
    .argument("[job]", "only this job's")
    .option("--status <statuses>", "only these, e.g. failed or failed,late,missed")
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
  const slots = await latestSlots(ledger, wanted.map(({ job }) => job.name), {
    limit: flags.limit,
    since,
    where: ({ status }) => statuses === undefined || statuses.includes(status),
  });
  answer(context, slots, () => runsText(context, slots), flags);
}

function runsText({ paint, runtime }: JobsContext, slots: Slot[]): string {
  if (slots.length === 0) return "The ledger has no such slot.";
  const columns = ["run", "status", "tries", "started (UTC)", "took", "why"].map((title) => ({ title }));
  const rows = slots.map((slot) => [
    formatRunName(slot),
    statusText(slot, paint),
    String(slot.attempts.length),
    slot.attempts.length === 0 ? "–" : utcText(slot.attempts.at(-1)!.startedAt),
    tookText(slot, runtime.now()),
    slot.reason,
  ]);
  return textTable(columns, rows);
}

/** `jobs cancel RUN`: ends a run, or does not let it start. */
export function addCancelCommand(program: Command, context: () => JobsContext): void {
  program.command("cancel")
    .description("end a run that goes on, or take back one that is queued or waits")
    .argument("<run>", "JOB@SLOT as `runs` prints it, or a job's name for its run that goes on")
    .option("--json", "print the ledger's entry")
    .addHelpText("after", "\nExample:\n  deno task jobs cancel train-models")
    .action((name: string, flags: JsonFlag) => cancel(context(), name, flags));
}

async function cancel(context: JobsContext, name: string, flags: JsonFlag): Promise<void> {
  const run = await findRun(context, name, "open");
  const slot = await requestCancel(context.ledger, run, requestOf(context));
  answer(
    context,
    slot,
    () =>
      isOpen(slot)
        ? `${formatRunName(slot)} is to be ended: its scheduler does so within seconds`
        : `${formatRunName(slot)} is ${slot.status}: ${slot.reason}`,
    flags,
  );
}
