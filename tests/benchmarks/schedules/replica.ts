/**
 * A scheduler whose runs do nothing, so that what it takes is the ledger alone. Started by ledger.ts; works until
 * every run has ended, and prints how many it ran and what memory it had meanwhile.
 */
import { createScheduler } from "shopflow/jobs/scheduler/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { openStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { minutelyJobs } from "./minutely_jobs.ts";

export interface ReplicaTask {
  lakeUrl: string;
  home: string;
  jobs: number;
  /** The time it is, ISO; every run until then is due. */
  now: string;
  owner: string;
}

export interface ReplicaResult {
  ran: number;
  /** Of its first and of its last run, in milliseconds since 1970. */
  from: number;
  to: number;
  /** After every thousand of its runs. */
  memory: Memory[];
}

/** In bytes. */
export interface Memory {
  /** Resident: also what nobody needs any more and V8, which has room, has not collected. */
  resident: number;
  /** The heap after a collection, where `--v8-flags=--expose-gc` allows one. */
  live?: number;
}

function measureMemory(): Memory {
  const resident = Deno.memoryUsage().rss;
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return { resident };
  gc();
  return { resident, live: Deno.memoryUsage().heapUsed };
}

const ROOM = 20;
/** Much more often than a scheduler looks by itself. */
const LOOK_MS = 200;

export async function replica(task: ReplicaTask, { begin = false } = {}): Promise<ReplicaResult> {
  const now = () => new Date(task.now);
  const store = openStore({ lakeUrl: task.lakeUrl, home: task.home, cacheBytes: 1 << 20 });
  let [ran, from, to] = [0, 0, 0];
  const memory: Memory[] = [];
  const scheduler = createScheduler({
    ...minutelyJobs(task.jobs),
    ledger: openLedger(store, now),
    runtime: { now, log: createLogger(() => {}) },
    owner: task.owner,
    leaseMs: 60_000,
    maxRuns: ROOM,
    execute: () => {
      to = Date.now();
      from ||= to;
      if (ran++ % 1000 === 0) memory.push(measureMemory());
      return Promise.resolve({ ended: "succeeded", reason: "nothing to do" });
    },
  });
  await scheduler.begin();
  const heart = setInterval(() => void scheduler.keepAlive(), 20_000);
  await scheduler.round();
  while (!begin && scheduler.openRuns().length > 0) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    // What another one ran is seen when it is looked at.
    if (scheduler.active().length < Math.min(task.jobs, ROOM)) await scheduler.round(true);
  }
  clearInterval(heart);
  await scheduler.stop(0);
  memory.push(measureMemory());
  return { ran, from, to, memory };
}

if (import.meta.main) {
  const result = await replica(JSON.parse(Deno.args[0]!));
  console.log(JSON.stringify(result));
}
