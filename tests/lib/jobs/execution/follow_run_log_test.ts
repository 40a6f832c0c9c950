import assert from "node:assert/strict";
import { followRunLog, openRunLog } from "shopflow/jobs/execution/mod.ts";
import type { RunLog } from "../../../../lib/jobs/execution/run_log.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { until } from "../../../fixtures/process_state.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { troubledStore } from "./troubled_store.ts";

const RUN = { job: "refresh-data", scheduledFor: "2024-10-02T03:05:00.000Z" };
const now = () => new Date("2024-10-02T03:05:12Z");

/** Follows a log in the background; `lines` grows, without their times. */
function follow(store: ObjectStore, options: { attempt?: number; signal?: AbortSignal } = {}) {
  const following = { lines: [] as string[], ended: false, done: Promise.resolve() };
  following.done = (async () => {
    const ended = () => Promise.resolve(following.ended);
    for await (const line of followRunLog(store, RUN, { ended, pollMs: 5, ...options })) {
      following.lines.push(line.replace(/^\S+Z /, ""));
    }
  })();
  return following;
}
const open = (store: ObjectStore, attempt: number, maxBytes = 10 << 20): RunLog =>
  openRunLog(store, { ...RUN, attempt }, { now, flushMs: 5, maxBytes, tailBytes: 10_000 });

Deno.test("a log is followed from before its first line to after its last", () => withDirectory(followed));
testWith(
  ["s3"],
  "a log in S3 is followed from before its first line to after its last",
  () => withS3Lake(({ store }) => followed(store)),
);

async function followed(store: ObjectStore): Promise<void> {
  const following = follow(store);
  const log = open(store, 1);
  for (const word of ["one", "two", "three"]) {
    log.write(word);
    await until(() => following.lines.at(-1) === word);
  }
  log.write("the last line");
  await log.close();
  following.ended = true;
  await following.done;
  assert.deepEqual(following.lines, ["one", "two", "three", "the last line"]);
}

Deno.test("a run that is tried again is followed into its next attempts", () =>
  withDirectory(async (store) => {
    const first = open(store, 1);
    first.write("first attempt");
    await first.close();
    const following = follow(store);
    await until(() => following.lines.length === 1);
    // The second one ended before it wrote anything.
    const third = open(store, 3);
    third.write("third try");
    await until(() => following.lines.length === 2);
    third.write("done");
    await third.close();
    following.ended = true;
    await following.done;
    assert.deepEqual(following.lines, ["first attempt", "third try", "done"]);
  }));

Deno.test("only the attempt that is asked for is followed", () =>
  withDirectory(async (store) => {
    for (const attempt of [1, 2]) {
      const log = open(store, attempt);
      log.write(`try ${attempt}`);
      await log.close();
    }
    const following = follow(store, { attempt: 1 });
    following.ended = true;
    await following.done;
    assert.deepEqual(following.lines, ["try 1"]);
  }));

Deno.test("a follower of a log that is too long gets lines once, in order, and how many are missing", () =>
  withDirectory(async (store) => {
    const following = follow(store);
    const log = open(store, 1, 50_000);
    const count = 10_000;
    for (let number = 0; number < count; number++) {
      log.write(String(number));
      // The second half comes at once, so that more must be dropped than is kept, however quick the store is.
      if (number < count / 2 && number % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await log.close();
    following.ended = true;
    await following.done;
    let next = 0;
    for (const line of following.lines) {
      if (line.startsWith("… more than")) continue;
      const leftOut = line.match(/^… ([\d,]+) lines/)?.[1];
      if (leftOut === undefined) assert.equal(line, String(next++));
      else next += Number(leftOut.replaceAll(",", ""));
    }
    assert.equal(next, count);
    assert.ok(following.lines.length < count);
  }));

Deno.test("a follower that waits asks for few objects and lists none", () =>
  withDirectory(async (directory) => {
    const { store, requests } = troubledStore(directory);
    const log = open(directory, 1);
    log.write("a line");
    const following = follow(store);
    await until(() => following.lines.length === 1);
    const before = requests.length;
    await until(() => requests.length > before + 100);
    const asked = new Set(requests.slice(before));
    // The next object of this attempt, and the first one of the next eight.
    assert.ok(asked.size <= 10, [...asked].join("\n"));
    assert.ok(![...asked].some((request) => request.startsWith("list")));
    following.ended = true;
    await following.done;
    await log.close();
  }));

Deno.test("following ends at once when its signal comes", () =>
  withDirectory(async (store) => {
    const stop = new AbortController();
    const following = follow(store, { signal: stop.signal });
    stop.abort();
    await following.done;
    assert.deepEqual(following.lines, []);
  }));

async function withDirectory(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "follow_log_" });
  try {
    await body(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
