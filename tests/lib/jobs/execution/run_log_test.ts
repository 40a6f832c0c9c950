import assert from "node:assert/strict";
import { createMask } from "shopflow/errors/mod.ts";
import { openRunLog, readRunLog } from "shopflow/jobs/execution/mod.ts";
import { runStep } from "../../../../lib/jobs/execution/steps.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { until } from "../../../fixtures/process_state.ts";
import { withFaultyS3 } from "../../../fixtures/s3_client_through.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { troubledStore } from "./troubled_store.ts";

const RUN = { job: "refresh-data", scheduledFor: "2024-10-02T03:05:00.000Z" };
const FIRST = { ...RUN, attempt: 1 };
const NOW = "2024-10-02T03:05:12.000Z";
const now = () => new Date(NOW);
const HOUR = 3_600_000;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`);

Deno.test("a log has its lines in order, with their times", () => withDirectory(keepsLines));
testWith(
  ["s3"],
  "a log in S3 has its lines in order, with their times",
  () => withS3Lake(({ store }) => keepsLines(store)),
);

async function keepsLines(store: ObjectStore): Promise<void> {
  const log = openRunLog(store, FIRST, { now, flushMs: HOUR });
  const lines = numbered(5000);
  for (const line of lines) log.write(line);
  log.write("two\nlines");
  assert.deepEqual(await log.close(), { unsaved: 0 });
  assert.deepEqual(await read(store), [...lines, "two", "lines"].map((line) => `${NOW} ${line}`));
  const keys = (await store.list("runs/jobs/refresh-data/logs/2024-10-02T03-05-00.000Z/1/")).map(({ key }) =>
    key.slice(-10)
  );
  assert.deepEqual(keys, ["000001.log"]);
}

Deno.test("a line is in the store soon, though the log goes on", () =>
  withDirectory(async (store) => {
    const log = openRunLog(store, FIRST, { now, flushMs: 20 });
    log.write("first");
    await until(async () => (await read(store)).length === 1);
    log.write("second");
    await until(async () => (await read(store)).length === 2);
    await log.close();
    assert.deepEqual(await read(store), [`${NOW} first`, `${NOW} second`]);
  }));

Deno.test("a run without a log has no lines", () =>
  withDirectory(async (store) => {
    assert.deepEqual(await read(store), []);
    assert.deepEqual(await read(store, 3), []);
  }));

Deno.test("the log of the last attempt is read, or the one that is asked for", () =>
  withDirectory(async (store) => {
    for (const attempt of [1, 2, 7]) {
      const log = openRunLog(store, { ...RUN, attempt }, { now });
      log.write(`attempt ${attempt}`);
      await log.close();
    }
    assert.deepEqual(await read(store), [`${NOW} attempt 7`]);
    assert.deepEqual(await read(store, 2), [`${NOW} attempt 2`]);
  }));

Deno.test("of a log that is too long the beginning and the end are kept, with what is missing between them", () =>
  withDirectory(async (store) => {
    const lines = numbered(20_000);
    const log = openRunLog(store, FIRST, { now, flushMs: 1, maxBytes: 40_000, tailBytes: 10_000 });
    for (const [index, line] of lines.entries()) {
      log.write(line);
      // Lets the log store what it has, again and again.
      if (index % 2000 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(async () => (await read(store)).at(-1) === TOO_LONG);
    assert.deepEqual(await log.close(), { unsaved: 0 });
    const kept = await read(store);
    assertAccounted(kept, lines.length);
    assert.equal(kept[0], `${NOW} line 0`);
    assert.equal(kept.at(-1), `${NOW} line 19999`);
    assert.deepEqual(
      kept.filter((line) => line.startsWith("…")).map((line) => line.replace(/[\d.,]+/g, "N")),
      [
        "… more than N KiB: the last lines follow when the run ends …",
        "… N lines (N KiB) omitted …",
      ],
    );
    const bytes = (await store.list("runs/")).reduce((sum, { size }) => sum + size, 0);
    assert.ok(bytes > 45_000 && bytes < 50_000 + 200, `${bytes} bytes`);
  }));

const TOO_LONG = "… more than 39.1 KiB: the last lines follow when the run ends …";

Deno.test("the log of a scheduler that is killed is readable up to what it stored last", () =>
  withDirectory(async (store) => {
    const log = openRunLog(store, FIRST, { now, flushMs: 5 });
    log.write("stored");
    await until(async () => (await read(store)).length === 1);
    // Nobody closes the log; the next attempt has one of its own.
    const next = openRunLog(store, { ...RUN, attempt: 2 }, { now });
    next.write("attempt 2");
    await next.close();
    assert.deepEqual(await read(store, 1), [`${NOW} stored`]);
    assert.deepEqual(await read(store), [`${NOW} attempt 2`]);
    await log.close();
  }));

Deno.test("a store that fails for a while loses no line", () =>
  withDirectory(async (directory) => {
    let broken = false;
    const { store, requests } = troubledStore(directory, () => broken ? "fails" : "none");
    const log = openRunLog(store, FIRST, { now, flushMs: 5 });
    log.write("before");
    await until(async () => (await read(directory)).length === 1);
    broken = true;
    log.write("meanwhile");
    const seen = requests.length;
    await until(() => requests.length > seen + 2);
    log.write("and still");
    broken = false;
    log.write("after");
    assert.deepEqual(await log.close(), { unsaved: 0 });
    assert.deepEqual(
      await read(directory),
      ["before", "meanwhile", "and still", "after"].map((line) => `${NOW} ${line}`),
    );
  }));

Deno.test("a store that fails to the end is reported when the log is closed, and not waited for longer", () =>
  withDirectory(async (directory) => {
    const { store } = troubledStore(directory, () => "fails");
    const log = openRunLog(store, FIRST, { now, flushMs: 1, closeMs: 300 });
    for (const line of numbered(100)) log.write(line);
    const { unsaved, problem } = await log.close();
    assert.equal(unsaved, 100);
    assert.match(problem!, /no room left/);
  }));

Deno.test("a store that never answers does not hold up the end of a run", () =>
  withDirectory(async (directory) => {
    const store: ObjectStore = { ...directory, put: () => new Promise(() => {}) };
    const log = openRunLog(store, FIRST, { now, flushMs: 1, closeMs: 50 });
    log.write("never stored");
    assert.equal((await log.close()).unsaved, 1);
  }));

Deno.test("whatever the store does, each line is either there or counted among those omitted", () =>
  withDirectory(async (directory) => {
    let state = 1;
    const random = () => (state = state * 48271 % 2147483647) / 2147483647;
    const { store } = troubledStore(
      directory,
      (request) =>
        !/^(put|delete)/.test(request) || random() < 0.4 ? "none" : random() < 0.5 ? "fails" : "answer lost",
    );
    for (const attempt of [1, 2, 3, 4, 5]) {
      const log = openRunLog(store, { ...RUN, attempt }, {
        now,
        flushMs: 1,
        maxBytes: 20_000,
        tailBytes: 5000,
      });
      const count = 100 * 4 ** (attempt - 1);
      for (const [index, line] of numbered(count).entries()) {
        log.write(line);
        if (index % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
      assert.deepEqual(await log.close(), { unsaved: 0 });
      assertAccounted(await read(directory, attempt), count);
    }
  }));

testWith(["s3"], "an S3 server that throttles and loses answers loses no line of a log", () =>
  withFaultyS3(
    ({ number, method }) =>
      method !== "PUT"
        ? undefined
        : number % 3 === 0
        ? "throttled"
        : number % 3 === 1
        ? "lost answer"
        : undefined,
    async ({ faulty, direct, proxy }) => {
      const log = openRunLog(faulty, FIRST, { now, flushMs: 1 });
      for (const line of numbered(10_000)) {
        log.write(line);
        if (line.endsWith("999")) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(await log.close(), { unsaved: 0 });
      assert.deepEqual(await read(direct), numbered(10_000).map((line) => `${NOW} ${line}`));
      assert.ok(proxy.faults > 0);
    },
  ));

Deno.test("many objects are read without a listing", () =>
  withDirectory(async (directory) => {
    const log = openRunLog(directory, FIRST, { now, flushMs: 0 });
    for (const line of numbered(200)) {
      log.write(line);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await log.close();
    const objects = (await directory.list("runs/jobs/")).length;
    assert.ok(objects > 20, `${objects} objects`);
    const { store, requests } = troubledStore(directory);
    assert.equal((await read(store)).length, 200);
    assert.deepEqual(requests.filter((request) => request.startsWith("list")), []);
    assert.ok(requests.length < objects + 50, `${requests.length} requests for ${objects} objects`);
  }));

Deno.test("a step's log has its command, what it printed and how it ended, without secrets", () =>
  withDirectory(async (store) => {
    const log = openRunLog(store, FIRST, { now });
    const mask = createMask({ API_TOKEN: "tok-12345" });
    const program = {
      program: "sh",
      args: ["-c", 'echo "got $1"; echo $WHERE >&2; exit 4', "it's", "tok-12345"],
      cwd: ".",
      env: { WHERE: "here" },
    };
    const { exitCode, lastLines } = await runStep(program, { log, mask, timeoutMs: 60_000 });
    await log.close();
    assert.equal(exitCode, 4);
    assert.deepEqual(lastLines.toSorted(), ["got ***", "here"]);
    const [first, ...rest] = (await read(store)).map((line) => line.slice(NOW.length + 1));
    const last = rest.pop();
    assert.equal(first, `$ sh -c 'echo "got $1"; echo $WHERE >&2; exit 4' 'it'\\''s' ***`);
    assert.deepEqual(rest.toSorted(), ["got ***", "here"]);
    assert.match(last!, /^= exit code 4; took [\d.]+ m?s(, peak memory [\d.]+ MiB)?$/);
  }));

/** The numbers of lines rise, and those missing between them are as many as the log says. */
function assertAccounted(lines: string[], count: number): void {
  let next = 0;
  for (const line of lines) {
    const omitted = line.match(/^… ([\d,]+) lines .* omitted …$/)?.[1];
    if (omitted !== undefined) next += Number(omitted.replaceAll(",", ""));
    else if (!line.startsWith("… more than")) assert.equal(line, `${NOW} line ${next++}`);
  }
  assert.equal(next, count);
}

function read(store: ObjectStore, attempt?: number): Promise<string[]> {
  return Array.fromAsync(readRunLog(store, RUN, attempt));
}

async function withDirectory(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "run_log_" });
  try {
    await body(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
