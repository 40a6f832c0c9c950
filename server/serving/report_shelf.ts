import { LakeError, LakeUnreachableError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { type CurrentReport, listReports, readReport } from "shopflow/notebook/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createLastSeen, type Seen } from "./last_seen.ts";

/** The current reports, and the names of those that are there but cannot be read. */
export interface ReportIndex {
  reports: CurrentReport[];
  unreadable: string[];
}

/** A report with its page. */
export interface ReportPage {
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
  options: { patienceMs?: number } = {},
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
    runtime.log.warn(`report ${name}: ${error.message}`);
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
