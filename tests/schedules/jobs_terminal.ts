import assert from "node:assert/strict";
import { createScheduler, type Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { type Execute, nextDue } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { JOBS } from "../../schedules/jobs.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const PROGRAM = join(ROOT, "schedules", "jobs_main.ts");

const RETRY_ONCE = { limit: 1, firstDelaySeconds: 0.001, maxDelaySeconds: 0.001 };

/** What a command of `deno task jobs` came to. */
export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A lake in a folder and the commands that a person gives. */
export interface Terminal {
  home: string;
  store: ObjectStore;
  /** Runs `deno task jobs` as a process and waits for its end. */
  jobs(...args: string[]): Promise<Answer>;
  /** Starts it, and waits until it has said something on standard error. */
  start(said: RegExp, ...args: string[]): Promise<{ answer: Promise<Answer> }>;
  /** Runs it, which must succeed; what it prints with `--json`. */
  // deno-lint-ignore no-explicit-any
  json(...args: string[]): Promise<any>;
}

/** Waits until none of the real jobs is due for a while: of what is due by the clock of the day a test knows nothing. */
export async function untilNothingIsDueFor(ms: number): Promise<void> {
  for (;;) {
    const now = new Date();
    const next = JOBS.jobs.flatMap(({ schedule }) => "cron" in schedule ? nextDue(schedule, now) ?? [] : []);
    const first = Math.min(...next.map((time) => time.getTime()));
    if (first - now.getTime() > ms) return;
    await new Promise((resolve) => setTimeout(resolve, first - now.getTime() + 1000));
  }
}

export async function withTerminal(body: (terminal: Terminal) => Promise<void>, lakeUrl = ""): Promise<void> {
  await untilNothingIsDueFor(60_000);
  const home = await Deno.makeTempDir({ prefix: "jobs_" });
  const jobs = (...args: string[]) => runJobs(home, lakeUrl, args);
  try {
    await body({
      home,
      store: createDirectoryStore(join(home, "lake")),
      jobs,
      start: (said, ...args) => startJobs(home, lakeUrl, args, said),
      async json(...args) {
        const { code, stdout, stderr } = await jobs(...args, "--json");
        if (code !== 0) throw new Error(`jobs ${args.join(" ")} ended with ${code}: ${stderr}`);
        return JSON.parse(stdout);
      },
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function runJobs(home: string, lakeUrl: string, args: string[]): Promise<Answer> {
  return await (await startJobs(home, lakeUrl, args)).answer;
}

async function startJobs(
  home: string,
  lakeUrl: string,
  args: string[],
  said?: RegExp,
): Promise<{ answer: Promise<Answer> }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, ...args],
    cwd: ROOT,
    env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: lakeUrl, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  const heard = Promise.withResolvers<void>();
  const listening = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      stderr += text;
      if (said?.test(stderr)) heard.resolve();
    }
    heard.resolve();
  })();
  const answer = (async () => {
    const [stdout, { code }] = await Promise.all([process.stdout.text(), process.status, listening]);
    return { code, stdout, stderr };
  })();
  if (said !== undefined) await heard.promise;
  return { answer };
}

/** What an attempt of a run prints, and how it ends; called with its number. */
export type Play = (attempt: number, signal: AbortSignal) => Promise<{ lines: string[]; succeeds: boolean }>;

/** A scheduler of this process that works while `body` does; its runs are played, their logs are real. */
export async function withScheduler(
  store: ObjectStore,
  play: Play,
  body: (scheduler: Scheduler) => Promise<void>,
): Promise<void> {
  const now = () => new Date();
  const execute: Execute = async ({ run, attempt, signal }) => {
    const log = openRunLog(store, { job: run.job, scheduledFor: run.scheduledFor, attempt }, { now });
    const { lines, succeeds } = await play(attempt, signal);
    lines.forEach((line) => log.write(line));
    await log.close();
    if (signal.aborted) return { ended: "cancelled", reason: "cancelled" };
    return succeeds
      ? { ended: "succeeded", reason: "all steps done", exitCode: 0 }
      : { ended: "failed", reason: "extract ended with exit code 3", exitCode: 3, peakBytes: 5 * 2 ** 20 };
  };
  const scheduler = createScheduler({
    ...JOBS,
    // Nothing is due by itself in the middle of a test, and retries don't wait.
    jobs: JOBS.jobs.map((job) => ({ ...job, schedule: { on: "snapshot" }, retries: RETRY_ONCE })),
    ledger: openLedger(store, now),
    runtime: { now, log: createLogger(() => {}) },
    owner: "test-host:1",
    execute,
  });
  await scheduler.begin();
  let over = false;
  const rounds = (async () => {
    while (!over) {
      await scheduler.round();
      await scheduler.keepAlive();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    await body(scheduler);
  } finally {
    over = true;
    await rounds;
    await scheduler.stop(0);
  }
}

const REFRESH = JOBS.jobs.find(({ name }) => name === "refresh-data")!;

/** The last run of refresh-data that is due, as an ISO time. */
export function lastScheduledFor(): string {
  const { schedule } = REFRESH;
  assert.ok("cron" in schedule);
  return nextDue(schedule, new Date(Date.now() - 3_600_000))!.toISOString();
}

/** A run that ends well at once. */
export const succeeding = () => Promise.resolve({ lines: ["copied 5 tables"], succeeds: true });
