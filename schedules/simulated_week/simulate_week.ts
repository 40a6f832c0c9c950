import { LakeError } from "shopflow/errors/mod.ts";
import {
  createDirectoryStore,
  type LakeConfig,
  type ObjectStat,
  type ObjectStore,
  openStore,
  type StoredObject,
} from "shopflow/lake/store/mod.ts";
import { createRuntime, type Runtime } from "shopflow/runtime/mod.ts";
import type { Run } from "shopflow/jobs/mod.ts";
import { latestRuns, openLedger, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { join } from "node:path";
import { type Paint, paintFor } from "../commands/text.ts";
import { JOBS, STAKEHOLDERS_TIME_ZONE } from "../jobs.ts";
import { dueInWeek, playWeek, type SentAlert } from "./play.ts";
import { INCIDENTS, WEEK } from "./incidents.ts";
import { localDay, localTime, typicalDurations } from "./clock.ts";
import { alertsText, storyText, stripsText, tallyText, unplanned } from "./story.ts";

/** A store in memory, for the thousands of small writes of a week that nobody needs to survive a power cut. */
interface MemoryStore extends ObjectStore {
  /** Writes all objects to another store. */
  saveTo(store: ObjectStore): Promise<void>;
}

/** @param url For messages: where it will be saved. */
export function createMemoryStore(url: string, now: () => Date): MemoryStore {
  const objects = new Map<string, StoredObject & ObjectStat>();
  let writes = 0;

  function write(key: string, body: Uint8Array): { etag: string } {
    const etag = String(++writes);
    objects.set(key, { key, body: new Uint8Array(body), etag, size: body.length, modified: now() });
    return { etag };
  }
  const noFiles = (key: string) =>
    Promise.reject(new LakeError(`${key} has no file`, { expected: "an object of a ledger, in memory" }));

  return {
    url,
    get: (key) => Promise.resolve(objects.get(key)),
    put: (key, body) => Promise.resolve(write(key, body)),
    putIfAbsent: (key, body) => Promise.resolve(objects.has(key) ? undefined : write(key, body)),
    putIfMatch: (key, body, etag) =>
      Promise.resolve(objects.get(key)?.etag === etag ? write(key, body) : undefined),
    moveIn: noFiles,
    localPath: noFiles,
    stat: (key) => Promise.resolve(objects.get(key)),
    list: (prefix) =>
      Promise.resolve(
        [...objects.values()].filter(({ key }) => key.startsWith(prefix)).sort((a, b) =>
          a.key < b.key ? -1 : 1
        ),
      ),
    delete(key) {
      objects.delete(key);
      return Promise.resolve();
    },
    async saveTo(store) {
      for (const { key, body } of objects.values()) await store.put(key, body);
    },
  };
}

export interface SimulateWeekOptions {
  /** Of the durations; default 1. */
  seed?: number;
  /** Where the story goes; default: standard output. */
  print?: (text: string) => void;
  paint?: Paint;
}

/** The result of the week. */
export interface SimulatedWeek {
  /** The folder of its lake. */
  lakeUrl: string;
  /** All runs, the oldest first. */
  runs: Run[];
  /** What was due: by the cron expressions, and by the snapshots that were published. */
  due: { job: string; scheduledFor: Date }[];
  alerts: SentAlert[];
}

/** More than there are in a week. */
const ALL = 100_000;

/**
 * Shows a week of the schedule in seconds: the real jobs, planner, ledger, schedulers, policies and alerts on a clock
 * that jumps; the runs are played, and what the ledger holds in the end is left in a lake of its own. What goes wrong in the week is in `incidents.ts`.
 *
 * @throws {Error} when a run is not accounted for, which is a defect.
 */
export async function simulateWeek(
  config: LakeConfig,
  runtime: Pick<Runtime, "now"> = createRuntime(),
  options: SimulateWeekOptions = {},
): Promise<SimulatedWeek> {
  const { seed = 1, print = console.log } = options;
  const { paint = paintFor(Deno.stdout.isTerminal() && !Deno.noColor) } = options;
  const lakeUrl = join(config.home, "simulated_week", "lake");
  const started = performance.now();
  const store = createMemoryStore(lakeUrl, () => WEEK.to);
  await saveDefinitions(store, JOBS, WEEK.from);
  const durations = await typicalDurations(JOBS.jobs, openLedger(openStore(config), runtime.now));
  print(introduction(durations.measured, seed));
  const { published, alerts } = await playWeek({
    jobs: JOBS,
    store,
    week: WEEK,
    incidents: INCIDENTS,
    durations,
    seed,
  });
  await removed(lakeUrl);
  await store.saveTo(createDirectoryStore(lakeUrl));
  const names = JOBS.jobs.map(({ name }) => name);
  const runs = (await latestRuns(openLedger(store, () => WEEK.to), names, { limit: ALL })).reverse();
  const due = JOBS.jobs.flatMap((job) =>
    ("on" in job.schedule ? published : dueInWeek(job, WEEK)).map((scheduledFor) => ({
      job: job.name,
      scheduledFor,
    }))
  );
  const lost = unplanned(due, runs);
  if (lost.length > 0) throw new Error(`${lost.length} runs are not accounted for: ${lost.join(", ")}`);
  print(`\n${storyText(INCIDENTS, runs, paint)}`);
  print(`\n${stripsText(JOBS.jobs, runs, paint)}`);
  print(`\n${tallyText(JOBS.jobs, runs)}`);
  print(`\n${due.length} runs were due; each is in the ledger with its end and the reason for it.`);
  print(`\nAlerts that would have been sent:\n${alertsText(alerts, paint)}`);
  print(farewell(lakeUrl, performance.now() - started));
  return { lakeUrl, runs, due, alerts };
}

function introduction(measured: string[], seed: number): string {
  const durations = measured.length === 0
    ? "as in a shop of some 100,000 customers"
    : `as in this lake's ledger for ${measured.join(", ")}, else as in a shop of some 100,000 customers`;
  return [
    `A week of the schedule, ${localDay(WEEK.from)} 2025 ${localTime(WEEK.from)} to ${localDay(WEEK.to)} ` +
    `${localTime(WEEK.to)}, times of ${STAKEHOLDERS_TIME_ZONE}.`,
    "Jobs, planner, ledger, schedulers, policies and alerts are the real ones. The runs are simulated: nothing is copied,",
    `trained or published, and they take so long ${durations} (random with seed ${seed}).`,
  ].join("\n");
}

function farewell(lakeUrl: string, milliseconds: number): string {
  return [
    `\nThe week took ${
      (milliseconds / 1000).toFixed(1)
    } s. Its ledger is in a separate lake; look at it with`,
    `  SHOPFLOW_LAKE=${lakeUrl} deno task jobs runs --status failed,missed,superseded`,
    `  SHOPFLOW_LAKE=${lakeUrl} deno task serve    (page /jobs)`,
  ].join("\n");
}

async function removed(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
