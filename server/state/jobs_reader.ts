import { errorText } from "shopflow/errors/mod.ts";
import pLimit from "p-limit";
import type { ObjectStat, ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { Job, Run } from "shopflow/jobs/mod.ts";
import {
  type Definitions,
  type JobState,
  openLedger,
  pageIn,
  readDefinitions,
  withRunning,
} from "shopflow/jobs/ledger/mod.ts";
import { type KnownScheduler, listSchedulers, seenRun } from "shopflow/jobs/scheduler/mod.ts";

/** What was read from objects of the lake, kept as long as a listing says that they did not change. */
interface PageCache<T> {
  /** @param load Reads the object; what it throws is passed on, and nothing is kept. */
  get(stat: ObjectStat, load: () => Promise<T>): Promise<T>;
}

interface Entry<T> {
  size: number;
  modifiedMs: number;
  /** It was written long enough before it was read that a later write has another time. */
  isStable: boolean;
  value: T;
}

/** S3 tells times in whole seconds; the rest is for clocks that differ. */
const STABLE_MS = 10_000;
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
      const fresh = found?.isStable === true && found.size === size && found.modifiedMs === modifiedMs;
      const isStable = fresh || now().getTime() - modifiedMs > STABLE_MS;
      const entry = fresh ? found : { size, modifiedMs, isStable, value: await load() };
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

/** A job with its latest runs. */
export interface JobHistory {
  job: Job;
  /** When it was taken out of the jobs; it is not due any more. */
  removedAt?: string;
  paused?: JobState["paused"];
  /** The oldest first; those that have not ended are among them. */
  runs: Run[];
  /** What of the job's ledger cannot be read: pages, or `control`. */
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
  /** The schedulers that ran within the last day or so, those that live first. */
  schedulers(): Promise<KnownScheduler[]>;
  /** All jobs with their last days. */
  overview(): Promise<JobsOverview>;
  /** A job by its name, also one that was removed; undefined when there was none. */
  find(name: string): Promise<Pick<JobHistory, "job" | "removedAt"> | undefined>;
  /** One job with its last weeks; undefined when there was no such job. */
  history(name: string): Promise<JobHistory & Pick<JobsOverview, "definitions" | "schedulers"> | undefined>;
  /** A change was made here: the next look is a new one. */
  invalidate(): void;
}

export interface JobsReaderOptions {
  /** How old the knowledge of the ledger may be, in milliseconds. */
  pollMs?: number;
}

/**
 * How much of a job is read: days back at least, or hours where its pages are of an hour, until there are so many runs,
 * but not more pages.
 */
interface Depth {
  days: number;
  hours: number;
  runs: number;
  pages: number;
}

const OVERVIEW: Depth = { days: 7, hours: 48, runs: 30, pages: 35 };
const HISTORY: Depth = { days: 36, hours: 36 * 24, runs: 100, pages: 110 };
/** Reads side by side. */
const AT_ONCE = 16;
const HOUR_MS = 60 * 60 * 1000;

/**
 * A reader of one lake. All requests within `pollMs` (2000) share one look, and pages that did not change are not read
 * again. What cannot be read is named in `unreadable`, and logged once.
 */
export function createJobsReader(
  store: ObjectStore,
  runtime: Pick<Runtime, "now" | "log">,
  { pollMs = 2000 }: JobsReaderOptions = {},
): JobsReader {
  const pages = createPageCache<Run[]>(runtime);
  const logged = new Set<string>();
  const jobAtOnce = pLimit(AT_ONCE);
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

  /** What is damaged stays so until somebody repairs it: it is logged once. */
  function logOnce(what: string, error: unknown): void {
    if (!logged.has(what)) runtime.log.warn(`${what}: ${errorText(error)}`);
    logged.add(what);
  }

  const schedulers = () => shared("schedulers", () => listSchedulers(store, runtime.now(), logOnce));
  const definitions = () => shared("definitions", () => readDefinitions(store));

  async function historyOf(
    job: Job,
    depth: Depth,
    schedulers: KnownScheduler[],
  ): Promise<JobHistory> {
    const ledger = openLedger(store, runtime.now);
    const unreadable: string[] = [];
    /** What cannot be read is named, and left out. */
    async function readable<T>(id: string, what: string, read: () => Promise<T>): Promise<T | undefined> {
      try {
        return await read();
      } catch (error) {
        unreadable.push(id);
        logOnce(what, error);
        return undefined;
      }
    }
    const readPage = (stat: ObjectStat) => {
      const id = pageIn(stat.key);
      return readable(
        id,
        `runs of ${job.name} on ${id}`,
        () => pages.get(stat, async () => Object.values((await ledger.page(job.name, id).read()).runs)),
      );
    };
    const state = await readable("control", `state of ${job.name}`, () => ledger.jobState(job.name).read());
    const found: Run[] = [];
    for (const batch of batches(await ledger.pages(job.name), depth, runtime.now(), () => found.length)) {
      found.push(...(await Promise.all(batch.map(readPage))).flatMap((runs) => runs ?? []));
    }
    const surroundings = { schedulers, paused: state?.paused };
    const runs = found.map((run) => seenRun(withRunning(run, state), surroundings))
      .sort((a, b) => a.scheduledFor < b.scheduledFor ? -1 : a.scheduledFor > b.scheduledFor ? 1 : 0);
    return { job, paused: state?.paused, runs, unreadable: unreadable.sort() };
  }

  async function find(name: string): Promise<Pick<JobHistory, "job" | "removedAt"> | undefined> {
    const known = await definitions();
    const job = known?.jobs.find((job) => job.name === name);
    return job === undefined ? known?.removed.find(({ job }) => job.name === name) : { job };
  }

  return {
    find,
    schedulers,
    overview: () =>
      shared("overview", async () => {
        const [known, alive] = await Promise.all([definitions(), schedulers()]);
        const read = (job: Job) => jobAtOnce(() => historyOf(job, OVERVIEW, alive));
        return {
          definitions: known,
          schedulers: alive,
          jobs: await Promise.all((known?.jobs ?? []).map(read)),
          removed: await Promise.all(
            (known?.removed ?? []).map(async ({ job, removedAt }) => ({ ...await read(job), removedAt })),
          ),
        };
      }),
    async history(name) {
      const [found, known, alive] = await Promise.all([find(name), definitions(), schedulers()]);
      if (found === undefined) return undefined;
      const state = await shared(`job ${name}`, () => historyOf(found.job, HISTORY, alive));
      return { ...state, ...found, definitions: known, schedulers: alive };
    },
    invalidate() {
      looks = new Map();
    },
  };
}

/** Pages to be read side by side, from the newest on, until there are enough. */
function* batches(
  stats: ObjectStat[],
  { days, hours, runs, pages }: Depth,
  now: Date,
  found: () => number,
): Generator<ObjectStat[]> {
  const isHour = pageIn(stats.at(-1)?.key ?? "").includes("T");
  const since = new Date(now.getTime() - (isHour ? hours : days * 24) * HOUR_MS).toISOString();
  const newest = stats.slice(isHour ? -hours : -pages).reverse();
  for (let i = 0; i < newest.length; i += AT_ONCE) {
    const batch = newest.slice(i, i + AT_ONCE);
    const id = pageIn(batch[0]?.key ?? "");
    if (id < since.slice(0, id.length) && found() >= runs) return;
    yield batch;
  }
}
