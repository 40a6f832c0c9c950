import type { Command } from "commander";
import { formatRunName, livingSchedulers, plannedBackfill, requestBackfill } from "shopflow/jobs/mod.ts";
import { counted } from "../../pipelines/lake/text_table.ts";
import { findJob } from "./find_job.ts";
import { answer, type JobsContext, type JsonFlag, requestOf } from "./jobs_context.ts";
import { noScheduler } from "./no_scheduler.ts";
import { readTime } from "./options.ts";

interface BackfillFlags extends JsonFlag {
  from: string;
  to: string;
  dryRun?: boolean;
}

/** `jobs backfill JOB`: asks for all slots of a past time that did not succeed. */
export function addBackfillCommand(program: Command, context: () => JobsContext): void {
  program.command("backfill")
    .description(
      "ask for all slots of a time, one after the other; those that succeeded or are open are left out",
    )
    .argument("<job>", "the job's name")
    .requiredOption("--from <time>", "the first slot, or a time before it: 2024-10-02T03:05Z or 2024-10-02")
    .requiredOption("--to <time>", "the last slot, or a time after it")
    .option("--dry-run", "only say which slots")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  deno task jobs backfill refresh-data --from 2024-10-01 --to 2024-10-02T12:00Z --dry-run",
    )
    .action((name: string, flags: BackfillFlags) => backfill(context(), name, flags));
}

async function backfill(context: JobsContext, name: string, flags: BackfillFlags): Promise<void> {
  const { jobs, ledger, store, runtime } = context;
  const job = findJob(jobs, name);
  const range = { from: readTime("--from", flags.from), to: readTime("--to", flags.to) };
  const { dryRun = false } = flags;
  const fill = dryRun ? plannedBackfill : requestBackfill;
  const { asked, unneeded } = await fill(ledger, job, requestOf(context), range);
  const nobody = !dryRun && asked.length > 0 && (await livingSchedulers(store, runtime.now())).length === 0;
  answer(context, { dryRun, asked, unneeded }, () => {
    const names = dryRun ? asked.map(formatRunName) : [];
    const done = dryRun ? "would be asked for" : `${asked.length === 1 ? "is" : "are"} queued`;
    const rest = unneeded === 0 ? "" : `; ${counted(unneeded, "other")} succeeded or open`;
    const total = `${counted(asked.length, "slot")} of ${job.name} ${done}${rest}`;
    return [...names, nobody ? `${total}; ${noScheduler(store)}` : total].join("\n");
  }, flags);
}
