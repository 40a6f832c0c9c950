/** The page of a job's day, whose runs lie in parts once there are many. */
import assert from "node:assert/strict";
import { createDirectoryStore, decodeJson, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { isOpen, type Run } from "shopflow/jobs/mod.ts";
import { type RunPage, runPage } from "../../../../lib/jobs/ledger/page.ts";
import { createMemoryStore } from "../../../../schedules/simulated_week/simulate_week.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";

const DAY = "2024-10-02";
const HEAD = `runs/jobs/refresh/pages/${DAY}.json`;
const PARTS = `runs/jobs/refresh/parts/${DAY}/`;
const timeOf = (i: number) => new Date(Date.parse(`${DAY}T00:00:00Z`) + i * 1000).toISOString();

const queued = (i: number): Run => ({
  job: "refresh",
  scheduledFor: timeOf(i),
  trigger: "schedule",
  dataInterval: { start: timeOf(i), end: timeOf(i + 1) },
  status: "queued",
  reason: "to be started",
  plannedAt: timeOf(i),
  stepsDone: [],
  attempts: [],
});
const succeeded = (run: Run): Run => ({ ...run, status: "succeeded", reason: "done", endedAt: DAY });
const pageOn = (store: ObjectStore) => runPage(store, "refresh", DAY, { follow: true });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

async function withFolder(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "page_" });
  try {
    await body(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
const withMemory = (body: (store: ObjectStore) => Promise<void>) =>
  body(createMemoryStore("memory", () => new Date()));

const stored = async (store: ObjectStore) =>
  decodeJson<Record<string, unknown> & { parts?: { id: string }[] }>(store, HEAD, (await store.get(HEAD))!);

async function runOneByOne(page: RunPage, from: number, to: number): Promise<void> {
  for (const i of range(from, to)) {
    await page.enqueue([queued(i)]);
    await page.change(timeOf(i), succeeded);
  }
}

/** Several writers do what comes; a map says what should be there. */
async function compareWithMap(store: ObjectStore, rounds: number, seed: number): Promise<void> {
  const random = createRandom(seed);
  const pages = range(0, 3).map(() => pageOn(store));
  const expected = new Map<string, Run>();
  const some = () => Math.floor(random() * 400);
  for (let round = 0; round < rounds; round++) {
    await Promise.all(pages.map(async (page) => {
      const entered = range(0, Math.ceil(random() * 12)).map(() => queued(some()));
      await page.enqueue(entered);
      for (const run of entered) if (!expected.has(run.scheduledFor)) expected.set(run.scheduledFor, run);
    }));
    const times = [...expected.keys()];
    await Promise.all(pages.flatMap((page) =>
      range(0, 6).map(async () => {
        const time = times[Math.floor(random() * times.length)]!;
        // Whoever comes first ends it, and anyone may ask for it again.
        const after = await page.change(time, (run) =>
          isOpen(run) ? succeeded(run) : { ...run, status: "queued", reason: `${run.reason}, again` });
        assert.ok(after);
      })
    ));
    if (random() < 0.05) {
      const limit = timeOf(some());
      await pages[0]!.retain(({ scheduledFor, status }) => scheduledFor <= limit || status === "succeeded");
      const { runs } = await pages[1]!.read();
      for (const [time, { status }] of Object.entries(runs)) {
        assert.ok(time <= limit || status === "succeeded");
      }
      for (const time of [...expected.keys()]) if (runs[time] === undefined) expected.delete(time);
    }
    const { runs } = await pages[2]!.read();
    assert.deepEqual(Object.keys(runs).sort(), [...expected.keys()].sort());
    const open = Object.values(runs).filter(isOpen).map(({ scheduledFor }) => scheduledFor).sort();
    for (const page of [...pages, pageOn(store)]) {
      await page.refresh();
      assert.deepEqual(page.open().map(({ scheduledFor }) => scheduledFor), open);
    }
    const time = [...expected.keys()][0]!;
    assert.deepEqual(await runPage(store, "refresh", DAY).find(time), runs[time]);
  }
}

Deno.test("several writers of a page agree on what is there and what is open", () =>
  withFolder((store) => compareWithMap(store, 20, 1)));
Deno.test("several writers of a page agree in memory, which is quicker, for longer", () =>
  withMemory((store) => compareWithMap(store, 100, 3)));
testWith(
  ["s3"],
  "several writers of a page agree on S3, too",
  () => withS3Lake(({ store }) => compareWithMap(store, 12, 2)),
);

Deno.test("each run is changed by one of several writers, however often parts are put together", () =>
  withMemory(async (store) => {
    const pages = range(0, 3).map(() => pageOn(store));
    await pages[0]!.enqueue(range(0, 200).map(queued));
    const won = await Promise.all(pages.map(async (page) => {
      let count = 0;
      for (const i of range(0, 200)) {
        let ended = false;
        await page.change(timeOf(i), (run) => {
          ended = isOpen(run);
          return ended ? succeeded(run) : undefined;
        });
        if (ended) count++;
      }
      return count;
    }));
    assert.equal(won.reduce((sum, count) => sum + count, 0), 200);
    const named = (await stored(store)).parts!.map(({ id }) => `${PARTS}${id}.json`).sort();
    assert.deepEqual((await store.list(PARTS)).map(({ key }) => key), named, "no part is left over");
  }));

Deno.test("what a change writes does not grow with the runs of the day", () =>
  withMemory(async (store) => {
    let [bytes, largest] = [0, 0];
    const note = (body: Uint8Array) => {
      bytes += body.length;
      largest = Math.max(largest, body.length);
    };
    const page = pageOn({
      ...store,
      putIfAbsent: (key, body) => (note(body), store.putIfAbsent(key, body)),
      putIfMatch: (key, body, etag) => (note(body), store.putIfMatch(key, body, etag)),
    });
    await runOneByOne(page, 0, 600);
    const early = bytes;
    await runOneByOne(page, 600, 1200);
    assert.ok(bytes - early < 1.2 * early, `${early} and ${bytes - early} bytes`);
    assert.equal(Object.keys((await page.read()).runs).length, 1200);
  }));

Deno.test("of runs that ended only those of late are held in memory", () =>
  withMemory(async (store) => {
    const page = pageOn(store);
    await page.enqueue(range(500, 520).map(queued));
    await runOneByOne(page, 0, 500);
    const held = range(0, 520).filter((i) => page.known(timeOf(i)) !== undefined);
    assert.ok(held.length <= 20 + 2 * 32, `${held.length} are held`);
    assert.deepEqual(page.open().map(({ scheduledFor }) => scheduledFor), range(500, 520).map(timeOf));
    assert.equal(
      (await page.find(timeOf(3)))!.status,
      "succeeded",
      "the others are read when they are wanted",
    );
  }));

Deno.test("a page that was written before there were parts is read, and gets some once it is changed", () =>
  withMemory(async (store) => {
    const runs = Object.fromEntries(range(0, 100).map((i) => [timeOf(i), succeeded(queued(i))]));
    await store.put(HEAD, encodeJson({ runs: { ...runs, [timeOf(50)]: queued(50) } }));
    const page = pageOn(store);
    await page.refresh();
    assert.deepEqual(page.open().map(({ scheduledFor }) => scheduledFor), [timeOf(50)]);
    await page.change(timeOf(50), succeeded);
    await page.enqueue([queued(3), queued(200)]);
    const all = (await pageOn(store).read()).runs;
    assert.equal(Object.keys(all).length, 101);
    assert.equal(all[timeOf(3)]!.status, "succeeded", "what was there stays as it was");
    const { runs: none, parts } = await stored(store);
    assert.equal(none, undefined, "a program that knows no parts finds no runs, instead of some");
    assert.equal(parts!.length, 1);
  }));

Deno.test("a page with few runs is written as ever", () =>
  withMemory(async (store) => {
    await runOneByOne(pageOn(store), 0, 24);
    assert.deepEqual(Object.keys(await stored(store)), ["runs"]);
    assert.deepEqual(await store.list(PARTS), []);
  }));

Deno.test("a page of a later version is refused, and one whose part is missing", () =>
  withMemory(async (store) => {
    await store.put(HEAD, encodeJson({ format: 3, recent: {}, parts: [] }));
    await assert.rejects(
      pageOn(store).read(),
      /no page of runs that this version.*found format 3.*Update ShopFlow/s,
    );
    await assert.rejects(pageOn(store).enqueue([queued(1)]), /found format 3/);
    await store.put(HEAD, encodeJson([1]));
    await assert.rejects(pageOn(store).read(), /an object with runs/);
    await store.delete(HEAD);
    await runOneByOne(pageOn(store), 0, 40);
    for (const { key } of await store.list(PARTS)) await store.delete(key);
    await assert.rejects(
      pageOn(store).read(),
      /Runs of refresh of 2024-10-02 are missing.*parts\/2024-10-02/s,
    );
    await assert.rejects(pageOn(store).enqueue([queued(2)]), /are missing/);
  }));

Deno.test("a writer that dies anywhere while it puts runs into a part loses none", () =>
  withMemory(async (store) => {
    for (let step = 0, died = true; died; step++) {
      for (const { key } of await store.list("runs/")) await store.delete(key);
      await pageOn(store).enqueue([queued(0)]);
      const page = pageOn(store);
      await runOneByOne(page, 1, 96);
      // From then on each access is one step; at this one, and for ever after, it is dead.
      let left = step;
      died = false;
      const mortal = pageOn(
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
      );
      await runOneByOne(mortal, 96, 100).catch(({ message }) => assert.equal(message, "killed"));
      const after = pageOn(store);
      const { runs } = await after.read();
      for (const i of range(0, 96)) assert.ok(runs[timeOf(i)], `${i} after ${step} steps`);
      await after.refresh();
      assert.equal(after.open()[0]!.scheduledFor, timeOf(0));
      await runOneByOne(after, 96, 140);
      const ended = Object.values((await after.read()).runs).filter(({ status }) => status === "succeeded");
      assert.equal(ended.length, 139);
    }
  }));
