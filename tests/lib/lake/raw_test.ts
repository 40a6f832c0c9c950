import assert from "node:assert/strict";
import {
  currentRawVersion,
  moveWatermarks,
  publishRawExtract,
  type RawExtract,
  readRawExtract,
} from "shopflow/lake/mod.ts";
import { createMemoryStore } from "../../../schedules/simulated_week/simulate_week.ts";

const extract = (run: string, watermark: string): RawExtract => ({
  run,
  extractedAt: "2024-10-02T08:00:00.000Z",
  source: "shop",
  tables: { orders: { files: [], contentSha256: run, rows: 7, watermark } },
});
const inMemory = () => createMemoryStore("memory", () => new Date("2024-10-02T08:00Z"));

Deno.test("an extract is published although another one, which found no change, moved the watermarks", async () => {
  const store = inMemory();
  await publishRawExtract(store, extract("one", "2024-10-01"), { replaces: null });
  const version = (await currentRawVersion(store))!;
  await moveWatermarks(store, version, extract("one", "2024-10-03").tables);
  const next = extract("two", "2024-10-02");
  await publishRawExtract(store, next, { replaces: version.extract });
  assert.deepEqual(await readRawExtract(store), next);
});

Deno.test("of two extracts that began with the same one, only one is published", async () => {
  const store = inMemory();
  await publishRawExtract(store, extract("one", "2024-10-01"), { replaces: null });
  const next = extract("two", "2024-10-02");
  await publishRawExtract(store, next, { replaces: extract("one", "2024-10-01") });
  const late = /Another run changed the raw layer while this one ran/;
  await assert.rejects(
    publishRawExtract(store, extract("three", "2024-10-02"), { replaces: extract("one", "2024-10-01") }),
    late,
  );
  await assert.rejects(publishRawExtract(store, extract("three", "2024-10-02"), { replaces: null }), late);
  assert.deepEqual(await readRawExtract(store), next);
});

Deno.test("watermarks of an extract that was replaced meanwhile stay unwritten", async () => {
  const store = inMemory();
  await publishRawExtract(store, extract("one", "2024-10-01"), { replaces: null });
  const version = (await currentRawVersion(store))!;
  const next = extract("two", "2024-10-02");
  await publishRawExtract(store, next, { replaces: extract("one", "2024-10-01") });
  await moveWatermarks(store, version, extract("one", "2024-10-03").tables);
  assert.deepEqual(await readRawExtract(store), next);
});

Deno.test("an extract whose write arrived although it seemed to fail is published", async () => {
  const store = inMemory();
  await publishRawExtract(store, extract("one", "2024-10-01"), { replaces: null });
  const next = extract("two", "2024-10-02");
  await publishRawExtract(
    {
      ...store,
      async putIfMatch(...parameters) {
        await store.putIfMatch(...parameters);
        return undefined;
      },
    },
    next,
    { replaces: extract("one", "2024-10-01") },
  );
  assert.deepEqual(await readRawExtract(store), next);
});
