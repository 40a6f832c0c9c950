/** `deno task schedule`: runs the jobs of jobs.ts when they are due. */
import { Command, InvalidArgumentError } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand, wholeNumber, withLogLevel } from "shopflow/cli/mod.ts";
import { triggerRun } from "shopflow/jobs/requests/mod.ts";
import type { SchedulerLoop } from "shopflow/jobs/scheduler/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { findTarget } from "./commands/find.ts";
import { createJobsContext, requestOf } from "./commands/context.ts";
import { JOBS } from "./jobs.ts";
import { jobTable, startSchedule } from "./run_scheduler.ts";

interface Flags {
  list?: boolean;
  simulateClock?: boolean;
  shutdownTimeout: number;
  maxRuns: number;
  run?: string;
}

let loop: SchedulerLoop | undefined;
let shutdownTimeoutMs = 0;

for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
  let asked = false;
  Deno.addSignalListener(signal, async () => {
    if (asked) Deno.exit(130);
    asked = true;
    console.log(
      `\nStopping: nothing new starts; runs under way have ${
        shutdownTimeoutMs / 1000
      } s to end, then they are released. ` +
        "Ctrl+C again stops at once.",
    );
    await loop?.stop(shutdownTimeoutMs);
    Deno.exit();
  });
}

await runCommand(async () => {
  const { list, simulateClock, shutdownTimeout, maxRuns, run } = withLogLevel(
    new Command("deno task schedule"),
  )
    .description(
      "Run the jobs on their schedules until Ctrl+C. Any number of schedulers can share a lake; each " +
        "run is executed once.",
    )
    .option("--list", "print the jobs with their next due times and exit")
    .option("--simulate-clock", "show a week of the schedule in seconds, with simulated runs")
    .option(
      "--shutdown-timeout <seconds>",
      "how long runs may go on after Ctrl+C before they are released",
      seconds,
      30,
    )
    .option("--max-runs <number>", "how many runs may go on at the same time on this machine", wholeNumber, 4)
    .option("--run <job>", "also run this job, or this JOB@TIME, once at start-up")
    .allowExcessArguments(false)
    .parse(Deno.args, { from: "user" })
    .opts<Flags>();
  const runtime = createRuntime();
  if (list) {
    console.log(jobTable(JOBS.jobs, runtime.now()));
    Deno.exit();
  }
  const wanted = run === undefined ? undefined : findTarget(JOBS.jobs, run);
  const config = loadConfig();
  if (simulateClock) {
    const { simulateWeek } = await import("./simulated_week/mod.ts");
    await simulateWeek(config, runtime);
    Deno.exit();
  }
  console.log(jobTable(JOBS.jobs, runtime.now()));
  shutdownTimeoutMs = shutdownTimeout * 1000;
  loop = await startSchedule({ jobs: JOBS, config, runtime, maxRuns });
  if (wanted !== undefined) {
    const context = createJobsContext(JOBS, config, runtime);
    await triggerRun(context.ledger, wanted.job, requestOf(context), wanted.scheduledFor, JOBS.jobs);
  }
  console.log(`\nRunning on the lake ${config.lakeUrl} until Ctrl+C.`);
});

// The ticker. Deno finds it by this literal call at the top level. What is due is in the ledger, so a tick that is
// lost or comes twice changes nothing, and none needs to be tried again.
Deno.cron("tick", "* * * * *", { backoffSchedule: [] }, () => loop?.tick());

function seconds(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0 && text.trim() !== "") return number;
  throw new InvalidArgumentError("Expected a number of seconds from 0.");
}
