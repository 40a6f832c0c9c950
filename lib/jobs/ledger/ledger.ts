import { encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { randomUUID } from "node:crypto";
import { controlKey, dayIn, dayOf, pageKey, pagesFolder, WAKE_KEY } from "./keys.ts";
import { isOpen, type Request, type Run, type RunName } from "../run.ts";
import { type SharedObject, sharedObject } from "./shared_object.ts";
import { byTime, type RunPage, runPage } from "./page.ts";

/** Of a job what is not about one run. Every start of a run goes through it, so that a job runs once at a time. */
export interface JobState {
  /** Every run up to this time, ISO, is in the ledger; undefined before a scheduler saw the job. */
  plannedUntil?: string;
  /** Days whose pages have open runs, or may soon, each with when that was last said. */
  activeDays: Record<string, string>;
  paused?: Request & { reason?: string };
  /** When the job was removed, once all its runs have ended; a job that comes back begins like a new one. */
  removedAt?: string;
  /** The run that was started last; whether it still goes on is on its page. */
  running?: Running;
}

/** A run that was started. */
export interface Running {
  scheduledFor: string;
  attempt: number;
  /** The scheduler that holds it. */
  scheduler: string;
  /** Its host and process, for people. */
  owner: string;
  startedAt: string;
}

/** What became of every run; kept in the lake, shared by all schedulers, the command line and the server. */
export interface Ledger {
  readonly store: ObjectStore;
  control(job: string): SharedObject<JobState>;
  page(job: string, day: string): RunPage;
  /** Reads a job's control and its pages with open runs anew. */
  refresh(job: string): Promise<void>;
  /** Open runs of a job as they were when its pages were last read, the oldest first. */
  openRuns(job: string): Run[];
  /** Enters runs of a job unless they are in the ledger, where those that are there stay as they are. */
  enqueue(job: string, runs: Run[]): Promise<void>;
  /** Changes a run in one step, unless `change` gives undefined. @returns the run as it is then. */
  change(run: RunName, change: (run: Run) => Run | undefined): Promise<Run | undefined>;
  /** A run as it is now; undefined when it was never entered. */
  run(run: RunName): Promise<Run | undefined>;
  /** The runs of a job from (inclusive) to (inclusive), the oldest first. */
  runs(job: string, from: Date, to: Date): Promise<Run[]>;
  /** Takes days off the list of open ones on which nothing is open any more. */
  closeDays(job: string): Promise<void>;
  /** Makes all schedulers look. */
  notify(): Promise<void>;
  /** Changes when somebody rang. */
  wakeSignal(): Promise<string | undefined>;
}

const NO_CONTROL: JobState = { activeDays: {} };
/** A day that somebody said to be open stays so for a while: its run may be about to be written. */
const OPEN_AT_LEAST_MS = 60 * 60 * 1000;

/**
 * The ledger of a lake. Nothing is read yet; what is read of a job's control and of its pages with open runs is kept, as
 * `refresh` found it. A page that this version of ShopFlow cannot read is a {@linkcode LakeError}.
 *
 * @param now Dates the days that are opened, and says when they may be closed.
 */
export function openLedger(store: ObjectStore, now: () => Date): Ledger {
  const controls = new Map<string, SharedObject<JobState>>();
  /** By key; only pages that are open are kept. */
  const pages = new Map<string, RunPage>();

  const control = (job: string) =>
    kept(controls, job, () => sharedObject(store, controlKey(job), NO_CONTROL));
  const openPage = (job: string, day: string) =>
    kept(pages, pageKey(job, day), () => runPage(store, job, day, { follow: true }));
  const page = (job: string, day: string) => pages.get(pageKey(job, day)) ?? runPage(store, job, day);
  const activeDays = (job: string) => Object.keys(control(job).known?.activeDays ?? {}).sort();

  /** Puts a day on the list before anything open is written on its page. */
  async function markActive(job: string, day: string): Promise<void> {
    // Taken off are days before the newest one only, so that needs no second look.
    if (activeDays(job).at(-1) === day) return;
    await control(job).update((value) => ({
      value: { ...value, activeDays: { ...value.activeDays, [day]: now().toISOString() } },
      result: undefined,
    }));
  }

  async function enqueueDay(job: string, day: string, runs: Run[]): Promise<void> {
    if (runs.some(isOpen)) await markActive(job, day);
    await openPage(job, day).enqueue(runs);
    if (activeDays(job).includes(day)) return;
    if (runs.some(isOpen)) await markActive(job, day);
    else pages.delete(pageKey(job, day));
  }

  const ledger: Ledger = {
    store,
    control,
    page,
    async refresh(job) {
      await control(job).read();
      await Promise.all(activeDays(job).map((day) => openPage(job, day).refresh()));
    },
    openRuns(job) {
      const open = activeDays(job).flatMap((day) => openPage(job, day).open());
      const known = control(job).known;
      const at = open.findIndex(({ scheduledFor }) => scheduledFor === known?.running?.scheduledFor);
      return at < 0 ? open : open.with(at, withRunning(open[at]!, known));
    },
    async enqueue(job, runs) {
      for (const [day, ofDay] of Map.groupBy(runs, ({ scheduledFor }) => dayOf(scheduledFor))) {
        await enqueueDay(job, day, ofDay);
      }
    },
    change: (run, change) => page(run.job, dayOf(run.scheduledFor)).change(run.scheduledFor, change),
    async run({ job, scheduledFor }) {
      const found = await page(job, dayOf(scheduledFor)).find(scheduledFor);
      return found && withRunning(found, isOpen(found) ? await control(job).read() : undefined);
    },
    async runs(job, from, to) {
      const [first, last] = [from.toISOString(), to.toISOString()];
      const days = (await store.list(pagesFolder(job))).map(({ key }) => dayIn(key))
        .filter((day) => day >= dayOf(first) && day <= dayOf(last));
      const known = days.length > 0 ? await control(job).read() : undefined;
      const found: Run[] = [];
      for (const day of days) {
        const { runs } = await page(job, day).read();
        found.push(
          ...Object.values(runs).filter(({ scheduledFor }) => scheduledFor >= first && scheduledFor <= last),
        );
      }
      return found.map((run) => withRunning(run, known)).sort(byTime);
    },
    async closeDays(job) {
      const settled = (value: JobState) => {
        const days = Object.keys(value.activeDays).sort();
        return days.slice(0, -1).filter((day) =>
          now().getTime() - Date.parse(value.activeDays[day]!) >= OPEN_AT_LEAST_MS &&
          openPage(job, day).open().length === 0
        );
      };
      const known = control(job).known;
      if (known === undefined || settled(known).length === 0) return;
      await this.refresh(job);
      const closed = await control(job).update((value) => {
        const days = settled(value);
        if (days.length === 0) return { result: days };
        const rest = Object.entries(value.activeDays).filter(([day]) => !days.includes(day));
        return { value: { ...value, activeDays: Object.fromEntries(rest) }, result: days };
      });
      for (const day of closed) pages.delete(pageKey(job, day));
    },
    async notify() {
      await store.put(WAKE_KEY, encodeJson({ seenSignal: randomUUID() }));
    },
    wakeSignal: async () => (await store.get(WAKE_KEY))?.etag,
  };
  return ledger;
}

/** A run as it looks to people: one that was started is written down as such in the job's control only. */
export function withRunning(run: Run, control: JobState | undefined): Run {
  const running = control?.running;
  if (running === undefined || !goesOn(running, run)) return run;
  const { attempt: number, owner, startedAt } = running;
  return {
    ...run,
    status: "running",
    reason: `runs in ${owner}`,
    attempts: [...run.attempts, { number, owner, startedAt }],
  };
}

/** Whether a run that was started has not ended, by what its run's page says. */
export function goesOn(running: Running, run: Run | undefined): boolean {
  return run !== undefined && run.scheduledFor === running.scheduledFor && isOpen(run) &&
    !run.attempts.some(({ number }) => number >= running.attempt);
}

function kept<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}
