import { PATIENT, type RetryPolicy, withRetries } from "../../../../../lib/lake/store/s3/failures.ts";
import assert from "node:assert/strict";

/** A policy that notes its waits instead of waiting. */
function impatient(random = 0.5): { policy: RetryPolicy; waits: number[] } {
  const waits: number[] = [];
  const wait = (ms: number) => Promise.resolve(void waits.push(ms));
  return { waits, policy: { attempts: 6, firstDelayMs: 100, maxDelayMs: 1000, random: () => random, wait } };
}

const failing = (times: number) => (failures: number) =>
  failures < times ? Promise.reject(new Error(`failure ${failures}`)) : Promise.resolve(failures);

Deno.test("what passes is tried again until it succeeds", async () => {
  const { policy, waits } = impatient();
  assert.equal(await withRetries(failing(3), () => true, policy), 3);
  assert.equal(waits.length, 3);
});

Deno.test("waits double up to the longest, and half of each is left to chance", async () => {
  const shortest = impatient(0), longest = impatient(1);
  for (const { policy } of [shortest, longest]) {
    await assert.rejects(withRetries(failing(99), () => true, policy), /failure 5/);
  }
  assert.deepEqual(shortest.waits, [50, 100, 200, 400, 500]);
  assert.deepEqual(longest.waits, [100, 200, 400, 800, 1000]);
});

Deno.test("what does not pass fails at once", async () => {
  const { policy, waits } = impatient();
  await assert.rejects(withRetries(failing(1), () => false, policy), /failure 0/);
  assert.deepEqual(waits, []);
});

Deno.test("the patient policy outlasts a restart of ten seconds", async () => {
  let waited = 0;
  const policy = { ...PATIENT, random: () => 0, wait: (ms: number) => Promise.resolve(void (waited += ms)) };
  await assert.rejects(withRetries(failing(99), () => true, policy));
  assert.ok(waited >= 10_000, `${waited} ms`);
});
