import { errorText } from "shopflow/errors/mod.ts";
import { isOpen, type Slot } from "shopflow/jobs/mod.ts";
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
  /** Of the last try that has a log. */
  of(slot: Slot): Promise<LogTail>;
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

  async function read({ job, slot }: Slot): Promise<LogTail> {
    const lines: string[] = [];
    let before = 0;
    try {
      for await (const line of readRunLog(store, { job, slot })) {
        lines.push(line);
        if (lines.length < 2 * MOST_LINES) continue;
        before += MOST_LINES;
        lines.splice(0, MOST_LINES);
      }
    } catch (error) {
      log.warn(`log of ${job} ${slot}: ${errorText(error)}`);
      return { lines: [], before: 0, problem: (error as Error).message };
    }
    const more = Math.max(0, lines.length - MOST_LINES);
    return { lines: lines.slice(more), before: before + more };
  }

  return {
    of(slot) {
      if (slot.attempts.length === 0) return Promise.resolve({ lines: [], before: 0 });
      const key = `${slot.job} ${slot.slot} ${slot.attempts.length} ${slot.endedAt ?? ""}`;
      const known = kept.get(key);
      // A log is complete before the end of its run is written down.
      if (known !== undefined && (!isOpen(slot) || performance.now() - known.at < pollMs)) {
        return known.tail;
      }
      const tail = read(slot);
      kept.delete(key);
      kept.set(key, { at: performance.now(), tail });
      // What could not be read is tried again.
      tail.then(({ problem }) => problem !== undefined && kept.delete(key));
      for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - MOST_KEPT))) kept.delete(oldest);
      return tail;
    },
  };
}
