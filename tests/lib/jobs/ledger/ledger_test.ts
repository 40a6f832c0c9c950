/** Runs of a job on their pages: of a day, or of an hour where it runs more often than hourly. */
import assert from "node:assert/strict";
import { createDirectoryStore, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { isOpen, type Run } from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createMemoryStore } from "../../../../schedules/simulated_week/simulate_week.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";

const JOB = "refresh";
const DAY = "2024-10-02";
const PAGES = `runs/jobs/${JOB}/pages/`;
const EPOCH = new Date(0).toISOString();
const MINUTE = 60_000;
let time = Date.parse(`${DAY}T12:00:00Z`);
const now = () => new Date(time);
const timeOf = (i: number) => new Date(Date.parse(`${DAY}T00:00:00Z`) + i * MINUTE).toISOString();
const nameOf = (i: number) => ({ job: JOB, scheduledFor: timeOf(i) });

const queued = (i: number): Run => ({
  ...nameOf(i),
  trigger: "schedule",
  dataInterval: { start: timeOf(i), end: timeOf(i + 1) },
  status: "queued",
  reason: "ready to start",
  plannedAt: timeOf(i),
  stepsDone: [],
  attempts: [],
});
const succeeded = (run: Run): Run => ({ ...run, status: "succeeded", reason: "done", endedAt: DAY });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const times = (runs: readonly Run[]) => runs.map(({ scheduledFor }) => scheduledFor);
const all = (ledger: Ledger) => ledger.runs(JOB, new Date(0), new Date("9999-01-01"));
const inMemory = () => createMemoryStore("memory", now);

/** A ledger whose job has pages of an hour. */
async function hourly(store: ObjectStore): Promise<Ledger> {
  const ledger = openLedger(store, now);
  await ledger.jobState(JOB).update((state) => ({
    value: { ...state, hourPagesFrom: EPOCH },
    result: undefined,
  }));
  return ledger;
}
const daily = (store: ObjectStore) => Promise.resolve(openLedger(store, now));

async function runOneByOne(ledger: Ledger, from: number, to: number): Promise<void> {
  for (const i of range(from, to)) {
    await ledger.enqueue(JOB, [queued(i)]);
    await ledger.change(nameOf(i), succeeded);
  }
}

/** Several writers do what comes; a map says what should be there. */
async function compareWithMap(
  store: ObjectStore,
  rounds: number,
  seed: number,
  open = hourly,
): Promise<void> {
  const random = createRandom(seed);
  const ledgers = await Promise.all(range(0, 3).map(() => open(store)));
  const expected = new Map<string, Run>();
  const some = () => Math.floor(random() * 400);
  for (let round = 0; round < rounds; round++) {
    await Promise.all(ledgers.map(async (ledger) => {
      const added = range(0, Math.ceil(random() * 12)).map(() => queued(some()));
      await ledger.enqueue(JOB, added);
      for (const run of added) if (!expected.has(run.scheduledFor)) expected.set(run.scheduledFor, run);
    }));
    const known = [...expected.keys()];
    await Promise.all(ledgers.flatMap((ledger) =>
      range(0, 6).map(async () => {
        const scheduledFor = known[Math.floor(random() * known.length)] ?? timeOf(0);
        // Whoever comes first ends it, and anyone may ask for it again.
        const after = await ledger.reopen({ job: JOB, scheduledFor }, (run) =>
          isOpen(run) ? succeeded(run) : { ...run, status: "queued", reason: `${run.reason}, again` });
        assert.ok(after);
      })
    ));
    if (random() < 0.05) {
      const limit = timeOf(some());
      const keep = ({ scheduledFor, status }: Run) => scheduledFor <= limit || status === "succeeded";
      await ledgers[0]?.retain(JOB, new Date(limit), keep);
      for (const run of await all(await open(store))) assert.ok(keep(run));
      const left = new Set(times(await all(await open(store))));
      for (const scheduledFor of known) if (!left.has(scheduledFor)) expected.delete(scheduledFor);
    }
    const runs = await all(await open(store));
    assert.deepEqual(times(runs), [...expected.keys()].sort());
    for (const ledger of [...ledgers, await open(store)]) {
      await ledger.refresh(JOB);
      assert.deepEqual(times(ledger.openRuns(JOB)), times(runs.filter(isOpen)));
    }
    for (const run of runs.slice(0, 1)) assert.deepEqual(await (await open(store)).run(run), run);
  }
}

async function withFolder(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ledger_" });
  try {
    await body(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("several writers agree on what is there and what is open", () =>
  withFolder((store) => compareWithMap(store, 8, 1)));
Deno.test("several writers agree in memory, which is quicker, for longer", () =>
  compareWithMap(inMemory(), 100, 3));
Deno.test("several writers agree on pages of a day, too", () => compareWithMap(inMemory(), 50, 4, daily));
testWith(
  ["s3"],
  "several writers agree on S3, too",
  () => withS3Lake(({ store }) => compareWithMap(store, 8, 2)),
);

Deno.test("each run is changed by one of several writers", async () => {
  const store = inMemory();
  const ledgers = await Promise.all(range(0, 3).map(() => hourly(store)));
  await ledgers[0]?.enqueue(JOB, range(0, 200).map(queued));
  const won = await Promise.all(ledgers.map(async (ledger) => {
    let count = 0;
    for (const i of range(0, 200)) {
      let ended = false;
      await ledger.change(nameOf(i), (run) => {
        ended = isOpen(run);
        return ended ? succeeded(run) : undefined;
      });
      if (ended) count++;
    }
    return count;
  }));
  assert.equal(won.reduce((sum, count) => sum + count, 0), 200);
  assert.deepEqual(
    (await store.list(PAGES)).map(({ key }) => key.slice(PAGES.length)),
    ["00", "01", "02", "03"].map((hour) => `${DAY}T${hour}.json`),
  );
});

Deno.test("what a change writes does not grow with the runs of the day", async () => {
  const store = inMemory();
  let [bytes, largest] = [0, 0];
  const note = (body: Uint8Array) => {
    bytes += body.length;
    largest = Math.max(largest, body.length);
  };
  const ledger = await hourly({
    ...store,
    putIfAbsent: (key, body) => (note(body), store.putIfAbsent(key, body)),
    putIfMatch: (key, body, etag) => (note(body), store.putIfMatch(key, body, etag)),
  });
  await runOneByOne(ledger, 0, 600);
  const early = bytes;
  await runOneByOne(ledger, 600, 1200);
  assert.ok(bytes - early < 1.2 * early, `${early} and ${bytes - early} bytes`);
  assert.ok(largest < 60 * 500, `${largest} bytes in one write`);
  assert.equal((await all(ledger)).length, 1200);
});

Deno.test("a job of every minute writes pages of at most 60 KB, and little for each run", async () => {
  const store = inMemory();
  let [bytes, largest, writes] = [0, 0, 0];
  const note = (body: Uint8Array) => {
    bytes += body.length;
    largest = Math.max(largest, body.length);
    writes++;
  };
  const ledger = await hourly({
    ...store,
    putIfAbsent: (key, body) => (note(body), store.putIfAbsent(key, body)),
    putIfMatch: (key, body, etag) => (note(body), store.putIfMatch(key, body, etag)),
  });
  const steps = ["extract", "transform", "train churn", "publish churn_report"];
  for (const i of range(0, 240)) {
    await ledger.enqueue(JOB, [queued(i)]);
    for (const step of steps) {
      await ledger.change(nameOf(i), (run) => ({ ...run, stepsDone: [...run.stepsDone, step] }));
    }
    const attempt = {
      number: 1,
      owner: `scheduler-7f9c-worker.shop.example.com:4711 ${"a".repeat(36)}`,
      startedAt: timeOf(i),
      finishedAt: timeOf(i),
      ended: "failed" as const,
      reason: "publish churn_report ended with exit code 1",
      exitCode: 1,
      peakBytes: 1_234_567_890,
    };
    await ledger.change(nameOf(i), (run) => ({
      ...run,
      status: "failed",
      reason: attempt.reason,
      attempts: [attempt],
      endedAt: timeOf(i),
    }));
  }
  assert.ok(largest <= 60_000, `${largest} bytes in one write`);
  const [writesARun, bytesARun] = [writes / 240, bytes / 240];
  assert.ok(writesARun < steps.length + 3, `${writesARun} writes a run`);
  assert.ok(bytesARun < (steps.length + 2) * 30_000, `${bytesARun} bytes a run`);
});

Deno.test("a look at a long backfill reads few pages, and sees what others did in its middle", async () => {
  const store = inMemory();
  const reads: string[] = [];
  const looking = openLedger({
    ...store,
    get(key) {
      if (key.startsWith(PAGES)) reads.push(key);
      return store.get(key);
    },
  }, now);
  const other = await hourly(store);
  await other.enqueue(JOB, range(0, 100).map((i) => queued(i * 60)));
  await looking.refresh(JOB);
  assert.equal(reads.length, 100, "what it never saw is read");
  reads.length = 0;
  await looking.refresh(JOB);
  assert.equal(reads.length, 8);

  await other.enqueue(JOB, [queued(50 * 60 + 7)]);
  await other.change(nameOf(51 * 60), succeeded);
  await other.reopen(nameOf(51 * 60), (run) => ({ ...run, status: "queued", reason: "again" }));
  reads.length = 0;
  await looking.refresh(JOB);
  assert.equal(reads.length, 10);
  const open = looking.openRuns(JOB);
  assert.ok(times(open).includes(timeOf(50 * 60 + 7)));
  assert.equal(open.find(({ scheduledFor }) => scheduledFor === timeOf(51 * 60))?.reason, "again");
});

Deno.test("pages on which nothing is open are closed an hour after they are over, the newest never", async () => {
  const ledger = await hourly(inMemory());
  time = Date.parse(timeOf(125));
  await ledger.enqueue(JOB, [queued(10), queued(70), queued(125)]);
  const active = async () =>
    Object.keys((await ledger.jobState(JOB).read()).activePages).map((id) => id.slice(-2));
  for (const i of [10, 125]) await ledger.change(nameOf(i), succeeded);
  await ledger.closePages(JOB);
  assert.deepEqual(await active(), ["00", "01", "02"], "not at once");
  time += 2 * 60 * MINUTE;
  await ledger.refresh(JOB);
  await ledger.closePages(JOB);
  assert.deepEqual(await active(), ["01", "02"]);
  assert.deepEqual(times(ledger.openRuns(JOB)), [timeOf(70)]);
});

Deno.test("a run that is added to the newest page is seen also by who looks when there is a newer one", async () => {
  const store = inMemory();
  const [writer, looking] = [await hourly(store), await hourly(store)];
  await writer.enqueue(JOB, [queued(0)]);
  await writer.change(nameOf(0), succeeded);
  await looking.refresh(JOB);
  await writer.enqueue(JOB, [queued(59)]);
  await writer.enqueue(JOB, [queued(60)]);
  await looking.refresh(JOB);
  assert.deepEqual(times(looking.openRuns(JOB)), [timeOf(59), timeOf(60)]);
});

Deno.test("a run is seen whose writer did not know that its page was the newest no more", async () => {
  const store = inMemory();
  const [stale, other, looking] = [await hourly(store), await hourly(store), await hourly(store)];
  await stale.enqueue(JOB, [queued(0)]);
  await stale.change(nameOf(0), succeeded);
  await other.enqueue(JOB, [queued(60)]);
  await looking.refresh(JOB);
  await stale.enqueue(JOB, [queued(59)]);
  await looking.refresh(JOB);
  assert.deepEqual(times(looking.openRuns(JOB)), [timeOf(59), timeOf(60)]);
});

Deno.test("what is no page is refused", async () => {
  const store = inMemory();
  for (const found of [[1], { runs: 7 }, { runs: { x: 7 } }, { runs: { x: { status: "queued" } } }]) {
    await store.put(`${PAGES}${DAY}.json`, encodeJson(found));
    const ledger = openLedger(store, now);
    await assert.rejects(all(ledger), /pages\/2024-10-02\.json in the lake .* cannot be read/);
    await assert.rejects(ledger.enqueue(JOB, [queued(1)]), /cannot be read/);
  }
});

Deno.test("a writer that dies anywhere while it adds and ends runs loses none", async () => {
  for (let step = 0, died = true; died; step++) {
    const store = inMemory();
    await (await hourly(store)).enqueue(JOB, [queued(0)]);
    await runOneByOne(openLedger(store, now), 1, 58);
    // From then on each access is one step; at this one, and for ever after, it is dead.
    let left = step;
    died = false;
    const mortal = openLedger(
      new Proxy(store, {
        get(target, name: keyof ObjectStore) {
          const method = target[name];
          if (typeof method !== "function") return method;
          return (...args: never[]) => {
            if (left-- > 0) return (method as (...args: never[]) => unknown)(...args);
            died = true;
            return Promise.reject(new Error("killed"));
          };
        },
      }),
      now,
    );
    // Into the next hour's page.
    await runOneByOne(mortal, 58, 62).catch(({ message }) => assert.equal(message, "killed"));
    const after = openLedger(store, now);
    const runs = new Set(times(await all(after)));
    for (const i of range(0, 58)) assert.ok(runs.has(timeOf(i)), `${i} after ${step} steps`);
    await after.refresh(JOB);
    assert.equal(after.openRuns(JOB)[0]?.scheduledFor, timeOf(0));
    await runOneByOne(after, 58, 70);
    assert.equal((await all(after)).filter(({ status }) => status === "succeeded").length, 69);
  }
});
