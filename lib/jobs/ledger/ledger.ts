import { encodeJson, type ObjectStat, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { controlKey, pageIn, pageKey, pagesFolder, WAKE_KEY } from "./keys.ts";
import { isOpen, type Request, type Run, type RunName } from "../run.ts";
import { type SharedObject, sharedObject } from "./shared_object.ts";

/** What of a job is not about one run. Every start of a run goes through it, so that a job runs once at a time. */
export interface JobState {
  /** Every run up to this time, ISO, is in the ledger; undefined before a scheduler saw the job. */
  plannedUntil?: string;
  /** Pages (see {@linkcode Page}) that have open runs, or may soon, each with when that was last said. */
  activePages: Record<string, string>;
  /** Runs from this time on lie on pages of an hour; undefined: all lie on pages of a day. Once set it never changes. */
  hourPagesFrom?: string;
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

/**
 * The runs of a job that are scheduled for one UTC day (`2024-10-02`), or for one hour (`2024-10-02T07`) where the job
 * runs more often than hourly, by their time. A page is one object, changed by compare-and-swap; five cron fields make
 * at most 60 runs an hour, so a change stays small.
 */
export interface Page {
  runs: Record<string, Run>;
}

const PAGE = z.object({
  runs: z.record(
    z.string(),
    z.looseObject({ scheduledFor: z.iso.datetime(), status: z.string(), attempts: z.array(z.unknown()) }),
  ),
});

/** The run history of every job; kept in the lake, shared by all schedulers, the command line and the server. */
export interface Ledger {
  readonly store: ObjectStore;
  jobState(job: string): SharedObject<JobState>;
  /** @param page A day or an hour. */
  page(job: string, page: string): SharedObject<Page>;
  /** The pages of a job that may have runs from (inclusive) to (inclusive), the oldest first. */
  pages(job: string, from?: Date, to?: Date): Promise<ObjectStat[]>;
  /** Reads a job's state and those of its active pages that may have changed. */
  refresh(job: string): Promise<void>;
  /** Open runs of a job as they were when its active pages were last read, the oldest first. */
  openRuns(job: string): Run[];
  /** Adds runs of a job unless they are in the ledger, where those that are there stay as they are. */
  enqueue(job: string, runs: Run[]): Promise<void>;
  /** Changes a run in one step, unless `change` gives undefined. @returns the run as it is then. */
  change(name: RunName, change: (run: Run) => Run | undefined): Promise<Run | undefined>;
  /** Like `change`, for a change that may open a run that has ended. */
  reopen(name: RunName, change: (run: Run) => Run | undefined): Promise<Run | undefined>;
  /** Removes runs from a time on that are not to be kept. */
  retain(job: string, from: Date, keep: (run: Run) => boolean): Promise<void>;
  /** A run as it is now; undefined when it was never planned. */
  run(name: RunName): Promise<Run | undefined>;
  /** A run as its page says: that it runs is said by the job's state only. */
  storedRun(name: RunName): Promise<Run | undefined>;
  /** A run as its page said when it was last read here; undefined when it was not. */
  knownRun(name: RunName): Run | undefined;
  /** The runs of a job from (inclusive) to (inclusive), the oldest first. */
  runs(job: string, from: Date, to: Date): Promise<Run[]>;
  /** Takes pages off the list of active ones on which nothing is open any more. */
  closePages(job: string): Promise<void>;
  /** Makes all schedulers look. */
  notify(): Promise<void>;
  /** Changes when somebody notified the schedulers. */
  wakeSignal(): Promise<string | undefined>;
}

const NO_STATE: JobState = { activePages: {} };
const NO_RUNS: Page = { runs: {} };
/** A page that somebody said to be active stays so for a while: its run may be about to be written. */
const ACTIVE_AT_LEAST_MS = 60 * 60 * 1000;
/** Of many pages with open runs, so many of the oldest and of the newest are read at every look: runs start there. */
const PAGES_AT_ENDS = 4;
const READS_AT_ONCE = 8;
const HOUR_MS = 60 * 60 * 1000;

/**
 * The ledger of a lake. Nothing is read yet; what is read of a job's state and of its active pages is kept, as `refresh`
 * found it. An object that is no page is a {@linkcode LakeError}.
 *
 * @param now Dates the pages that become active, and says when they may be closed.
 */
export function openLedger(store: ObjectStore, now: () => Date): Ledger {
  const jobStates = new Map<string, SharedObject<JobState>>();
  /** By key; only active pages are kept, and of those that are not at the end only the ones with open runs. */
  const kept = new Map<string, SharedObject<Page>>();
  /** What the state said of an active page, by its key, when it was last read. */
  const marks = new Map<string, string | undefined>();
  /** The newest active page of a job when it was last refreshed: runs are added there without a mark. */
  const newestRead = new Map<string, string>();
  const openOf = new WeakMap<Page, readonly Run[]>();

  const jobState = (job: string) =>
    getOrCreate(jobStates, job, () => sharedObject(store, controlKey(job), NO_STATE));
  const newPage = (key: string) => sharedObject<Page>(store, key, NO_RUNS, PAGE);
  const activePage = (job: string, id: string) => {
    const key = pageKey(job, id);
    return getOrCreate(kept, key, () => newPage(key));
  };
  const page = (job: string, id: string) => kept.get(pageKey(job, id)) ?? newPage(pageKey(job, id));
  const activePages = (job: string) => Object.keys(jobState(job).known?.activePages ?? {}).sort();

  async function pageOf({ job, scheduledFor }: RunName): Promise<SharedObject<Page>> {
    return page(job, pageId(scheduledFor, jobState(job).known ?? await jobState(job).read()));
  }

  /** Puts pages on the list before anything open is written there. */
  async function markActive(job: string, ids: string[]): Promise<void> {
    await jobState(job).update((state) => {
      const marked = ids.map((id) => [id, nextMark(state.activePages[id], now())]);
      const activePages = { ...state.activePages, ...Object.fromEntries(marked) };
      return { value: { ...state, activePages }, result: undefined };
    });
  }

  function openOn(job: string, id: string): readonly Run[] {
    const known = kept.get(pageKey(job, id))?.known;
    if (known === undefined) return [];
    const runs = openOf.get(known) ?? Object.values(known.runs).filter(isOpen).sort(byTime);
    openOf.set(known, runs);
    return runs;
  }

  /** Pages on which nothing is open any more are not held in memory, except the newest. */
  function dropIfDone(job: string, id: string): void {
    if (id !== activePages(job).at(-1) && openOn(job, id).length === 0) kept.delete(pageKey(job, id));
  }

  async function readActive(job: string, id: string, mark: string | undefined): Promise<void> {
    await activePage(job, id).read();
    marks.set(pageKey(job, id), mark);
    dropIfDone(job, id);
  }

  const ledger: Ledger = {
    store,
    jobState,
    page,
    async pages(job, from, to) {
      const [first, last] = [from?.toISOString(), to?.toISOString()];
      const prefix = first === undefined || last === undefined ? "" : commonStart(first, last).slice(0, 10);
      return (await store.list(pagesFolder(job) + prefix)).filter(({ key }) => {
        const id = pageIn(key);
        return (first === undefined || id >= first.slice(0, id.length)) &&
          (last === undefined || id <= last.slice(0, id.length));
      });
    },
    async refresh(job) {
      const state = await jobState(job).read();
      const ids = activePages(job);
      const running = state.running && pageId(state.running.scheduledFor, state);
      const undone = ids.filter((id) => id === ids.at(-1) || openOn(job, id).length > 0);
      const wanted = new Set([
        ...undone.slice(0, PAGES_AT_ENDS),
        ...undone.slice(-PAGES_AT_ENDS),
        running,
        newestRead.get(job),
      ]);
      await Promise.all(ids.map(async (id) => {
        const mark = state.activePages[id];
        if (wanted.has(id) || marks.get(pageKey(job, id)) !== mark) await readActive(job, id, mark);
      }));
      const newest = ids.at(-1);
      if (newest !== undefined) newestRead.set(job, newest);
    },
    openRuns(job) {
      const open = activePages(job).flatMap((id) => openOn(job, id));
      const known = jobState(job).known;
      return open.map((run) =>
        run.scheduledFor === known?.running?.scheduledFor ? withRunning(run, known) : run
      );
    },
    async enqueue(job, runs) {
      const state = jobState(job).known ?? await jobState(job).read();
      const byPage = [...Map.groupBy(runs, ({ scheduledFor }) => pageId(scheduledFor, state))];
      const opened = byPage.filter(([, ofPage]) => ofPage.some(isOpen)).map(([id]) => id);
      // Pages are taken off the list before the newest one only, so that one needs no second look.
      const isNewest = opened.every((id) => id === activePages(job).at(-1));
      if (!isNewest) await markActive(job, opened);
      // A scheduler may just have decided that the job's runs lie on pages of an hour.
      if (jobState(job).known?.hourPagesFrom !== state.hourPagesFrom) return await ledger.enqueue(job, runs);
      for (const [id, ofPage] of byPage) {
        await activePage(job, id).update((value) => {
          const added = ofPage.filter(({ scheduledFor }) => value.runs[scheduledFor] === undefined);
          if (added.length === 0) return { result: undefined };
          const entries = added.map((run) => [run.scheduledFor, run]);
          return { value: { runs: { ...value.runs, ...Object.fromEntries(entries) } }, result: undefined };
        });
      }
      // That it is the newest must still be so: others look at an older page for its mark only.
      if (isNewest && opened.length > 0) await jobState(job).read();
      // Again: who looked between the mark and the write has to look once more, and one may have been taken off.
      if (opened.some((id) => id !== activePages(job).at(-1))) await markActive(job, opened);
      for (const [id] of byPage) dropIfDone(job, id);
    },
    async change(name, change) {
      const { job, scheduledFor } = name;
      const id = pageId(scheduledFor, jobState(job).known ?? await jobState(job).read());
      const changed = await page(job, id).update((value) => {
        const before = value.runs[scheduledFor];
        const after = before && change(before);
        if (after === undefined || after === before) return { result: before };
        return { value: { runs: { ...value.runs, [scheduledFor]: after } }, result: after };
      });
      dropIfDone(job, id);
      return changed;
    },
    async reopen(name, change) {
      const id = pageId(name.scheduledFor, jobState(name.job).known ?? await jobState(name.job).read());
      await markActive(name.job, [id]);
      const after = await ledger.change(name, change);
      await markActive(name.job, [id]);
      return after;
    },
    async retain(job, from, keep) {
      for (const { key } of await ledger.pages(job, from)) {
        await page(job, pageIn(key)).update(({ runs }) => {
          const rest = Object.entries(runs).filter(([, run]) => keep(run));
          return rest.length === Object.keys(runs).length
            ? { result: undefined }
            : { value: { runs: Object.fromEntries(rest) }, result: undefined };
        });
      }
    },
    async run(name) {
      const found = await ledger.storedRun(name);
      return found && withRunning(found, isOpen(found) ? await jobState(name.job).read() : undefined);
    },
    async storedRun(name) {
      return (await (await pageOf(name)).read()).runs[name.scheduledFor];
    },
    knownRun({ job, scheduledFor }) {
      const state = jobState(job).known;
      return state && page(job, pageId(scheduledFor, state)).known?.runs[scheduledFor];
    },
    async runs(job, from, to) {
      const [first, last] = [from.toISOString(), to.toISOString()];
      const pages = await ledger.pages(job, from, to);
      const known = pages.length > 0 ? await jobState(job).read() : undefined;
      const found: Run[] = [];
      for (let i = 0; i < pages.length; i += READS_AT_ONCE) {
        const batch = pages.slice(i, i + READS_AT_ONCE);
        const read = await Promise.all(batch.map(({ key }) => page(job, pageIn(key)).read()));
        found.push(...read.flatMap(({ runs }) => Object.values(runs)));
      }
      return found.filter(({ scheduledFor }) => scheduledFor >= first && scheduledFor <= last)
        .map((run) => withRunning(run, known)).sort(byTime);
    },
    async closePages(job) {
      const done = ({ activePages }: JobState) =>
        Object.entries(activePages).sort(([a], [b]) => a < b ? -1 : 1).slice(0, -1).filter(([id, mark]) =>
          now().getTime() - Math.max(Date.parse(mark), endOf(id)) >= ACTIVE_AT_LEAST_MS &&
          marks.has(pageKey(job, id)) && openOn(job, id).length === 0
        );
      const candidates = done(jobState(job).known ?? NO_STATE);
      if (candidates.length === 0) return;
      // Whoever said that a page is active may have died after it wrote there, without saying so again.
      await Promise.all(candidates.map(([id, mark]) => readActive(job, id, mark)));
      const closed = await jobState(job).update((state) => {
        const ids = done(state).filter(([id, mark]) => marks.get(pageKey(job, id)) === mark).map(([id]) =>
          id
        );
        if (ids.length === 0) return { result: ids };
        const rest = Object.entries(state.activePages).filter(([id]) => !ids.includes(id));
        return { value: { ...state, activePages: Object.fromEntries(rest) }, result: ids };
      });
      for (const id of closed) {
        kept.delete(pageKey(job, id));
        marks.delete(pageKey(job, id));
      }
    },
    async notify() {
      await store.put(WAKE_KEY, encodeJson({ signal: randomUUID() }));
    },
    wakeSignal: async () => (await store.get(WAKE_KEY))?.etag,
  };
  return ledger;
}

/** The time now as a page's mark; another one than before also where no millisecond passed. */
function nextMark(before: string | undefined, now: Date): string {
  const after = before === undefined ? 0 : Date.parse(before) + 1;
  const isClose = Math.abs(after - now.getTime()) < 1000;
  return new Date(isClose ? Math.max(after, now.getTime()) : now).toISOString();
}

/** The page of a time: a day or an hour. */
export function pageId(scheduledFor: string, { hourPagesFrom }: Pick<JobState, "hourPagesFrom">): string {
  const isHour = hourPagesFrom !== undefined && scheduledFor >= hourPagesFrom;
  return scheduledFor.slice(0, isHour ? "2024-10-02T07".length : "2024-10-02".length);
}

/** When the day or hour of a page begins; ISO, UTC. */
export const startOf = (id: string): string =>
  id.length === "2024-10-02".length ? `${id}T00:00:00.000Z` : `${id}:00:00.000Z`;

/** When the day or hour of a page is over, in milliseconds since 1970. */
export const endOf = (id: string): number =>
  id.length === "2024-10-02".length
    ? Date.parse(`${id}T00:00Z`) + 24 * HOUR_MS
    : Date.parse(`${id}:00Z`) + HOUR_MS;

/** In the order of their times. */
export const byTime = (a: Run, b: Run) =>
  a.scheduledFor < b.scheduledFor ? -1 : a.scheduledFor > b.scheduledFor ? 1 : 0;

/** A run as it looks to people: one that was started is written down as such in the job's state only. */
export function withRunning(run: Run, state: JobState | undefined): Run {
  const running = state?.running;
  if (running === undefined || !goesOn(running, run)) return run;
  const { attempt: number, owner, scheduler, startedAt } = running;
  return {
    ...run,
    status: "running",
    reason: `runs in ${owner}`,
    attempts: [...run.attempts, { number, owner, scheduler, startedAt }],
  };
}

/** Whether a run that was started has not ended, by what its page says. */
export function goesOn(running: Running, run: Run | undefined): boolean {
  return run !== undefined && run.scheduledFor === running.scheduledFor && isOpen(run) &&
    !run.attempts.some(({ number }) => number >= running.attempt);
}

function getOrCreate<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key) ?? create();
  map.set(key, found);
  return found;
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
