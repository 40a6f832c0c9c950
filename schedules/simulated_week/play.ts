import { type Job, type JobSet, nextDue } from "shopflow/jobs/mod.ts";
import { cancelRun, pauseJob, requestBackfill, resumeJob } from "shopflow/jobs/requests/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createScheduler, type Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { type AlertMessage, type Alerts, createAlerts } from "shopflow/jobs/alerts/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRandom } from "shopflow/runtime/mod.ts";
import type { Asked, Deed, Incident } from "./incidents.ts";
import { playRuns } from "./played_runs.ts";
import { createSimulatedClock, type Durations } from "./clock.ts";

/** The times at which a cron job is due after the beginning of a week, up to its end; by the cron expression alone. */
export function dueInWeek({ schedule }: Job, { from, to }: { from: Date; to: Date }): Date[] {
  if ("on" in schedule) return [];
  const times: Date[] = [];
  for (let time = nextDue(schedule, from); time !== undefined && time <= to; time = nextDue(schedule, time)) {
    times.push(time);
  }
  return times;
}

interface PlayWeekOptions {
  jobs: JobSet;
  store: ObjectStore;
  week: { from: Date; to: Date };
  incidents: Incident[];
  durations: Durations;
  seed: number;
}

/** An alert that would have been sent. */
export interface SentAlert {
  at: Date;
  channel: string;
  title: string;
  text: string;
}

interface PlayedWeek {
  /** When snapshots were published, as far as a scheduler could see it in the week. */
  published: Date[];
  alerts: SentAlert[];
}

/** A scheduler with its alerts, as one process has them. */
interface Process {
  scheduler: Scheduler;
  alerts: Alerts;
}

/** Its heart beats in real time, which hardly passes here; in the week's time it is silent for longer than that. */
const LEASE_MS = 10 * 60 * 1000;
/** In real time, so that a slow machine does not take the lease away. */
const HEARTBEAT_MS = LEASE_MS / 10;

/**
 * Plays a week in lock-step: the clock jumps to what comes next, a due time, the end of a step, or a deed; then all
 * that follows is done before it jumps again. So nothing depends on how fast this machine is.
 */
export async function playWeek(
  { jobs, store, week, incidents, durations, seed }: PlayWeekOptions,
): Promise<PlayedWeek> {
  const clock = createSimulatedClock(week.from);
  const runtime = { now: clock.now, log: createLogger(() => {}) };
  const deeds = incidents.flatMap(({ deeds = [] }) => deeds).sort((a, b) => a.at.getTime() - b.at.getTime());
  const played: PlayedWeek = { published: [], alerts: [] };
  const runs = playRuns({
    clock,
    durations,
    seed,
    store,
    troubles: incidents.flatMap(({ trouble }) => trouble ?? []),
    onStep: (step) => void (step === "transform" && played.published.push(clock.now())),
  });
  const channels = [...new Set(jobs.jobs.map(({ alertChannel }) => alertChannel))].map((name) => ({
    name,
    place: "this terminal",
    send({ title, text }: AlertMessage) {
      played.alerts.push({ at: clock.now(), channel: name, title, text });
      return Promise.resolve();
    },
  }));
  let started = 0;
  let heartbeatAt = 0;
  let hasNews = false;
  let process: Process | undefined = await start();

  async function start(): Promise<Process> {
    const ledger = openLedger(store, clock.now);
    const alerts = createAlerts({ ledger, channels, runtime });
    const scheduler = createScheduler({
      ...jobs,
      ledger,
      runtime,
      execute: runs.execute,
      owner: `scheduler-${++started}`,
      leaseMs: LEASE_MS,
      random: createRandom(seed, `scheduler ${started}`),
      publishedSince: (since) => Promise.resolve(played.published.filter((time) => time > since)),
      trustClocks: true,
      onNews(job) {
        hasNews = true;
        return alerts.review(job);
      },
    });
    await scheduler.begin();
    await scheduler.keepAlive();
    heartbeatAt = performance.now();
    await scheduler.round(true);
    return { scheduler, alerts };
  }

  /** Waits until every run sleeps, and what ended is written down and followed up. */
  async function waitUntilIdle({ scheduler, alerts }: Process): Promise<void> {
    while (true) {
      await clock.quiet();
      await scheduler.idle();
      const ending = scheduler.active().filter((active) => !runs.isPlaying(active));
      if (ending.length === 0) break;
      await Promise.all(ending.map(({ ended }) => ended));
    }
    if (hasNews) await alerts.flush();
    hasNews = false;
  }

  async function round(look: boolean): Promise<void> {
    if (process === undefined) return;
    if (performance.now() - heartbeatAt > HEARTBEAT_MS) {
      await process.scheduler.keepAlive();
      heartbeatAt = performance.now();
    }
    await process.scheduler.round(look);
    await waitUntilIdle(process);
  }

  async function wakeAll(): Promise<void> {
    while (process !== undefined && clock.wake()) await waitUntilIdle(process);
  }

  async function act(deed: Deed): Promise<void> {
    if (deed.does === "kill scheduler") {
      await process?.alerts.close();
      process = undefined;
      runs.kill();
    } else if (deed.does === "start scheduler") {
      process = await start();
      await waitUntilIdle(process);
    } else await ask(deed, { jobs, store, now: clock.now });
  }

  const reviews = slaReviews(jobs, week);
  while (true) {
    const next = earliest([
      deeds[0]?.at,
      reviews[0]?.at,
      process && clock.nextWake(),
      process?.scheduler.nextWake(),
    ]);
    if (next === undefined || next > week.to) break;
    clock.jumpTo(next);
    await wakeAll();
    for (; deeds[0] !== undefined && deeds[0].at <= next; deeds.shift()) await act(deeds[0]);
    await round(false);
    for (; reviews[0] !== undefined && reviews[0].at <= next; reviews.shift()) {
      await process?.alerts.review(reviews[0].job);
      await process?.alerts.flush();
    }
  }
  // What goes on at the end may end; nothing new is due.
  for (let next = clock.nextWake(); next !== undefined; next = clock.nextWake()) {
    clock.jumpTo(next);
    await wakeAll();
  }
  await process?.alerts.close();
  await process?.scheduler.stop(0);
  return { ...played, published: played.published.filter((time) => time <= week.to) };
}

/** What people ask for goes through the ledger, as from the terminal or the server. */
async function ask(
  deed: Asked,
  { jobs: { jobs }, store, now }: { jobs: JobSet; store: ObjectStore; now: () => Date },
): Promise<void> {
  const ledger = openLedger(store, now);
  const request = { by: deed.by, at: now().toISOString() };
  const job = jobs.find(({ name }) => name === deed.job)!;
  switch (deed.does) {
    case "pause":
      return await pauseJob(ledger, job.name, request, deed.reason);
    case "resume":
      return await resumeJob(ledger, job.name);
    case "backfill":
      return void await requestBackfill(ledger, job, request, deed, jobs);
    case "cancel": {
      const { running } = await ledger.jobState(job.name).read();
      return void await cancelRun(ledger, { job: job.name, scheduledFor: running!.scheduledFor }, request);
    }
  }
}

/** When SLAs end, with their jobs: then somebody looks whether they were kept, as schedulers do every few minutes. */
function slaReviews({ jobs }: JobSet, week: { from: Date; to: Date }): { at: Date; job: Job }[] {
  return jobs.flatMap((job) =>
    job.slaMinutes === undefined ? [] : dueInWeek(job, week).map((due) => ({
      at: new Date(due.getTime() + job.slaMinutes! * 60_000 + 1000),
      job,
    }))
  ).sort((a, b) => a.at.getTime() - b.at.getTime());
}

const earliest = (times: (Date | undefined)[]): Date | undefined =>
  times.filter((time) => time !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
