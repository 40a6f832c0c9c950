import assert from "node:assert/strict";
import { createPageCache } from "../../../server/state/jobs_reader.ts";

const NOW = new Date("2024-10-02T06:00:00Z");
const stat = (modified: string, size = 10, key = "page") => ({ key, size, modified: new Date(modified) });

/** A cache with what it had to load. */
function watched(mostBytes?: number) {
  const cache = createPageCache<string>({ now: () => NOW }, mostBytes);
  const loads: string[] = [];
  const get = (of: ReturnType<typeof stat>, value = "value") =>
    cache.get(of, () => {
      loads.push(of.key);
      return Promise.resolve(value);
    });
  return { get, loads };
}

Deno.test("an object that did not change is read once, a changed one again", async () => {
  const { get, loads } = watched();
  const old = stat("2024-10-01T00:00:00Z");
  assert.deepEqual([await get(old, "a"), await get(old, "b")], ["a", "a"]);
  assert.equal(await get(stat("2024-10-01T00:00:01Z"), "c"), "c");
  assert.equal(await get(stat("2024-10-01T00:00:01Z", 11), "d"), "d");
  assert.equal(loads.length, 3);
});

Deno.test("an object that was just written is read again: it may change within the same second", async () => {
  const { get, loads } = watched();
  const fresh = stat("2024-10-02T05:59:58Z");
  assert.deepEqual([await get(fresh, "a"), await get(fresh, "b")], ["a", "b"]);
  assert.equal(loads.length, 2);
});

Deno.test("what was not asked for longest goes first when there is no room", async () => {
  const { get, loads } = watched(25);
  const old = (key: string) => stat("2024-10-01T00:00:00Z", 10, key);
  for (const key of ["a", "b", "a", "c", "a", "b"]) await get(old(key));
  assert.deepEqual(loads, ["a", "b", "c", "b"]);
});

Deno.test("what cannot be read is tried again", async () => {
  const cache = createPageCache<string>({ now: () => NOW });
  const old = stat("2024-10-01T00:00:00Z");
  await assert.rejects(cache.get(old, () => Promise.reject(new Error("torn"))), /torn/);
  assert.equal(await cache.get(old, () => Promise.resolve("whole")), "whole");
});
