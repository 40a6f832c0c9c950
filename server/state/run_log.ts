import { errorText } from "shopflow/errors/mod.ts";
import { isOpen, type Run } from "shopflow/jobs/mod.ts";
import { readRunLog } from "shopflow/jobs/execution/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** The end of a log. */
export interface LogTail {
  lines: string[];
  /** Lines before them. */
  before: number;
  /** Why it cannot be read. */
  problem?: string;
}

/** Reads ends of logs for pages that many look at. */
interface LogTails {
  /** Of the last attempt that has a log. */
  of(run: Run): Promise<LogTail>;
}

/** Lines that a page shows. */
const MOST_LINES = 500;
const MOST_KEPT = 50;

/** @param pollMs How old what is shown of a run that goes on may be, in milliseconds. */
export function createLogTails(
  store: ObjectStore,
  { log }: Pick<Runtime, "log">,
  pollMs = 1500,
): LogTails {
  const kept = new Map<string, { at: number; tail: Promise<LogTail> }>();

  async function read({ job, scheduledFor }: Run): Promise<LogTail> {
    const lines: string[] = [];
    let before = 0;
    try {
      for await (const line of readRunLog(store, { job, scheduledFor })) {
        lines.push(line);
        if (lines.length < 2 * MOST_LINES) continue;
        before += MOST_LINES;
        lines.splice(0, MOST_LINES);
      }
    } catch (error) {
      log.warn(`log of ${job} ${scheduledFor}: ${errorText(error)}`);
      return { lines: [], before: 0, problem: (error as Error).message };
    }
    const more = Math.max(0, lines.length - MOST_LINES);
    return { lines: lines.slice(more), before: before + more };
  }

  return {
    of(run) {
      if (run.attempts.length === 0) return Promise.resolve({ lines: [], before: 0 });
      const key = `${run.job} ${run.scheduledFor} ${run.attempts.length} ${run.endedAt ?? ""}`;
      const known = kept.get(key);
      // A log is complete before the end of its run is written down.
      if (known !== undefined && (!isOpen(run) || performance.now() - known.at < pollMs)) {
        return known.tail;
      }
      const tail = read(run);
      kept.delete(key);
      kept.set(key, { at: performance.now(), tail });
      // What could not be read is tried again.
      tail.then(({ problem }) => problem !== undefined && kept.delete(key));
      for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) kept.delete(oldest);
      return tail;
    },
  };
}
