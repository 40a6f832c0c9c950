import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import type { JobSet } from "./define_jobs.ts";
import { DEFINITIONS_KEY } from "./ledger_keys.ts";

/** The jobs of a lake as its schedulers know them; for those who cannot ask `schedules/`. */
export interface Definitions extends JobSet {
  savedAt: string;
}

/** Writes down the jobs, unless the same ones are there already. */
export async function saveDefinitions(store: ObjectStore, { jobs, pools }: JobSet, now: Date): Promise<void> {
  const before = await readDefinitions(store);
  // What JSON cannot say, such as a pool without limit, is compared as it will be read.
  const stored = JSON.parse(JSON.stringify({ jobs, pools: finite(pools) }));
  if (
    before !== undefined &&
    JSON.stringify(stored) === JSON.stringify({ jobs: before.jobs, pools: finite(before.pools) })
  ) {
    return;
  }
  await store.put(DEFINITIONS_KEY, encodeJson({ savedAt: now.toISOString(), ...stored }));
}

/** Undefined where no scheduler ever ran. */
export async function readDefinitions(store: ObjectStore): Promise<Definitions | undefined> {
  const found = (await readJson<Definitions>(store, DEFINITIONS_KEY))?.value;
  if (found === undefined) return undefined;
  const pools = Object.entries(found.pools).map(([name, size]) => [name, size ?? Infinity]);
  return { ...found, pools: Object.fromEntries(pools) };
}

const finite = (pools: JobSet["pools"]) =>
  Object.fromEntries(
    Object.entries(pools).map(([name, size]) => [name, Number.isFinite(size) ? size : null]),
  );
