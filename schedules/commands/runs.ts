import type { Command } from "commander";
import { formatRunName, latestSlots, type Slot } from "shopflow/jobs/mod.ts";
import { textTable } from "../../pipelines/text_table.ts";
import { wholeNumber } from "../../pipelines/whole_number.ts";
import { answer, type JobsContext, type JsonFlag } from "./jobs_context.ts";
import { findKnownJob, knownJobs } from "./known_jobs.ts";
import { readSince, readStatuses } from "./options.ts";
import { statusText, tookText } from "./slot_text.ts";
import { utcText } from "./time_text.ts";

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
