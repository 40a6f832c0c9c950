import {
  type Execution,
  formatRunName,
  type Job,
  type JobSet,
  nextDue,
  type Run,
  type Step,
  stepName,
} from "shopflow/jobs/mod.ts";
import { openLedger, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { type ProgramCall, stepExecutor } from "shopflow/jobs/execution/mod.ts";
import { fileURLToPath } from "node:url";
import { hostname } from "node:os";
import type { Config } from "shopflow/config/mod.ts";
import { createMask, errorText } from "shopflow/errors/mod.ts";
import {
  createScheduler,
  runScheduler,
  type Scheduler,
  type SchedulerLoop,
} from "shopflow/jobs/scheduler/mod.ts";
import { type Alerts, createAlerts, logTail, openChannels } from "shopflow/jobs/alerts/mod.ts";
import { type LakeConfig, openStore } from "shopflow/lake/store/mod.ts";
import { publishedSince } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** The jobs as text for a terminal, in the order they are due. */
export function jobTable(jobs: readonly Job[], now: Date): string {
  const rows = jobs.map((job) => ({
    job,
    due: "on" in job.schedule ? undefined : nextDue(job.schedule, now),
  }))
    .sort((a, b) => (a.due?.getTime() ?? Infinity) - (b.due?.getTime() ?? Infinity))
    .map(({ job, due }) => [
      job.name,
      scheduleText(job),
      due === undefined ? "when it is published" : due.toISOString().slice(0, 16).replace("T", " "),
      job.steps.map(stepName).join(", "),
      job.description,
    ]);
  const table = [["job", "schedule", "next due (UTC)", "steps", "what it does"], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()).join("\n");
}

/** When a job is due, e.g. `0 7 * * MON Europe/Berlin`. */
export function scheduleText({ schedule }: Pick<Job, "schedule">): string {
  return "on" in schedule ? "on a new snapshot" : `${schedule.cron} ${schedule.timeZone}`;
}

/** Those of the tasks `pipeline` and `notebook` in deno.json. */
const PERMISSIONS = ["read", "write", "env", "net", "sys", "ffi", "run"];

/**
 * What `deno task pipeline run` or `deno task notebook publish` does for a step of a run, but as one process: a task's
 * process in between would survive the signals that end a run, and what it does with it.
 */
export function stepProgram(step: Step, { job, run }: Pick<Execution, "job" | "run">): ProgramCall {
  return {
    program: Deno.execPath(),
    args: ["run", ...PERMISSIONS.map((name) => `--allow-${name}`), ...argumentsOf(step, { job, run })],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: {
      SHOPFLOW_RUN: formatRunName(run),
      SHOPFLOW_DATA_INTERVAL: `${run.dataInterval.start}/${run.dataInterval.end}`,
    },
  };
}

function argumentsOf(step: Step, run: Pick<Execution, "job" | "run">): string[] {
  if ("pipeline" in step) return ["pipelines/main.ts", "run", step.pipeline];
  const parameters = Object.entries(step.parameters ?? {}).flatMap(([name, value]) => [
    "-p",
    `${name}=${typeof value === "string" ? withDates(value, run) : JSON.stringify(value)}`,
  ]);
  return ["pipelines/commands/notebook.ts", "publish", step.notebook, ...parameters];
}

/** Dates of the run in the place of `{scheduled_for}`, `{data_interval_start}` and `{data_interval_end}`. */
function withDates(
  text: string,
  { job: { schedule }, run: { scheduledFor, dataInterval } }: Pick<Execution, "job" | "run">,
) {
  const timeZone = "on" in schedule ? "UTC" : schedule.timeZone;
  // Sweden writes dates as ISO does.
  const dateOf = (iso: string) => new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date(iso));
  return text.replaceAll("{scheduled_for}", dateOf(scheduledFor)).replaceAll(
    "{data_interval_start}",
    dateOf(dataInterval.start),
  )
    .replaceAll("{data_interval_end}", dateOf(dataInterval.end));
}

interface ProcessSchedulerOptions {
  jobs: JobSet;
  config: LakeConfig & Pick<Config, "alertChannels" | "publicUrl">;
  runtime: Pick<Runtime, "now" | "log">;
  /** The program that does a step. */
  program?: (step: Step, execution: Pick<Execution, "job" | "run">) => ProgramCall;
  leaseMs?: number;
  pollMs?: number;
  maxRuns?: number;
  /** How late a run may be seen without having been missed, in milliseconds; default 90,000. */
  missedAfterMs?: number;
  /** Between asking a process to stop and killing it, in milliseconds. */
  killAfterMs?: number;
  env?: Record<string, string | undefined>;
}

/** Renewed every ten seconds. */
const LEASE_MS = 30_000;

/** A scheduler whose runs are processes, with what tells of them. */
function processScheduler(
  { jobs, config, runtime, program = stepProgram, killAfterMs, env = Deno.env.toObject(), ...options }:
    ProcessSchedulerOptions,
  { trustClocks }: { trustClocks?: boolean | undefined } = {},
): { scheduler: Scheduler; alerts: Alerts } {
  const { now, log } = runtime;
  const store = openStore(config);
  const ledger = openLedger(store, now);
  const owner = `${hostname()}:${Deno.pid}`;
  const alerts = createAlerts({
    ledger,
    channels: openChannels(config.alertChannels),
    runtime,
    publicUrl: config.publicUrl,
    logTail: logTail(store),
  });
  const scheduler = createScheduler({
    ...jobs,
    ...options,
    trustClocks,
    ledger,
    runtime,
    owner,
    execute: stepExecutor({ store, program, now, mask: createMask(env), warn: log.warn, killAfterMs }),
    publishedSince: (since) => publishedSince(store, since),
    onNews: alerts.review,
  });
  return { scheduler, alerts };
}

/** Keeps the schedule on this machine until the loop is stopped. */
export async function startSchedule(options: ProcessSchedulerOptions): Promise<SchedulerLoop> {
  const { config, jobs, runtime: { now, log }, leaseMs = LEASE_MS, pollMs } = options;
  await saveDefinitions(openStore(config), jobs, now());
  const { scheduler, alerts } = processScheduler({ ...options, leaseMs });
  const loop = await runScheduler(scheduler, { log, now, leaseMs, pollMs });
  // What a scheduler that died could not tell any more.
  for (const job of jobs.jobs) void alerts.review(job);
  return {
    ...loop,
    async stop(shutdownTimeoutMs) {
      await loop.stop(shutdownTimeoutMs);
      await alerts.close();
    },
  };
}

/** What a tick did. */
export interface Tick {
  /** Runs that it ran, as they ended or are left. */
  ran: Run[];
  /** Open runs that are left to the next tick, or to other schedulers. */
  left: Run[];
  /** Why the ledger of a job could not be kept, by the job's name. */
  problems: Record<string, string>;
}

/**
 * Enters what is due, runs it, and ends when nothing is left to be done now; for those whose own scheduler starts
 * `deno task jobs tick`. A retry that is not due yet is left to the next tick.
 *
 * @param signal Hands the runs over and ends.
 */
export async function runTick(options: ProcessSchedulerOptions, signal?: AbortSignal): Promise<Tick> {
  const { config, jobs, runtime: { now, log }, leaseMs = LEASE_MS } = options;
  await saveDefinitions(openStore(config), jobs, now());
  const ran = new Map<string, Run>();
  const problems = new Map<string, string>();
  const { scheduler, alerts } = processScheduler({ ...options, leaseMs }, { trustClocks: true });
  await scheduler.begin();
  await scheduler.keepAlive();
  const warn = (error: unknown) => log.warn(`The scheduler's lease: ${errorText(error)}`);
  const heart = setInterval(() => void scheduler.keepAlive().catch(warn), leaseMs / 3);
  const handOver = () => void scheduler.stop(0).catch(warn);
  signal?.addEventListener("abort", handOver);
  try {
    for (let look = true; !signal?.aborted;) {
      await scheduler.round(look);
      scheduler.problems().forEach((problem, job) => problems.set(job, problem));
      const active = scheduler.active();
      if (active.length === 0) {
        // What ended just now may have let others in.
        if (!look) break;
        look = false;
        continue;
      }
      const ends = active.map(async ({ ended }) => {
        const after = await ended;
        if (after !== undefined) ran.set(formatRunName(after), after);
      });
      await Promise.race(ends);
      look = true;
    }
  } finally {
    signal?.removeEventListener("abort", handOver);
    await scheduler.stop(0);
    clearInterval(heart);
    await Promise.all(jobs.jobs.map(alerts.review));
    await alerts.flush();
    await alerts.close();
  }
  return { ran: [...ran.values()], left: scheduler.openRuns(), problems: Object.fromEntries(problems) };
}
