import assert from "node:assert/strict";
import { openLedger, withRunning } from "shopflow/jobs/ledger/mod.ts";
import { seenRun, seenRuns } from "shopflow/jobs/scheduler/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { takeSchedulerLease } from "../../../../lib/jobs/scheduler/lease.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, failedAt, JOB, openAt } from "../alerts/hourly_job.ts";

const running = {
  scheduledFor: at("09:00").toISOString(),
  attempt: 1,
  scheduler: "one",
  owner: "worker-1:4242",
  startedAt: at("09:00").toISOString(),
};

Deno.test("the run of a scheduler that was killed is interrupted for all readers, whether another one lives or not", () =>
  withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    let now = at("09:01");
    const ledger = openLedger(store, () => now);
    await ledger.enqueue(JOB.name, [openAt("09:00"), failedAt("08:00")]);
    await ledger.jobState(JOB.name).update((value) => ({ value: { ...value, running }, result: undefined }));
    const lease = (id: string, owner: string) =>
      takeSchedulerLease(store, { id, owner, leaseMs: 30_000, now: () => now });
    await lease("one", running.owner);
    const seen = async () => {
      const [run] = await seenRuns(ledger, now, await ledger.runs(JOB.name, at("09:00"), now));
      const last = run!.attempts.at(-1);
      return [run!.status, run!.reason, last?.ended, last?.finishedAt];
    };
    assert.deepEqual(await seen(), ["running", "runs in worker-1:4242", undefined, undefined]);
    now = at("11:00");
    const gone = "no word from its scheduler worker-1:4242 since 2 October 2024, 09:01 UTC";
    assert.deepEqual(await seen(), [
      "interrupted",
      `${gone}; no scheduler is running that could continue it`,
      "lease expired",
      at("09:01").toISOString(),
    ]);
    await lease("two", "worker-2:1");
    assert.deepEqual((await seen())[1], `${gone}; another scheduler takes it over`);
    const stored = await ledger.run({ job: JOB.name, scheduledFor: running.scheduledFor });
    assert.equal(stored!.status, "running", "schedulers decide by leases");
  }));

Deno.test("a run that waits because its job is paused says so; one that was triggered by hand does not wait", () => {
  const paused = { by: "ben", at: at("08:30").toISOString(), reason: "the disk is full" };
  const reason = (run: Parameters<typeof seenRun>[0]) => seenRun(run, { schedulers: [], paused }).reason;
  assert.equal(
    reason(openAt("09:00", { trigger: "backfill", reason: "requested by anna" })),
    "requested by anna; it waits until the job is resumed, paused by ben since 2 October 2024, 08:30 UTC: the disk is full",
  );
  assert.equal(
    reason(openAt("09:00", { trigger: "manual", reason: "requested by anna" })),
    "requested by anna",
  );
  assert.equal(reason(failedAt("08:00")), failedAt("08:00").reason, "it has ended");
  const state = { activePages: {}, running };
  assert.match(
    reason(withRunning(openAt("09:00"), state)),
    /^its scheduler worker-1:4242 is gone; no scheduler/,
  );
});
