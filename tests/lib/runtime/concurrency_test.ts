import { delay, mapConcurrently } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";

Deno.test("work goes on for at most so many items at once, and the results keep the order of the items", async () => {
  let running = 0;
  let most = 0;
  const results = await mapConcurrently([30, 1, 20, 1, 10], 2, async (ms, index) => {
    most = Math.max(most, ++running);
    await delay(ms);
    running--;
    return `${index}: ${ms}`;
  });
  assert.deepEqual(results, ["0: 30", "1: 1", "2: 20", "3: 1", "4: 10"]);
  assert.equal(most, 2);
});

Deno.test("after a failure nothing more begins, and it is thrown once what had begun is over", async () => {
  const events: string[] = [];
  const failing = mapConcurrently(["fails", "goes on", "never begins"], 2, async (item) => {
    events.push(item);
    if (item === "fails") throw new Error("the first");
    await delay(20);
    events.push("over");
  });
  await assert.rejects(failing, /the first/);
  assert.deepEqual(events, ["fails", "goes on", "over"]);
});

Deno.test("of no items there are no results", async () => {
  assert.deepEqual(await mapConcurrently([], 3, () => Promise.resolve(1)), []);
});
