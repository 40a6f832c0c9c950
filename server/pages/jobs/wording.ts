import { formatDuration } from "shopflow/runtime/mod.ts";
import cronstrue from "cronstrue";
import {
  type Attempt,
  type Job,
  nextDue,
  type Run,
  type ShownStatus,
  shownStatus,
} from "shopflow/jobs/mod.ts";
import { formatAge } from "../wording.ts";

/** What each status means, and the sign that stands for it where there is room for one letter only. */
export const STATUSES: Record<ShownStatus, { sign: string; meaning: string }> = {
  succeeded: { sign: "", meaning: "all steps succeeded" },
  "sla-missed": { sign: "!", meaning: "it succeeded after its SLA" },
  failed: { sign: "✕", meaning: "it failed, after all retries" },
  cancelled: { sign: "⊘", meaning: "a person cancelled it" },
  skipped: {
    sign: "–",
    meaning: "not run: the job was paused, an earlier run was still open, or a dependency did not succeed",
  },
  superseded: { sign: "»", meaning: "a later run took its place" },
  missed: { sign: "○", meaning: "no scheduler ran when it was due" },
  running: { sign: "▸", meaning: "it is running" },
  retrying: { sign: "↻", meaning: "an attempt failed; it is tried again" },
  interrupted: {
    sign: "?",
    meaning: "its scheduler ended or died while it ran; the next one that lives continues it",
  },
  queued: { sign: "…", meaning: "it starts as soon as possible" },
  waiting: { sign: "·", meaning: "it waits for its dependencies" },
};

/** How an attempt ended, as pages say it. */
export const attemptEnd = ({ ended }: Pick<Attempt, "ended">): string =>
  ended === "lease expired" ? "interrupted" : ended === "released" ? "handed over" : ended ?? "running";

/** How a status is called on pages. */
export const statusLabel = (status: ShownStatus): string => status === "sla-missed" ? "SLA missed" : status;

/** The worst first, for what stands for many. */
export const BY_GRAVITY: readonly ShownStatus[] = [
  "failed",
  "interrupted",
  "missed",
  "sla-missed",
  "cancelled",
  "retrying",
  "running",
  "queued",
  "waiting",
  "superseded",
  "skipped",
  "succeeded",
];

/** `At 07:00, only on Monday (Europe/Berlin)`. */
export function scheduleInWords({ schedule }: Pick<Job, "schedule">): string {
  if ("on" in schedule) return "When a snapshot is published";
  return `${cronInWords(schedule.cron)} (${schedule.timeZone})`;
}

function cronInWords(cron: string): string {
  try {
    return cronstrue.toString(cron, { use24HourTimeFormat: true });
  } catch {
    // The scheduler understood it; what its describer does not know is shown as it is.
    return cron;
  }
}

/**
 * `Wed 2 Oct, 07:00 UTC`, with the year when it is another than that of `now`. Pages, terminal, alerts and the names of
 * runs all keep to UTC: one run has one time wherever it is read.
 */
export function shortDateTime(time: Date, now: Date): string {
  const parts = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" } as const;
  const day = time.toLocaleDateString("en-GB", parts).replace(",", "");
  const year = time.getUTCFullYear() === now.getUTCFullYear() ? "" : ` ${time.getUTCFullYear()}`;
  return `${day}${year}, ${time.toISOString().slice(11, 16)} UTC`;
}

/** `2 hours ago`, `in 5 minutes`. */
export function relativeTime(time: Date, now: Date): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  return seconds >= 0 ? `${formatAge(seconds)} ago` : `in ${formatAge(-seconds)}`;
}

/** `512 MB`. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

/** How long the last attempt of a run took, or takes until now, in milliseconds; undefined when it never started. */
export function durationMs({ attempts }: Run, now: Date): number | undefined {
  const last = attempts.at(-1);
  if (last === undefined) return undefined;
  return Math.max(
    0,
    (last.finishedAt ? Date.parse(last.finishedAt) : now.getTime()) - Date.parse(last.startedAt),
  );
}

/** When a job is due next; undefined for those that have no times. */
export function dueNext({ schedule }: Job, now: Date): Date | undefined {
  return "on" in schedule ? undefined : nextDue(schedule, now);
}

/** The next times of a job. */
export function dueTimesFrom({ schedule }: Job, now: Date, count: number): Date[] {
  const times: Date[] = [];
  if ("on" in schedule) return times;
  for (let time = nextDue(schedule, now); time !== undefined && times.length < count;) {
    times.push(time);
    time = nextDue(schedule, time);
  }
  return times;
}

/** What is said of a run where the mouse rests on it. */
export function runTitle(run: Run, now: Date): string {
  const when = shortDateTime(new Date(run.scheduledFor), now);
  const took = durationMs(run, now);
  const duration = took === undefined ? "" : `, ${formatDuration(took)}`;
  return `${when}: ${statusLabel(shownStatus(run))}${duration}${
    shownStatus(run) === "succeeded" ? "" : ` – ${shortened(run.reason)}`
  }`;
}

/** A text of at most `most` characters; of a longer one the beginning and `…`. */
export function shortened(text: string, most = 200): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

const minutes = (count: number) => formatDuration(count * 60_000);

/** The rules of a job in words, except what it depends on. */
export function rulesInWords(job: Job): { name: string; text: string }[] {
  const { retries, catchup, overlap, timeoutMinutes, slaMinutes, pool, alertChannel } = job;
  const times = retries.limit === 1 ? "once" : `up to ${retries.limit} times`;
  const first = formatDuration(retries.firstDelaySeconds * 1000);
  const longest = formatDuration(retries.maxDelaySeconds * 1000);
  const overlaps = {
    skip: "A run that is due while another one is open is skipped.",
    queue: "A run that is due while another one is open waits for it.",
    replace: "A run that is due while another one is open supersedes it; the earlier run is stopped.",
  };
  const age = `unless it is older than ${minutes(catchup.maxAgeMinutes)}`;
  const misses = {
    all: `Every run that was due while no scheduler ran is run later, ${age}.`,
    latest: `Of the runs that were due while no scheduler ran, only the last is run later, ${age}.`,
    none: "Runs that were due while no scheduler ran are not run later.",
  };
  return [
    {
      name: "Retries",
      text: retries.limit === 0
        ? "A run that fails is not retried."
        : `A run that fails is retried ${times}: after ${first}, then doubling the delay up to ${longest}.`,
    },
    { name: "Time limit", text: `An attempt that takes longer than ${minutes(timeoutMinutes)} is stopped.` },
    { name: "Overlap", text: overlaps[overlap] },
    { name: "Missed runs", text: misses[catchup.runs] },
    {
      name: "SLA",
      text: slaMinutes === undefined
        ? "None."
        : `Must succeed within ${minutes(slaMinutes)} after it is due.`,
    },
    { name: "Pool", text: `Shares the slots of the pool “${pool}” with its other jobs.` },
    { name: "Alerts", text: `Failures, missed SLAs and recoveries are sent to “${alertChannel}”.` },
  ];
}
