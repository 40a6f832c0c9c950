import { STAKEHOLDERS_TIME_ZONE } from "../jobs.ts";
import { type Job, type Step, stepName } from "shopflow/jobs/mod.ts";
import { latestRuns, type Ledger } from "shopflow/jobs/ledger/mod.ts";

/** A clock that stands still until it is told to jump. */
export interface SimulatedClock {
  now(): Date;
  /** Never back. */
  jumpTo(time: Date): void;
  /** Waits until the clock is there; less long when the signal comes. */
  sleep(name: string, until: Date, signal: AbortSignal): Promise<void>;
  /** When the next sleeper wants to be woken. */
  nextWake(): Date | undefined;
  /** Wakes the first one whose time has come. @returns whether there was one. */
  wake(): boolean;
  /** Waits until all who were woken sleep again, or work no more. */
  quiet(): Promise<void>;
  /** Counts work as awake from its beginning to its end. */
  whileAwake<T>(work: Promise<T>): Promise<T>;
  /** Nobody is woken who sleeps now: their process was killed. */
  forgetSleepers(): void;
}

interface Sleeper {
  name: string;
  until: Date;
  wake: () => void;
}

/** A clock that shows `start`, with nobody asleep. */
export function createSimulatedClock(start: Date): SimulatedClock {
  let time = start;
  let sleepers: Sleeper[] = [];
  let awake = 0;
  let waiting: (() => void)[] = [];

  function count(change: 1 | -1): void {
    awake += change;
    if (awake > 0) return;
    const told = waiting;
    waiting = [];
    told.forEach((tell) => tell());
  }
  /** The order must not depend on who was faster on this machine. */
  const sorted = () =>
    sleepers.sort((a, b) => a.until.getTime() - b.until.getTime() || (a.name < b.name ? -1 : 1));

  return {
    now: () => time,
    jumpTo(next) {
      if (next < time) throw new Error(`The clock cannot go back from ${time.toISOString()}`);
      time = next;
    },
    async sleep(name, until, signal) {
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          if (!sleepers.includes(sleeper)) return;
          sleepers = sleepers.filter((other) => other !== sleeper);
          signal.removeEventListener("abort", wake);
          count(1);
          resolve();
        };
        const sleeper = { name, until, wake };
        sleepers.push(sleeper);
        signal.addEventListener("abort", wake);
        count(-1);
      });
    },
    nextWake: () => sorted()[0]?.until,
    wake() {
      const first = sorted()[0];
      if (first === undefined || first.until > time) return false;
      first.wake();
      return true;
    },
    quiet: () => awake === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    async whileAwake(work) {
      count(1);
      try {
        return await work;
      } finally {
        count(-1);
      }
    },
    forgetSleepers() {
      sleepers = [];
    },
  };
}

const DAY = new Intl.DateTimeFormat("en-GB", {
  timeZone: STAKEHOLDERS_TIME_ZONE,
  weekday: "short",
  day: "numeric",
  month: "short",
});
const TIME = new Intl.DateTimeFormat("en-GB", {
  timeZone: STAKEHOLDERS_TIME_ZONE,
  hour: "2-digit",
  minute: "2-digit",
});

/** `Tue 25 Mar`, where the stakeholders are. */
export const localDay = (time: Date): string => DAY.format(time).replace(",", "");

/** `09:05`, where the stakeholders are. */
export const localTime = (time: Date): string => TIME.format(time);

/** How long steps take, in seconds. */
export interface Durations {
  of(job: Job, step: Step): number;
  /** Jobs whose durations are those of real runs. */
  measured: string[];
}

/** A shop of some 100,000 customers on one machine. */
const STATED_SECONDS: Record<string, number> = {
  extract: 150,
  transform: 100,
  "check-data": 90,
  train: 40 * 60,
  score: 6 * 60,
  data_quality: 50,
  publish: 4 * 60,
  "collect-garbage": 3 * 60,
};
const OTHER_SECONDS = 120;
/** Runs that are looked at of each job. */
const MOST_RUNS = 50;

const stated = (step: Step) => STATED_SECONDS[stepName(step)] ?? OTHER_SECONDS;

/**
 * The median of what runs of the lake took, where there are some; their steps share it as they do in the stated
 * durations, which stand for jobs that never ran.
 */
export async function typicalDurations(jobs: readonly Job[], ledger: Ledger): Promise<Durations> {
  const scale = new Map<string, number>();
  for (const job of jobs) {
    const seconds = median(await runSeconds(job, ledger));
    const total = job.steps.reduce((sum, step) => sum + stated(step), 0);
    if (seconds !== undefined) scale.set(job.name, seconds / total);
  }
  return {
    of: ({ name }, step) => Math.max(1, Math.round(stated(step) * (scale.get(name) ?? 1))),
    measured: [...scale.keys()],
  };
}

/** Of runs that did all steps in one attempt. */
async function runSeconds({ name }: Job, ledger: Ledger): Promise<number[]> {
  const runs = await latestRuns(ledger, [name], {
    limit: MOST_RUNS,
    where: ({ attempts }) => attempts.length === 1 && attempts[0]!.ended === "succeeded",
  });
  return runs.map(({ attempts: [attempt] }) =>
    (Date.parse(attempt!.finishedAt!) - Date.parse(attempt!.startedAt)) / 1000
  );
}

const median = (values: number[]): number | undefined =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
