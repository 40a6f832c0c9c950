import type { Command } from "commander";
import { LakeError } from "shopflow/errors/mod.ts";
import { formatRunName, type Run } from "shopflow/jobs/mod.ts";
import { wholeNumber } from "shopflow/cli/mod.ts";
import { runTick, type Tick } from "../run_scheduler.ts";
import { answer, type JobsContext, type JsonFlag } from "./context.ts";
import { statusText, tookText } from "./text.ts";
import { countOf } from "shopflow/runtime/mod.ts";

interface TickFlags extends JsonFlag {
  /** Minutes. */
  missedAfter: number;
  maxRuns: number;
}

/** `jobs tick`: a scheduler that ends when nothing is left to be done now. */
export function addTickCommand(program: Command, context: () => JobsContext): void {
  program.command("tick")
    .description(
      "run everything that is due, then exit; for use with cron or a Kubernetes CronJob",
    )
    .option(
      "--missed-after <minutes>",
      "minutes after which a run that was not started counts as missed; more than the time between two ticks",
      wholeNumber,
      10,
    )
    .option("--max-runs <count>", "how many runs may go on at the same time", wholeNumber, 4)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nThe exit code is 0 even if runs failed: see `deno task jobs runs` and the alerts. It is 1 if " +
        "the ledger\n" +
        "could not be updated. SIGTERM and Ctrl+C release the runs; the next tick continues them.\n" +
        "\nExample (crontab):\n  */5 * * * * cd /opt/shopflow && deno task jobs tick",
    )
    .action((flags: TickFlags) => tick(context(), flags));
}

async function tick(context: JobsContext, { missedAfter, maxRuns, ...flags }: TickFlags): Promise<void> {
  const { jobs, pools, config, runtime } = context;
  const missedAfterMs = missedAfter * 60_000;
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const signals = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  let done: Tick;
  try {
    done = await runTick(
      { jobs: { jobs, pools }, config, runtime, maxRuns, missedAfterMs },
      stopping.signal,
    );
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
  answer(context, done, () => tickText(context, done), flags);
  const problems = Object.entries(done.problems);
  if (problems.length === 0) return;
  throw new LakeError(`The ledger could not be updated for ${countOf(problems.length, "job")}`, {
    found: problems.map(([job, problem]) => `${job}: ${problem}`).join("; "),
    remedy: "The other jobs were handled; the next tick tries again.",
  });
}

function tickText({ paint, runtime }: JobsContext, { ran, left }: Tick): string {
  const line = (run: Run) => `${formatRunName(run)} ${statusText(run, paint)}`;
  return [
    ...ran.map((run) => `${line(run)} in ${tookText(run, runtime.now())}: ${run.reason}`),
    ran.length === 0 ? "Nothing was due." : `${countOf(ran.length, "run")} ended.`,
    ...left.map((run) => `left: ${line(run)}, ${run.reason}`),
  ].join("\n");
}
