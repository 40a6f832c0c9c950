import assert from "node:assert/strict";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { type Manifest, publishedSince, publishSnapshot, rollBack } from "shopflow/lake/mod.ts";
import { readPointer } from "../../../lib/lake/pointer.ts";

const content = (codeVersion: string): Omit<Manifest, "id" | "createdAt"> => ({
  codeVersion,
  inputs: {},
  tables: {},
});
const at = (time: string) => new Date(`2024-06-01T${time}Z`);

async function withStore(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_publications_" });
  try {
    await body(createDirectoryStore(folder, { sync: false }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const since = async (store: ObjectStore, time: string) =>
  (await publishedSince(store, at(time))).map((time) => time.toISOString().slice(11, 23));

Deno.test("every publication after a time is known, a rollback among them", () =>
  withStore(async (store) => {
    assert.deepEqual(await since(store, "00:00"), []);
    const first = await publishSnapshot(store, content("v1"), at("01:00"));
    await publishSnapshot(store, content("v2"), at("02:00"));
    await publishSnapshot(store, content("v2"), at("02:30"));
    await rollBack(store, first.id, at("03:00"));
    assert.deepEqual(await since(store, "00:00"), ["01:00:00.000", "02:00:00.000", "03:00:00.000"]);
    assert.deepEqual(await since(store, "02:00"), ["03:00:00.000"]);
    assert.equal((await readPointer(store))!.value.publishedAt, "2024-06-01T03:00:00.000Z");
  }));

Deno.test("a publication has a later time than the one before, also from a machine whose clock is behind", () =>
  withStore(async (store) => {
    await publishSnapshot(store, content("v1"), at("02:00"));
    await publishSnapshot(store, content("v2"), at("01:00"));
    assert.deepEqual(await since(store, "00:00"), ["02:00:00.000", "02:00:00.001"]);
  }));

Deno.test("a clock that was ahead for one publication does not date those that follow", () =>
  withStore(async (store) => {
    await publishSnapshot(store, content("v1"), at("01:00"));
    await publishSnapshot(store, content("v2"), new Date("2025-06-01T02:00:00Z"));
    await publishSnapshot(store, content("v3"), at("03:00"));
    assert.deepEqual(await since(store, "00:00"), ["01:00:00.000", "03:00:00.000"]);
    assert.equal((await readPointer(store))!.value.publishedAt, "2024-06-01T03:00:00.000Z");
  }));

Deno.test("the last hundred publications are remembered", () =>
  withStore(async (store) => {
    for (let i = 0; i < 103; i++) {
      await publishSnapshot(store, content(`v${i}`), new Date(at("00:00").getTime() + i));
    }
    const known = await since(store, "00:00");
    assert.deepEqual([known.length, known.at(-1)], [100, "00:00:00.102"]);
  }));
