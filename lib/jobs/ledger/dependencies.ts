import type { Ledger } from "./ledger.ts";
import { dayIn, pagesFolder } from "./keys.ts";
import { hasSucceeded, isFinal, shortTime, type Slot } from "../run.ts";
import { nextDue } from "../cron.ts";
import type { Job } from "../job.ts";

interface LatestOptions {
  /** How many at most. */
  limit: number;
  /** Not the ones before this time. */
  since?: Date;
  /** Only these; default: all. */
  where?: (slot: Slot) => boolean;
}

/** Pages that are read at the same time. */
const AT_ONCE = 8;
const ONE_DAY_MS = 24 * 60 * 60 * 1000;

/** The latest slots of jobs, the newest first. Pages are read from the newest on until there are enough. */
export async function latestSlots(
  ledger: Ledger,
  jobs: string[],
  { limit, since, where = () => true }: LatestOptions,
): Promise<Slot[]> {
  const pages = (await Promise.all(
    jobs.map(async (job) =>
      (await ledger.store.list(pagesFolder(job))).map(({ key }) => ({
        job,
        day: dayIn(key),
      }))
    ),
  )).flat();
  const days = [...Map.groupBy(pages, ({ day }) => day)].sort(([a], [b]) => a < b ? 1 : -1);
  const found: Slot[] = [];
  const first = since?.toISOString() ?? "";
  for (const [day, ofDay] of days) {
    if (found.length >= limit || day < first.slice(0, 10)) break;
    const from = new Date(`${day}T00:00Z`);
    const to = new Date(from.getTime() + ONE_DAY_MS - 1);
    for (let i = 0; i < ofDay.length; i += AT_ONCE) {
      const read = ofDay.slice(i, i + AT_ONCE).map(({ job }) => ledger.slots(job, from, to));
      found.push(...(await Promise.all(read)).flat().filter((slot) => slot.slot >= first && where(slot)));
    }
  }
  return found.sort((a, b) => a.slot === b.slot ? (a.job < b.job ? -1 : 1) : a.slot < b.slot ? 1 : -1)
    .slice(0, limit);
}

/** Whether a slot may start as far as the jobs it depends on are concerned. */
type Readiness =
  | { state: "ready" }
  /** `missing` says the same of the other job. */
  | { state: "waiting"; reason: string; missing: string }
  | { state: "impossible"; reason: string; blockedBy: string };

/** How far back a slot of a dependency may lie, in days. */
const LOOK_BACK_DAYS = 35;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Looks at the jobs that a slot depends on. Of each the latest slot at or before this one counts: it must have
 * succeeded. Slots that were skipped or replaced stand for nothing, so the one before is looked at, as long as it
 * belongs to the data interval of this slot. One that was missed counts as the later one that stands for it. Runs
 * that people started without a slot don't count.
 */
export async function readiness(
  { after }: Pick<Job, "after">,
  slot: Slot,
  ledger: Ledger,
  jobs: readonly Job[],
): Promise<Readiness> {
  for (const name of after) {
    const dependency = jobs.find((job) => job.name === name)!;
    const until = new Date(slot.slot);
    const { accountedUntil } = await ledger.control(name).read();
    if (accountedUntil === undefined || isMissing(dependency, new Date(accountedUntil), until)) {
      return waiting(name, "whose slots up to then are not entered yet");
    }
    const newest = await latest(name, until, ledger, () => true);
    let counting = newest && await latest(name, until, ledger, standsForItself);
    if (counting?.status === "missed" && dependency.missed.run === "last") {
      const entered = new Date(slot.enteredAt);
      if (isMissing(dependency, new Date(accountedUntil), entered)) {
        return waiting(name, "whose slots up to now are not entered yet");
      }
      counting = await standIn(name, until, entered, ledger) ?? counting;
    }
    if (counting === undefined || (counting.slot <= slot.interval.from && counting.slot !== newest!.slot)) {
      return {
        state: "impossible",
        blockedBy: name,
        reason: `${name} has no slot in the same interval that was run`,
      };
    }
    if (!isFinal(counting.status)) {
      const run = `${name} of ${shortTime(counting.slot)}`;
      return { state: "waiting", reason: `waits for ${run}`, missing: `${run} is ${counting.status}` };
    }
    if (!hasSucceeded(counting)) {
      return {
        state: "impossible",
        blockedBy: name,
        reason: `${name} of ${shortTime(counting.slot)} ${counting.status}`,
      };
    }
  }
  return { state: "ready" };
}

const waiting = (name: string, why: string): Readiness => ({
  state: "waiting",
  reason: `waits for ${name}, ${why}`,
  missing: `${name}, ${why}`,
});

/** What of the jobs that a slot depends on has not succeeded, a sentence for each. */
export async function unmetDependencies(
  { after }: Pick<Job, "after">,
  slot: Slot,
  ledger: Ledger,
  jobs: readonly Job[],
): Promise<string[]> {
  const known = after.filter((name) => jobs.some((job) => job.name === name));
  const found = await Promise.all(known.map((name) => readiness({ after: [name] }, slot, ledger, jobs)));
  return found.flatMap((ready) =>
    ready.state === "ready" ? [] : [ready.state === "impossible" ? ready.reason : ready.missing]
  );
}

/** The latest slot of a job up to a time, of those that count for others. */
async function latest(
  job: string,
  until: Date,
  ledger: Ledger,
  counts: (slot: Slot) => boolean,
): Promise<Slot | undefined> {
  const [found] = await latestSlots(ledger, [job], {
    limit: 1,
    since: new Date(until.getTime() - LOOK_BACK_DAYS * DAY_MS),
    where: (slot) => slot.slot <= until.toISOString() && slot.trigger !== "manual" && counts(slot),
  });
  return found;
}

const standsForItself = ({ status }: Slot) => status !== "skipped" && status !== "replaced";

/** Of a job that catches up with its last slot only: the slot that was run in the place of missed ones. */
async function standIn(job: string, after: Date, until: Date, ledger: Ledger): Promise<Slot | undefined> {
  const later = await ledger.slots(job, new Date(after.getTime() + 1), until);
  return later.find(({ status, trigger }) =>
    trigger !== "manual" && status !== "missed" && status !== "skipped" && status !== "replaced"
  );
}

/** Whether a job has a slot that is not entered yet though it is due by `until`. */
function isMissing({ schedule }: Job, accountedUntil: Date, until: Date): boolean {
  if ("on" in schedule) return false;
  const next = nextDue(schedule, accountedUntil);
  return next !== undefined && next <= until;
}
