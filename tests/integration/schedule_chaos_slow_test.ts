/** Several schedulers on one lake, which are killed and stopped at random: each run is done once, none is lost. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/store/mod.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { withS3Lake } from "../fixtures/s3_lake.ts";
import { chaosPool, chaosSteps } from "../fixtures/schedules/chaos_jobs.ts";
import { type FastClock, readFastClock } from "../fixtures/schedules/fast_clock.ts";
import type { SchedulerProgram } from "../fixtures/schedules/scheduler_program.ts";
import { until } from "../fixtures/process_state.ts";
import { testWith } from "../requirements.ts";

const PROGRAM = join(import.meta.dirname!, "..", "fixtures", "schedules", "scheduler_program.ts");
const MINUTE = 60_000;
const LEASE_MS = 2000;

interface Chaos {
  jobs: number;
  /** Of each job. */
  runs: number;
  /** Seconds in which all of them are due. */
  seconds: number;
  seed: number;
}

Deno.test("three schedulers, killed and stopped at random, do each of 2,000 runs once", async () => {
  const home = await Deno.makeTempDir({ prefix: "chaos_" });
  try {
    await chaos(join(home, "lake"), home, { jobs: 10, runs: 200, seconds: 60, seed: 1 });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

testWith(
  ["s3"],
  "three schedulers, killed and stopped at random, do each of 400 runs once on S3",
  () => withS3Lake((lake) => chaos(lake.url, lake.home, { jobs: 10, runs: 40, seconds: 25, seed: 2 })),
);

async function chaos(lakeUrl: string, home: string, { jobs, runs, seconds, seed }: Chaos): Promise<void> {
  const effects = join(home, "effects");
  await Deno.mkdir(effects);
  const from = Date.parse("2024-10-02T22:00:30Z");
  const to = from + runs * MINUTE;
  const clock: FastClock = { startsAt: Date.now() + 2000, from, to, speed: (to - from) / (seconds * 1000) };
  const program: SchedulerProgram = { lakeUrl, home, effects, clock, jobs, leaseMs: LEASE_MS };
  const random = createRandom(seed);
  const store = openStore({ lakeUrl, home, cacheBytes: 1 << 20 });
  const ledger = openLedger(store, () => readFastClock(clock));
  const names = Array.from({ length: jobs }, (_, i) => `job-${i}`);
  const all = async () =>
    (await Promise.all(names.map((name) => ledger.runs(name, new Date(0), new Date(to))))).flat();

  // However long the schedulers take to start, no run was due before the first of them looked.
  for (const name of names) {
    const plannedUntil = new Date(from).toISOString();
    await ledger.jobState(name).update((value) => ({
      value: { ...value, plannedUntil },
      result: undefined,
    }));
  }
  const replicas = [0, 1, 2].map(() => startReplica(program));
  const done = new AbortController();
  const disturbing = Promise.all(replicas.map((replica) => disturb(replica, random, done.signal)));
  try {
    const deadline = Date.now() + 20 * 60 * 1000;
    let found: Run[] = [];
    while (found.length < jobs * runs || found.some(({ endedAt }) => endedAt === undefined)) {
      assert.ok(
        Date.now() < deadline,
        `${found.filter(({ endedAt }) => endedAt).length} of ${jobs * runs} ended`,
      );
      await delay(1000);
      found = await all();
    }
    assert.equal(found.length, jobs * runs);
    for (const run of found) assert.equal(run.status, "succeeded", JSON.stringify(run));
    const lost = found.flatMap(({ attempts }) => attempts).filter(({ ended }) => ended === "lease expired");
    assert.ok(lost.length > 0, "no run was taken over");
    await checkEffects(effects, found);
    // What a scheduler that was killed had not sent yet is lost.
    await checkLog(store, found.find(({ attempts }) => attempts.length === 1)!);
  } finally {
    done.abort();
    await disturbing;
    for (const replica of replicas) await replica.kill();
  }
  // What they ran has their folder in its command.
  await until(async () => !(await new Deno.Command("pgrep", { args: ["-f", effects] }).output()).success);
}

/**
 * Each step of each run had its effect, and was done again only where an attempt before was lost; no two attempts of a run, no two runs of a job, and no two runs of the pool that
 * has one place lived at the same time.
 */
async function checkEffects(folder: string, runs: Run[]): Promise<void> {
  const lives = new Map<string, { from: bigint; to: bigint; what: string }[]>();
  let effects = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".effect")) effects++;
    if (name.endsWith(".again")) {
      assert.ok(followsALostAttempt(name, runs), `${name}, though no attempt was lost`);
    }
    if (!name.endsWith(".alive")) continue;
    const times = (await Deno.readTextFile(join(folder, name))).match(/\d+/g)?.map(BigInt);
    // It was killed before its first sign of life.
    if (times === undefined) continue;
    const job = name.split("@")[0]!;
    const alone = chaosPool(Number(job.replace("job-", ""))) ?? job;
    lives.set(alone, [...lives.get(alone) ?? [], { from: times[0]!, to: times.at(-1)!, what: name }]);
  }
  const steps = runs.flatMap(({ job }) => chaosSteps(Number(job.replace("job-", ""))));
  assert.equal(effects, steps.length);
  for (const runs of lives.values()) {
    runs.sort((a, b) => a.from < b.from ? -1 : 1);
    for (const [i, run] of runs.entries()) {
      const next = runs[i + 1];
      assert.ok(
        next === undefined || run.to <= next.from,
        `${run.what} still lived when ${next?.what} began`,
      );
    }
  }
}

/** Whether the attempt that left a file, e.g. `job-1@2024-10-02T22-01-00.000Z.2.first.again`, came after one that was lost. */
function followsALostAttempt(file: string, runs: Run[]): boolean {
  const [, run, attempt] = /^(.*)\.(\d+)\.\w+\.again$/.exec(file)!;
  const found = runs.find(({ job, scheduledFor }) => `${job}@${scheduledFor.replaceAll(":", "-")}` === run)!;
  return found.attempts.some(({ number, ended }) => number < Number(attempt) && ended === "lease expired");
}

async function checkLog(store: ObjectStore, { job, scheduledFor }: Run): Promise<void> {
  const logs = await store.list(`runs/jobs/${job}/logs/${scheduledFor.replaceAll(":", "-")}/`);
  const text = await Promise.all(
    logs.map(async ({ key }) => new TextDecoder().decode((await store.get(key))!.body)),
  );
  assert.match(text.join(""), /did first/);
}

interface Replica {
  signal(signal: Deno.Signal): void;
  /** Kills it, where it runs. */
  kill(): Promise<void>;
  restart(): void;
}

function startReplica(program: SchedulerProgram): Replica {
  const spawn = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", PROGRAM, JSON.stringify(program)],
      stdout: "null",
      stderr: "null",
    }).spawn();
  let child = spawn();
  const signal = (name: Deno.Signal) => child.kill(name);
  return {
    signal,
    async kill() {
      // One that is stopped dies, too.
      signal("SIGKILL");
      await child.status;
    },
    restart: () => void (child = spawn()),
  };
}

/** Kills a scheduler, or stops it for longer than its lease, again and again. */
async function disturb(replica: Replica, random: Random, signal: AbortSignal): Promise<void> {
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    await pause(3000 + 8000 * random());
    if (signal.aborted) return;
    if (random() < 0.5) {
      await replica.kill();
      await pause(1000 * random());
      replica.restart();
    } else {
      replica.signal("SIGSTOP");
      await pause(LEASE_MS * (1.2 + 1.3 * random()));
      replica.signal("SIGCONT");
    }
  }
}
