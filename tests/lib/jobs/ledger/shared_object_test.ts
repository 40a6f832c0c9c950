import assert from "node:assert/strict";
import { sharedObject } from "../../../../lib/jobs/ledger/shared_object.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";

interface Count {
  count: number;
}
const ZERO: Count = { count: 0 };
const increase = ({ count }: Count) => ({ value: { count: count + 1 }, result: count + 1 });

async function withStore(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shared_" });
  try {
    await body(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function countTogether(store: ObjectStore): Promise<void> {
  const writers = Array.from({ length: 3 }, () => sharedObject(store, "count.json", ZERO));
  const results = await Promise.all(
    writers.flatMap((writer) => Array.from({ length: 40 }, () => writer.update(increase))),
  );
  assert.deepEqual(results.sort((a, b) => a - b), Array.from({ length: 120 }, (_, i) => i + 1));
  assert.deepEqual(await writers[0]!.read(), { count: 120 });
}

Deno.test("changes of several writers are all made, one after the other", () => withStore(countTogether));
testWith(
  ["s3"],
  "changes of several writers are all made on S3, too",
  () => withS3Lake(({ store }) => countTogether(store)),
);

Deno.test("changes that wait for each other are written together", () =>
  withStore(async (store) => {
    let writes = 0;
    const counted = {
      ...store,
      putIfMatch: (...a: Parameters<typeof store.putIfMatch>) => (writes++, store.putIfMatch(...a)),
    };
    const object = sharedObject(counted, "count.json", ZERO);
    await object.update(increase);
    await Promise.all(Array.from({ length: 100 }, () => object.update(increase)));
    assert.deepEqual(object.known, { count: 101 });
    assert.ok(writes <= 2, `${writes} writes`);
  }));

Deno.test("that nothing is to be changed is concluded from what is there, not from what was", () =>
  withStore(async (store) => {
    const [one, two] = [sharedObject(store, "count.json", ZERO), sharedObject(store, "count.json", ZERO)];
    await one.update(increase);
    await two.update(increase);
    const seen = await one.update(({ count }) => ({ result: count }));
    assert.equal(seen, 2);
  }));

Deno.test("a change that throws leaves the others", () =>
  withStore(async (store) => {
    const object = sharedObject(store, "count.json", ZERO);
    const outcomes = await Promise.allSettled([
      object.update(increase),
      object.update(() => {
        throw new Error("no");
      }),
      object.update(increase),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.deepEqual(await object.read(), { count: 2 });
  }));

Deno.test("after a failure of the store the next change is made of what is there", () =>
  withStore(async (store) => {
    let failing = false;
    const object = sharedObject(
      {
        ...store,
        async putIfMatch(...a) {
          const written = await store.putIfMatch(...a);
          if (failing) throw new Error("the answer got lost");
          return written;
        },
      },
      "count.json",
      ZERO,
    );
    await object.update(increase);
    failing = true;
    await assert.rejects(object.update(increase), /got lost/);
    failing = false;
    assert.equal(await object.update(increase), 3);
  }));
