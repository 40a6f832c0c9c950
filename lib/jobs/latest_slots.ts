import type { Ledger } from "./ledger.ts";
import { dayIn, pagesFolder } from "./ledger_keys.ts";
import type { Slot } from "./slot.ts";

export interface LatestOptions {
  /** How many at most. */
  limit: number;
  /** Not the ones before this time. */
  since?: Date;
  /** Only these; default: all. */
  where?: (slot: Slot) => boolean;
}

/** Pages that are read at the same time. */
const AT_ONCE = 8;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The latest slots of jobs, the newest first. Pages are read from the newest on until there are enough. */
export async function latestSlots(
  ledger: Ledger,
  jobs: string[],
  { limit, since, where = () => true }: LatestOptions,
): Promise<Slot[]> {
  const pages = (await Promise.all(
    jobs.map(async (job) =>
      (await ledger.store.list(pagesFolder(job))).map(({ key }) => ({
        job,
        day: dayIn(key),
      }))
    ),
  )).flat();
  const days = [...Map.groupBy(pages, ({ day }) => day)].sort(([a], [b]) => a < b ? 1 : -1);
  const found: Slot[] = [];
  const first = since?.toISOString() ?? "";
  for (const [day, ofDay] of days) {
    if (found.length >= limit || day < first.slice(0, 10)) break;
    const from = new Date(`${day}T00:00Z`);
    const to = new Date(from.getTime() + DAY_MS - 1);
    for (let i = 0; i < ofDay.length; i += AT_ONCE) {
      const read = ofDay.slice(i, i + AT_ONCE).map(({ job }) => ledger.slots(job, from, to));
      found.push(...(await Promise.all(read)).flat().filter((slot) => slot.slot >= first && where(slot)));
    }
  }
  return found.sort((a, b) => a.slot === b.slot ? (a.job < b.job ? -1 : 1) : a.slot < b.slot ? 1 : -1)
    .slice(0, limit);
}
