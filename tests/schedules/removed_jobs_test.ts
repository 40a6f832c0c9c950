import assert from "node:assert/strict";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { JOBS } from "../../schedules/jobs.ts";
import { withTerminal } from "./jobs_terminal.ts";

const REMOVED = { ...JOBS.jobs[0]!, name: "copy-tables", description: "what copied tables before" };
const OPEN: Run = {
  job: REMOVED.name,
  scheduledFor: "2024-10-02T03:05:00.000Z",
  trigger: "schedule",
  dataInterval: { start: "2024-10-02T02:05:00.000Z", end: "2024-10-02T03:05:00.000Z" },
  status: "queued",
  reason: "ready to start",
  plannedAt: "2024-10-02T03:05:01.000Z",
  stepsDone: [],
  attempts: [],
};

/** A lake whose schedulers had one more job until a moment ago. */
async function leaveRemovedJob(store: ObjectStore): Promise<void> {
  const now = () => new Date("2024-10-02T04:00:00Z");
  await saveDefinitions(store, { ...JOBS, jobs: [REMOVED, ...JOBS.jobs] }, now());
  await openLedger(store, now).enqueue(REMOVED.name, [OPEN]);
  await saveDefinitions(store, JOBS, now());
}

Deno.test("a job that was removed is listed as such, and its runs are shown with those of others", () =>
  withTerminal(async ({ jobs, json, store }) => {
    await leaveRemovedJob(store);
    const { stdout } = await jobs("list");
    assert.match(
      stdout,
      /^copy-tables .* – .*2024-10-02 03:05 .*the job was removed at 2024-10-02 04:00 UTC$/m,
    );
    const { jobs: listed } = await json("list");
    assert.equal(listed.at(-1).job.name, "copy-tables");
    assert.equal(listed.at(-1).removedAt, "2024-10-02T04:00:00.000Z");
    assert.equal(listed.at(-1).nextDue, undefined);
    assert.equal((await json("runs"))[0].job, "copy-tables");
    assert.equal((await json("runs", "copy-tables")).length, 1);
    const shown = await jobs("show", "copy-tables@2024-10-02T03:05Z");
    assert.match(shown.stdout, /^ +job +what copied tables before/m);
    assert.match(shown.stdout, /^ +note +the job was removed at 2024-10-02 04:00 UTC$/m);
  }));

Deno.test("an open run of a removed job can be cancelled, but nothing of it can be asked for", () =>
  withTerminal(async ({ jobs, json, store }) => {
    await leaveRemovedJob(store);
    const run = await jobs("trigger", "copy-tables");
    assert.equal(run.code, 1);
    assert.match(run.stderr, /No such job: expected one of refresh-data/);
    assert.match((await jobs("cancel", "copy-tables")).stdout, /is cancelled: cancelled by/);
    assert.equal((await json("show", "copy-tables")).status, "cancelled");
  }));

Deno.test("a job that the lake's schedulers know and this jobs.ts does not is shown, too", () =>
  withTerminal(async ({ jobs, store }) => {
    await saveDefinitions(store, { ...JOBS, jobs: [REMOVED, ...JOBS.jobs] }, new Date());
    assert.match(
      (await jobs("list")).stdout,
      /^copy-tables .*not in schedules\/jobs\.ts here; the lake's sched/m,
    );
  }));
