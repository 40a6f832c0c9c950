import { openS3Bucket } from "../../../../../lib/lake/store/s3/client.ts";
import { parseS3Url, PATIENT, type RetryPolicy } from "../../../../../lib/lake/store/s3/failures.ts";
import assert from "node:assert/strict";

/** A policy that notes its waits instead of waiting. */
function impatient(random = 0.5): { policy: RetryPolicy; waits: number[] } {
  const waits: number[] = [];
  const wait = (ms: number) => Promise.resolve(void waits.push(ms));
  return { waits, policy: { attempts: 6, firstDelayMs: 100, maxDelayMs: 1000, random: () => random, wait } };
}

/** Makes a request that fails so many times with a status, and then gives the number of failures. */
function request(policy: RetryPolicy, times: number, httpStatusCode = 503): Promise<number> {
  const bucket = openS3Bucket(parseS3Url("s3://shop"), { env: {}, retry: policy });
  return bucket.request((_client, { failures }) =>
    failures < times
      ? Promise.reject(Object.assign(new Error(`failure ${failures}`), { $metadata: { httpStatusCode } }))
      : Promise.resolve(failures)
  );
}

Deno.test("what passes is tried again until it succeeds", async () => {
  const { policy, waits } = impatient();
  assert.equal(await request(policy, 3), 3);
  assert.equal(waits.length, 3);
});

Deno.test("waits double up to the longest, and half of each is left to chance", async () => {
  const shortest = impatient(0), longest = impatient(1);
  for (const { policy } of [shortest, longest]) await assert.rejects(request(policy, 99), /failure 5/);
  assert.deepEqual(shortest.waits, [50, 100, 200, 400, 500]);
  assert.deepEqual(longest.waits, [100, 200, 400, 800, 1000]);
});

Deno.test("what does not pass fails at once", async () => {
  const { policy, waits } = impatient();
  await assert.rejects(request(policy, 1, 400), /failure 0/);
  assert.deepEqual(waits, []);
});

Deno.test("the patient policy outlasts a restart of ten seconds", async () => {
  let waited = 0;
  const policy = { ...PATIENT, random: () => 0, wait: (ms: number) => Promise.resolve(void (waited += ms)) };
  await assert.rejects(request(policy, 99));
  assert.ok(waited >= 10_000, `${waited} ms`);
});
