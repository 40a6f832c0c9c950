import { type ObjectStat, type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import { isBesidePages, JOBS, logIn, pageKey, partIn } from "./keys.ts";
import { pageForm } from "./page.ts";

/** What lies beside the pages of runs, as far as it can be deleted. */
export interface BesidePages {
  /** Pieces of logs that runs wrote before the time that was given. */
  oldLogs: ObjectStat[];
  /**
   * Parts of pages that no page names: their writer died before it could say where they are, or after their runs had
   * gone into a larger part.
   */
  strayParts: ObjectStat[];
  /** What neither a run nor a page wrote: other programs did. */
  foreign: ObjectStat[];
}

/**
 * Finds old logs and stray parts. A log is one only if the job has a page of its day, and an unnamed part only if runs
 * of the job are in it: other programs' files may lie there, too, and have any name.
 *
 * @param before Only what was written before these times; younger parts may be about to be named.
 * @throws {LakeError} for a page that cannot be read: what it names is not known.
 */
export async function findBesidePages(
  store: ObjectStore,
  before: { logs: Date; parts: Date },
): Promise<BesidePages> {
  const objects = await store.list(JOBS);
  const keys = new Set(objects.map(({ key }) => key));
  const named = new Map<string, Promise<Set<string>>>();
  const found: BesidePages = { oldLogs: [], strayParts: [], foreign: [] };

  async function sortIn(object: ObjectStat): Promise<void> {
    const { key, modified } = object;
    const log = logIn(key);
    const part = partIn(key);
    if (log !== undefined && keys.has(pageKey(log.job, log.day))) {
      if (modified < before.logs) found.oldLogs.push(object);
    } else if (part !== undefined) {
      const page = pageKey(part.job, part.day);
      if (!named.has(page)) named.set(page, partsNamedBy(store, page));
      if ((await named.get(page)!).has(part.id)) return;
      if (!await holdsRuns(store, key, part)) found.foreign.push(object);
      else if (modified < before.parts) found.strayParts.push(object);
    } else if (isBesidePages(key)) {
      found.foreign.push(object);
    }
  }

  await Promise.all(objects.map(sortIn));
  return found;
}

async function partsNamedBy(store: ObjectStore, page: string): Promise<Set<string>> {
  const stored = (await readJson<unknown>(store, page))?.value;
  return new Set(stored === undefined ? [] : pageForm(page).decode(stored).parts.map(({ id }) => id));
}

/** Whether an object is runs of this job and day, as a part has them, and nothing else. */
async function holdsRuns(
  store: ObjectStore,
  key: string,
  { job, day }: { job: string; day: string },
): Promise<boolean> {
  const object = await store.get(key);
  try {
    const stored = JSON.parse(object === undefined ? "null" : new TextDecoder().decode(object.body));
    const runs = Object.entries<{ job?: unknown }>(stored.runs);
    return Object.keys(stored).length === 1 && runs.length > 0 &&
      runs.every(([time, run]) => time.startsWith(day) && run.job === job);
  } catch {
    return false;
  }
}
