/** `deno task schedule`: runs the jobs of jobs.ts when they are due. */
import { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand } from "shopflow/errors/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { JOBS } from "./jobs.ts";
import { jobTable } from "./job_table.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";

let scheduler!: Scheduler;
await runCommand(() => {
  const { list } = new Command("deno task schedule")
    .description("Runs the pipelines on their schedules until Ctrl+C.")
    .option("--list", "print the jobs with their next due times and exit")
    .allowExcessArguments(false)
    .parse(Deno.args, { from: "user" })
    .opts<{ list?: boolean }>();
  const runtime = createRuntime();
  console.log(jobTable(JOBS, runtime.now()));
  if (list) Deno.exit();
  const config = loadConfig();
  scheduler = createScheduler(JOBS, config, runtime);
  console.log(`\nRunning on the lake ${config.lakeUrl} until Ctrl+C.`);
  return Promise.resolve();
});

// Deno finds cron jobs by these literal calls at the top level. No backoff: what fails is in the ledger, and the
// next due time is its retry.
Deno.cron("refresh-data", "5 * * * *", { backoffSchedule: [] }, due("refresh-data"));
Deno.cron("train-models", "20 1 * * *", { backoffSchedule: [] }, due("train-models"));
Deno.cron("score-customers", "30 4 * * *", { backoffSchedule: [] }, due("score-customers"));
Deno.cron("publish-reports", "30 5 * * MON", { backoffSchedule: [] }, due("publish-reports"));

for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, async () => {
    console.log("\nStopping: runs under way are ended and entered in the ledger.");
    await scheduler.stop();
    Deno.exit();
  });
}

function due(name: string): () => Promise<void> {
  return async () => {
    await scheduler.runDue(name);
  };
}
