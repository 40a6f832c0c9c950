import type { ObjectStat, ObjectStore } from "shopflow/lake/store/mod.ts";
import { isAmongLogs, JOBS, logIn, pageOfKey } from "./keys.ts";

/** Logs of runs, as far as they can be deleted. */
export interface OldLogs {
  /** Pieces of logs that runs wrote before the time that was given. */
  logs: ObjectStat[];
  /** What lies among the logs and no run wrote: other programs did. */
  foreign: ObjectStat[];
}

/**
 * Finds logs of runs that were written before a time. A log is one only if the job has a page of its day: other
 * programs' files may lie there, too, and have any name.
 */
export async function findOldLogs(store: ObjectStore, before: Date): Promise<OldLogs> {
  const objects = await store.list(JOBS);
  const name = ({ job, day }: { job: string; day: string }) => `${job} ${day}`;
  const pages = new Set(objects.flatMap(({ key }) => pageOfKey(key) ?? []).map(name));
  const found: OldLogs = { logs: [], foreign: [] };
  for (const object of objects) {
    const log = logIn(object.key);
    if (log !== undefined && pages.has(name(log))) {
      if (object.modified < before) found.logs.push(object);
    } else if (isAmongLogs(object.key)) {
      found.foreign.push(object);
    }
  }
  return found;
}
