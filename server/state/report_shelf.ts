import { errorText, LakeError, LakeUnreachableError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { type CurrentReport, listReports, readReport } from "shopflow/notebook/report/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** Something that was read from the lake. */
interface Seen<T> {
  value: T;
  /** Of what cannot be read now: when it was read. */
  readAt?: Date;
}

/** Keeps what was read from the lake last, for the time in which it cannot be read. */
interface LastSeen {
  /**
   * Reads, or gives what was read before where that fails.
   *
   * @param bytes Room that a value takes.
   * @throws {LakeError} when it cannot be read, and never was or is not kept any more.
   */
  read<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number): Promise<
    Seen<T> | undefined
  >;
}

interface Kept {
  value: unknown;
  bytes: number;
  readAt: Date;
}

/** Pages of reports take about a megabyte. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * @param options.mostBytes Of all that is kept; what was asked for least recently goes first.
 * @param options.staleWhileLoadingMs How long a reading is waited for where there is something to give instead.
 */
export function createLastSeen(
  { now }: { now(): Date },
  { mostBytes = MOST_BYTES, staleWhileLoadingMs = 2000 }: {
    mostBytes?: number;
    staleWhileLoadingMs?: number;
  } = {},
): LastSeen {
  const entries = new Map<string, Kept>();
  let total = 0;

  function forget(key: string): void {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  /** The latest use last. */
  function keep(key: string, kept: Kept): void {
    forget(key);
    if (kept.bytes > mostBytes) return;
    entries.set(key, kept);
    total += kept.bytes;
    for (const oldest of entries.keys()) {
      if (total <= mostBytes) break;
      forget(oldest);
    }
  }

  /** A reading's value, which is kept; undefined is forgotten. */
  async function fresh<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number) {
    const value = await reading();
    if (value === undefined) forget(key);
    else keep(key, { value, bytes: bytes(value), readAt: now() });
    return value === undefined ? undefined : { value };
  }

  return {
    async read<T>(key: string, reading: () => Promise<T | undefined>, bytes: (value: T) => number) {
      const kept = entries.get(key);
      if (kept !== undefined) keep(key, kept);
      const found = fresh(key, reading, bytes);
      if (kept === undefined) return await found;
      // What is slow to come is kept for the next request.
      const instead = { value: kept.value as T, readAt: kept.readAt };
      const readable = found.catch((error) => {
        if (error instanceof LakeError) return instead;
        throw error;
      });
      // What fails after it was given up is nobody's any more.
      readable.catch(() => {});
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<typeof instead>((resolve) =>
        timer = setTimeout(() => resolve(instead), staleWhileLoadingMs)
      );
      try {
        return await Promise.race([readable, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** The current reports, and the names of those that are there but cannot be read. */
interface ReportIndex {
  reports: CurrentReport[];
  unreadable: string[];
}

/** A report with its page. */
interface ReportPage {
  report: CurrentReport;
  html: string;
}

/** Published reports, which stay on the shelf while the lake cannot be read. */
export interface ReportShelf {
  /** @throws {LakeError} when the lake cannot be read, and no index was before. */
  index(): Promise<Seen<ReportIndex>>;
  /**
   * A report's current page, or that of one run; undefined when there is none.
   *
   * @throws {InputError} when name or run id could not be one.
   * @throws {LakeError} when it cannot be read or was changed, and was not read before.
   */
  page(name: string, runId?: string): Promise<Seen<ReportPage> | undefined>;
  /** Takes the index and every current page onto the shelf, those of reports that nobody opened among them. */
  refresh(): Promise<void>;
}

/** New reports are looked for no more often than this. */
const REFRESH_MS = 30_000;
const MOST_BYTES_OF_RUNS = 16 * 2 ** 20;

/** A shelf of one lake; what cannot be read is logged once. */
export function createReportShelf(
  store: ObjectStore,
  runtime: Pick<Runtime, "now" | "log">,
  options: { staleWhileLoadingMs?: number } = {},
): ReportShelf {
  const seen = createLastSeen(runtime, options);
  // Of their own, so that nobody who leafs through old runs crowds out the current pages.
  const seenRuns = createLastSeen(runtime, { ...options, mostBytes: MOST_BYTES_OF_RUNS });
  const problems = new Map<string, string>();
  const onShelf = new Map<string, string>();
  let refreshedAt = -Infinity;

  /** That all of the lake has gone is not said of each report. */
  function tell(name: string, error: Error): void {
    if (error instanceof LakeUnreachableError || problems.get(name) === error.message) return;
    runtime.log.warn(`report ${name}: ${errorText(error)}`);
    problems.set(name, error.message);
  }

  async function index(): Promise<Seen<ReportIndex>> {
    const found = await seen.read("index", async () => {
      const unreadable: string[] = [];
      const reports = await listReports(store, {
        now: runtime.now(),
        onUnreadable(name, error) {
          unreadable.push(name);
          tell(name, error);
        },
      });
      return { reports, unreadable: unreadable.sort() };
    }, ({ reports }) => 1000 * reports.length);
    return found!;
  }

  async function page(name: string, runId?: string): Promise<Seen<ReportPage> | undefined> {
    const found = await (runId === undefined ? seen : seenRuns).read(
      `page ${name} ${runId}`,
      async () => {
        try {
          const found = await readReport(store, name, runId, { now: runtime.now() });
          problems.delete(name);
          return found;
        } catch (error) {
          if (error instanceof LakeError) tell(name, error);
          throw error;
        }
      },
      ({ html }) => html.length,
    );
    if (runId === undefined && found !== undefined) onShelf.set(name, found.value.report.runId);
    return found;
  }

  return {
    index,
    page,
    async refresh() {
      if (performance.now() - refreshedAt < REFRESH_MS) return;
      refreshedAt = performance.now();
      try {
        for (const { name, runId } of (await index()).value.reports) {
          if (onShelf.get(name) !== runId) await page(name);
        }
      } catch (error) {
        // A report that cannot be read keeps no score from being served; whoever opens it is told, too.
        tell("index", error as Error);
      }
    },
  };
}
