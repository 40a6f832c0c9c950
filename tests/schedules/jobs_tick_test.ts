import assert from "node:assert/strict";
import { nextDue, type Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { join } from "node:path";
import { JOBS } from "../../schedules/jobs.ts";
import { withTerminal } from "./jobs_terminal.ts";

Deno.test("tick runs what is queued as real processes, says how it ended, and ends", () =>
  withTerminal(async ({ jobs, json }) => {
    await jobs("trigger", "collect-garbage");
    const { code, stdout, stderr } = await jobs("tick");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^collect-garbage@\S+Z succeeded in .*: .*\n1 run ended\.\n$/);
    assert.match((await jobs("show", "collect-garbage")).stdout, /steps +collect-garbage \(done\)$/m);
    assert.match((await jobs("logs", "collect-garbage")).stdout, /collect-garbage: /);
    assert.deepEqual((await json("list")).schedulers, [], "it does not count as one that lives");
    assert.match((await jobs("tick")).stdout, /^Nothing was due\.\n$/);
  }));

Deno.test("a run that fails in a tick is left to the next one, and the exit code is 0", () =>
  withTerminal(async ({ jobs }) => {
    // There is no snapshot to train on.
    await jobs("trigger", "train-models");
    const { code, stdout, stderr } = await jobs("tick");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /train-models@\S+Z retrying in .*; retry 1 of 1 at/);
    assert.match(stdout, /^left: train-models@\S+Z retrying/m);
  }));

Deno.test("a run that was due between two ticks is not missed, one that is older is", () =>
  withTerminal(async ({ jobs, json, store }) => {
    const { schedule } = JOBS.jobs.find(({ name }) => name === "refresh-data")!;
    assert.ok("cron" in schedule);
    const due = nextDue(schedule, new Date(Date.now() - 3_600_000))!;
    const ledger = openLedger(store, () => new Date());
    await ledger.jobState("refresh-data").update((value) => ({
      value: { ...value, plannedUntil: new Date(due.getTime() - 7_200_000).toISOString() },
      result: undefined,
    }));
    // It is less than an hour old, the ones before it are older.
    const { code, stderr } = await jobs("tick", "--missed-after", "60");
    assert.equal(code, 0, stderr);
    const runs = await json("runs", "refresh-data");
    assert.deepEqual(
      runs.map(({ trigger, status }: Run) => [trigger, status === "missed"]),
      [["schedule", false], ["schedule", true]],
    );
    assert.equal(runs[0].scheduledFor, due.toISOString());
  }));

Deno.test("the exit code of a tick is 1 when a job's ledger cannot be kept; other jobs are looked after", () =>
  withTerminal(async ({ home, jobs, json }) => {
    await jobs("trigger", "collect-garbage");
    const folder = join(home, "lake", "runs", "jobs", "refresh-data");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "control.json"), "no JSON");
    const { code, stderr } = await jobs("tick");
    assert.equal(code, 1);
    assert.match(stderr, /error: The ledger could not be updated for .*refresh-data/);
    assert.equal((await json("runs", "collect-garbage"))[0].status, "succeeded");
  }));

Deno.test("a tick on a lake that cannot be written says so and ends with 1", () =>
  withTerminal(async ({ home, jobs }) => {
    await Deno.writeTextFile(join(home, "lake"), "a file where the lake's folder should be");
    const { code, stderr } = await jobs("tick");
    assert.equal(code, 1);
    assert.match(stderr, /^error: /m);
  }));
