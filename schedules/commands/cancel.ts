import type { Command } from "commander";
import { formatRunName, isOpen, requestCancel } from "shopflow/jobs/mod.ts";
import { findRun } from "./find_run.ts";
import { answer, type JobsContext, type JsonFlag, requestOf } from "./jobs_context.ts";

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
