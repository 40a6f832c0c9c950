import { type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import type { JobSet } from "../define_jobs.ts";
import type { Job } from "../job.ts";
import { DEFINITIONS_KEY } from "./keys.ts";
import { sharedObject } from "./shared_object.ts";

/** A job that was taken out of the jobs, or renamed. */
export interface RemovedJob {
  /** As it was defined last. */
  job: Job;
  /** When the jobs were first written down without it. */
  removedAt: string;
}

/** The jobs of a lake as its schedulers know them; for those who cannot ask `schedules/`. */
export interface Definitions extends JobSet {
  savedAt: string;
  /** Those that once were, the one that was removed last first. */
  removed: RemovedJob[];
}

/** What the object holds: JSON knows no pool without limit. */
type Stored = Omit<Definitions, "pools" | "removed"> & {
  pools: Record<string, number | null>;
  removed?: RemovedJob[];
};

/**
 * Writes down the jobs, unless the same ones are there already. Those that are there and not among them are kept as
 * removed ones.
 */
export async function saveDefinitions(store: ObjectStore, { jobs, pools }: JobSet, now: Date): Promise<void> {
  // What JSON cannot say, such as a pool without limit, is compared as it will be read.
  const wanted = JSON.parse(JSON.stringify({ jobs, pools: finite(pools) })) as Pick<Stored, "jobs" | "pools">;
  await sharedObject<Stored | Record<string, never>>(store, DEFINITIONS_KEY, {}).update((before) => {
    if (!isStored(before)) {
      return { value: { savedAt: now.toISOString(), ...wanted, removed: [] }, result: undefined };
    }
    const { jobs, pools, removed = [] } = before;
    if (JSON.stringify(wanted) === JSON.stringify({ jobs, pools })) return { result: undefined };
    const gone = jobs.map((job) => ({ job, removedAt: now.toISOString() }));
    const names = new Set(wanted.jobs.map(({ name }) => name));
    const kept = [...gone, ...removed].filter(({ job }) => !names.has(job.name));
    return { value: { savedAt: now.toISOString(), ...wanted, removed: kept }, result: undefined };
  });
}

/** Undefined where no scheduler ever ran. */
export async function readDefinitions(store: ObjectStore): Promise<Definitions | undefined> {
  const found = (await readJson<Stored>(store, DEFINITIONS_KEY))?.value;
  if (found === undefined) return undefined;
  const pools = Object.entries(found.pools).map(([name, size]) => [name, size ?? Infinity]);
  return { ...found, pools: Object.fromEntries(pools), removed: found.removed ?? [] };
}

const isStored = (value: Stored | Record<string, never>): value is Stored => "jobs" in value;

const finite = (pools: JobSet["pools"]): Stored["pools"] =>
  Object.fromEntries(
    Object.entries(pools).map(([name, size]) => [name, Number.isFinite(size) ? size : null]),
  );
