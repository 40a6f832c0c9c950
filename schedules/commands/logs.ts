import type { Command } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, isFinal, type Run } from "shopflow/jobs/mod.ts";
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
    .description("print what a run's processes printed, of its last attempt")
    .argument("<run>", "JOB@TIME as `runs` prints it, or a job's name for its last run")
    .option("--follow", "go on until the run ends")
    .option("--attempt <number>", "of another attempt", wholeNumber)
    .addHelpText("after", "\nExample:\n  deno task jobs logs train-models --follow")
    .action((name: string, flags: LogsFlags) => logs(context(), name, flags));
}

async function logs(context: JobsContext, name: string, flags: LogsFlags): Promise<void> {
  const { ledger, store, print } = context;
  const { attempt } = flags;
  const run = await findRun(context, name);
  if (attempt !== undefined) refuseUnknown(run, attempt, flags);
  const lines = flags.follow
    ? followRunLog(store, run, { attempt, ended: async () => hasEnded(await ledger.run(run), attempt) })
    : readRunLog(store, run, attempt);
  let printed = 0;
  for await (const line of lines) {
    print(line);
    printed++;
  }
  if (printed === 0) {
    context.runtime.log.info(`${formatRunName(run)} has no log; it is ${run.status}: ${run.reason}`);
  }
}

/** Nobody writes on: the run has ended, or the attempt that is followed. */
const hasEnded = (run: Run | undefined, attempt: number | undefined): boolean =>
  run === undefined || isFinal(run.status) ||
  run.attempts.some(({ number, finishedAt }) => number === attempt && finishedAt !== undefined);

function refuseUnknown({ attempts, ...run }: Run, attempt: number, { follow }: LogsFlags): void {
  if (attempts.some(({ number }) => number === attempt)) return;
  // A later attempt may be about to come.
  if (follow && attempt > (attempts.at(-1)?.number ?? 0) && !isFinal(run.status)) return;
  throw new InputError(`${formatRunName(run)} has no attempt ${attempt}`, {
    expected: attempts.length === 0
      ? "no --attempt: it was not tried"
      : `one of ${attempts.map(({ number }) => number).join(", ")}`,
  });
}
