import type { ObjectStat, ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import {
  dayIn,
  type Definitions,
  type Job,
  type JobState,
  type Ledger,
  openLedger,
  pagesFolder,
  readDefinitions,
  type Run,
  withRunning,
} from "shopflow/jobs/mod.ts";
import { type KnownScheduler, listSchedulers } from "shopflow/jobs/scheduler/mod.ts";

/** What was read from objects of the lake, kept as long as a listing says that they did not change. */
interface PageCache<T> {
  /** @param load Reads the object; what it throws is passed on, and nothing is kept. */
  get(stat: ObjectStat, load: () => Promise<T>): Promise<T>;
}

interface Entry<T> {
  size: number;
  modifiedMs: number;
  /** It was written long enough before it was read that a later write has another time. */
  settled: boolean;
  value: T;
}

/** S3 tells times in whole seconds; the rest is for clocks that differ. */
const SETTLED_MS = 10_000;
const MOST_BYTES = 32 * 2 ** 20;

/** @param mostBytes Sizes of all that is kept; what was asked for least recently goes first. */
export function createPageCache<T>({ now }: Pick<Runtime, "now">, mostBytes = MOST_BYTES): PageCache<T> {
  const entries = new Map<string, Entry<T>>();
  let bytes = 0;

  function forget(key: string): void {
    bytes -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  }

  return {
    async get({ key, size, modified }, load) {
      const modifiedMs = modified.getTime();
      const found = entries.get(key);
      forget(key);
      const fresh = found?.settled === true && found.size === size && found.modifiedMs === modifiedMs;
      const settled = fresh || now().getTime() - modifiedMs > SETTLED_MS;
      const entry = fresh ? found : { size, modifiedMs, settled, value: await load() };
      forget(key);
      entries.set(key, entry);
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= mostBytes) break;
        forget(oldest);
      }
      return entry.value;
    },
  };
}

/** A job with what became of its runs lately. */
export interface JobHistory {
  job: Job;
  /** When it was taken out of the jobs; it is not due any more. */
  removedAt?: string;
  paused?: JobState["paused"];
  /** The oldest first; those that have not ended are among them. */
  runs: Run[];
  /** What of the job's ledger cannot be read: days, or `control`. */
  unreadable: string[];
}

/** The jobs of a lake as they are now. */
export interface JobsOverview {
  /** Undefined where no scheduler ever ran. */
  definitions: Definitions | undefined;
  schedulers: KnownScheduler[];
  jobs: JobHistory[];
  /** Jobs that once were, the one that was removed last first. */
  removed: JobHistory[];
}

/** Reads the ledger for pages and answers; it keeps what does not change. */
export interface JobsReader {
  /** All jobs with their last days. */
  overview(): Promise<JobsOverview>;
  /** A job by its name, also one that was removed; undefined when there was none. */
  find(name: string): Promise<Pick<JobHistory, "job" | "removedAt"> | undefined>;
  /** One job with its last weeks; undefined when there was no such job. */
  history(name: string): Promise<JobHistory & Pick<JobsOverview, "definitions" | "schedulers"> | undefined>;
  /** A change was made here: the next look is a new one. */
  forget(): void;
}

export interface JobsReaderOptions {
  /** How old the knowledge of the ledger may be, in milliseconds. */
  pollMs?: number;
}

/** How much of a job is read: days back at least, until there are so many runs, but not more days with runs. */
interface Depth {
  days: number;
  runs: number;
  pages: number;
}

const OVERVIEW: Depth = { days: 7, runs: 30, pages: 35 };
const HISTORY: Depth = { days: 36, runs: 100, pages: 110 };
/** Reads side by side. */
const AT_ONCE = 16;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A board of one lake. All requests within `pollMs` (2000) share one look, and pages that did not change are not read
 * again. What cannot be read is named in `unreadable`, and logged once.
 */
export function createJobsReader(
  store: ObjectStore,
  runtime: Pick<Runtime, "now" | "log">,
  { pollMs = 2000 }: JobsReaderOptions = {},
): JobsReader {
  const pages = createPageCache<Run[]>(runtime);
  const told = new Set<string>();
  let looks = new Map<string, { at: number; found: Promise<unknown> }>();

  /** One look serves all requests that come during it and shortly after. */
  function shared<T>(name: string, look: () => Promise<T>): Promise<T> {
    const known = looks.get(name);
    if (known !== undefined && performance.now() - known.at < pollMs) return known.found as Promise<T>;
    const found = look();
    looks.set(name, { at: performance.now(), found });
    found.catch(() => looks.delete(name));
    return found;
  }

  /** What is damaged stays so until somebody mends it: it is logged once. */
  function tell(what: string, { message }: Error): void {
    if (!told.has(what)) runtime.log.warn(`${what}: ${message}`);
    told.add(what);
  }

  const schedulers = () =>
    shared("schedulers", () => listSchedulers(store, runtime.now(), (key, error) => tell(key, error)));
  const definitions = () => shared("definitions", () => readDefinitions(store));

  async function stateOf(job: Job, depth: Depth): Promise<JobHistory> {
    const ledger = openLedger(store, runtime.now);
    const unreadable: string[] = [];
    const [control, found] = await Promise.all([
      readControl(ledger, job.name, unreadable),
      readRuns(ledger, job.name, depth, unreadable),
    ]);
    const runs = found.map((run) => withRunning(run, control))
      .sort((a, b) => a.scheduledFor < b.scheduledFor ? -1 : a.scheduledFor > b.scheduledFor ? 1 : 0);
    return { job, paused: control?.paused, runs, unreadable: unreadable.sort() };
  }

  async function readControl(
    ledger: Ledger,
    job: string,
    unreadable: string[],
  ): Promise<JobState | undefined> {
    try {
      return await ledger.control(job).read();
    } catch (error) {
      unreadable.push("control");
      tell(`control of ${job}`, error as Error);
      return undefined;
    }
  }

  async function readRuns(
    ledger: Ledger,
    job: string,
    { days, runs, pages: most }: Depth,
    unreadable: string[],
  ): Promise<Run[]> {
    const since = new Date(runtime.now().getTime() - days * DAY_MS).toISOString().slice(0, 10);
    const stats = (await store.list(pagesFolder(job))).reverse().slice(0, most);
    const found: Run[] = [];
    while (stats.length > 0) {
      const wanted = dayIn(stats[0]!.key) >= since || found.length < runs;
      if (!wanted) break;
      const batch = stats.splice(0, AT_ONCE);
      await Promise.all(batch.map(async (stat) => {
        const day = dayIn(stat.key);
        try {
          found.push(...await pages.get(stat, async () => runsOf(await ledger.page(job, day).read())));
        } catch (error) {
          unreadable.push(day);
          tell(`runs of ${job} on ${day}`, error as Error);
        }
      }));
    }
    return found;
  }

  async function statesOf(jobs: readonly Job[]): Promise<JobHistory[]> {
    const waiting = jobs.values();
    const states = new Map<string, JobHistory>();
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const job of waiting) states.set(job.name, await stateOf(job, OVERVIEW));
    }));
    return jobs.map(({ name }) => states.get(name)!);
  }

  async function find(name: string): Promise<Pick<JobHistory, "job" | "removedAt"> | undefined> {
    const known = await definitions();
    const job = known?.jobs.find((job) => job.name === name);
    return job === undefined ? known?.removed.find(({ job }) => job.name === name) : { job };
  }

  return {
    find,
    overview: () =>
      shared("overview", async () => {
        const [known, alive] = await Promise.all([definitions(), schedulers()]);
        const removed = known?.removed ?? [];
        const states = await statesOf(removed.map(({ job }) => job));
        return {
          definitions: known,
          schedulers: alive,
          jobs: await statesOf(known?.jobs ?? []),
          removed: states.map((state, i) => ({ ...state, removedAt: removed[i]!.removedAt })),
        };
      }),
    async history(name) {
      const [found, known, alive] = await Promise.all([find(name), definitions(), schedulers()]);
      if (found === undefined) return undefined;
      const state = await shared(`job ${name}`, () => stateOf(found.job, HISTORY));
      return { ...state, ...found, definitions: known, schedulers: alive };
    },
    forget() {
      looks = new Map();
    },
  };
}

/** @throws {TypeError} when a page is JSON but none of ours. */
function runsOf({ runs }: { runs: Record<string, Run> }): Run[] {
  return Object.values(runs).map((run) => {
    if (
      typeof run.status === "string" && Array.isArray(run.attempts) && !isNaN(Date.parse(run.scheduledFor))
    ) {
      return run;
    }
    throw new TypeError("it holds something else than runs");
  });
}
