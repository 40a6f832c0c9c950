import type { Command } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, isFinal, type Slot } from "shopflow/jobs/mod.ts";
import { followRunLog, readRunLog } from "shopflow/jobs/execution/mod.ts";
import { wholeNumber } from "shopflow/cli/mod.ts";
import { findRun } from "./find.ts";
import type { JobsContext } from "./context.ts";

interface LogsFlags {
  follow?: boolean;
  attempt?: number;
}

/** `jobs logs RUN`: what the processes of a run printed. */
export function addLogsCommand(program: Command, context: () => JobsContext): void {
  program.command("logs")
    .description("print what a run's processes printed, of its last try")
    .argument("<run>", "JOB@SLOT as `runs` prints it, or a job's name for its last run")
    .option("--follow", "go on until the run ends")
    .option("--attempt <number>", "of another try", wholeNumber)
    .addHelpText("after", "\nExample:\n  deno task jobs logs train-models --follow")
    .action((name: string, flags: LogsFlags) => logs(context(), name, flags));
}

async function logs(context: JobsContext, name: string, flags: LogsFlags): Promise<void> {
  const { ledger, store, print } = context;
  const { attempt } = flags;
  const slot = await findRun(context, name);
  if (attempt !== undefined) refuseUnknown(slot, attempt, flags);
  const lines = flags.follow
    ? followRunLog(store, slot, { attempt, ended: async () => hasEnded(await ledger.slot(slot), attempt) })
    : readRunLog(store, slot, attempt);
  let printed = 0;
  for await (const line of lines) {
    print(line);
    printed++;
  }
  if (printed === 0) {
    context.runtime.log.info(`${formatRunName(slot)} has no log; it is ${slot.status}: ${slot.reason}`);
  }
}

/** Nobody writes on: the slot has ended, or the try that is followed. */
const hasEnded = (slot: Slot | undefined, attempt: number | undefined): boolean =>
  slot === undefined || isFinal(slot.status) ||
  slot.attempts.some(({ number, finishedAt }) => number === attempt && finishedAt !== undefined);

function refuseUnknown({ attempts, ...slot }: Slot, attempt: number, { follow }: LogsFlags): void {
  if (attempts.some(({ number }) => number === attempt)) return;
  // A later try may be about to come.
  if (follow && attempt > (attempts.at(-1)?.number ?? 0) && !isFinal(slot.status)) return;
  throw new InputError(`${formatRunName(slot)} has no try ${attempt}`, {
    expected: attempts.length === 0
      ? "no --attempt: it was not tried"
      : `one of ${attempts.map(({ number }) => number).join(", ")}`,
  });
}
