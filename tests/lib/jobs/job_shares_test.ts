import assert from "node:assert/strict";
import { jobShares } from "shopflow/jobs/job_shares.ts";
import { takeSchedulerLease, watchSchedulers } from "shopflow/jobs/scheduler_lease.ts";
import { createMemoryStore } from "../../../schedules/simulated_week/memory_store.ts";

const JOBS = Array.from({ length: 300 }, (_, i) => `job-${i}`);
const SLOT = "2024-10-02T08:00:00.000Z";

function shares(ids: string[], clock = { ms: 0 }) {
  return ids.map((id) =>
    jobShares({
      self: () => id,
      others: () => ids.filter((other) => other !== id),
      patienceMs: 1000,
      clock: () => clock.ms,
    })
  );
}
const owners = (ids: string[]) => {
  const all = shares(ids);
  return JOBS.map((job) => ids.filter((_, i) => all[i]!.mayStart(job, SLOT)));
};

Deno.test("each job belongs to one of the schedulers that live, and each of them has its share", () => {
  const found = owners(["a", "b", "c"]);
  assert.ok(found.every((ids) => ids.length === 1));
  for (const id of ["a", "b", "c"]) {
    const share = found.filter(([owner]) => owner === id).length;
    assert.ok(share > 70 && share < 130, `${id} has ${share} of 300`);
  }
});

Deno.test("when a scheduler goes, only its jobs move", () => {
  const [before, after] = [owners(["a", "b", "c"]), owners(["a", "b"])];
  for (const [i, [owner]] of before.entries()) if (owner !== "c") assert.equal(after[i]![0], owner);
});

Deno.test("a scheduler that is alone waits for nobody", () => {
  const [alone] = shares(["a"]);
  assert.ok(JOBS.every((job) => alone!.mayStart(job, SLOT)));
});

Deno.test("a slot that its scheduler does not start is anyone's after a while, each slot anew", () => {
  const clock = { ms: 0 };
  const [a, b] = shares(["a", "b"], clock);
  const job = JOBS.find((job) => !a!.mayStart(job, SLOT))!;
  assert.equal(b!.mayStart(job, SLOT), true);
  clock.ms = 999;
  assert.equal(a!.mayStart(job, SLOT), false);
  clock.ms = 1000;
  assert.equal(a!.mayStart(job, SLOT), true);
  assert.equal(a!.mayStart(job, "2024-10-02T09:00:00.000Z"), false);
});

Deno.test("only schedulers that were seen to live are counted on: not a record of the past, not one that ended", async () => {
  const now = () => new Date(SLOT);
  const store = createMemoryStore("memory", now);
  const options = { owner: "here:1", leaseMs: 60_000, now };
  await takeSchedulerLease(store, { id: "dead", ...options });
  const lease = await takeSchedulerLease(store, { id: "b", ...options });
  const watch = watchSchedulers(store, { self: () => "a", now });
  await watch.look();
  assert.deepEqual(watch.others(), []);
  await lease.renew();
  await watch.look();
  assert.deepEqual(watch.others(), ["b"]);
  await lease.release();
  await watch.look();
  assert.deepEqual(watch.others(), []);
});
