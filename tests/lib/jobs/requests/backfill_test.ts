import assert from "node:assert/strict";
import { formatRunName, type JobDeclaration } from "shopflow/jobs/mod.ts";
import {
  type BackfillDependencies,
  plannedBackfill,
  requestBackfill,
  triggerRun,
} from "shopflow/jobs/requests/mod.ts";
import type { Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { HOUR, jobSet, MINUTE, withWorld, type World } from "../scheduler_fixture.ts";

/** Hourly copies; training at noon after them; reports at two after the training. */
const CHAIN: Partial<JobDeclaration>[] = [
  { name: "refresh" },
  { name: "train", schedule: { cron: "0 12 * * *" }, dependsOn: ["refresh"] },
  { name: "report", schedule: { cron: "0 14 * * *" }, dependsOn: ["train", "refresh"] },
];
const YESTERDAY = { from: new Date("2024-10-01T00:00Z"), to: new Date("2024-10-01T23:00Z") };
const by = ({ clock }: World) => ({ by: "anna", at: new Date(clock.now).toISOString() });
const named = ({ set }: World, name: string) => set.jobs.find((job) => job.name === name)!;

const withChain = (body: (world: World, scheduler: Scheduler) => Promise<void>) =>
  withWorld(jobSet(CHAIN), async (world) => body(world, await world.scheduler()));

const backfill = (world: World, job: string, dependencies?: BackfillDependencies) =>
  requestBackfill(world.ledger, named(world, job), by(world), {
    ...YESTERDAY,
    ...(dependencies && { dependencies }),
  }, world.set.jobs);

/** Ends all runs, as long as some start, and gives their names in the order of their start. */
async function finishAll({ held }: World, scheduler: Scheduler): Promise<string[]> {
  const ran: string[] = [];
  await scheduler.round();
  while (held.length > 0) {
    ran.push(formatRunName(held[0]!.run).replace("2024-", ""));
    await held[0]!.finish();
    await scheduler.round();
  }
  return ran;
}

Deno.test("runs of a backfill wait for the jobs they depend on, and are skipped where these did not succeed", () =>
  withChain(async (world, scheduler) => {
    const { queued, upstream } = await backfill(world, "train");
    assert.deepEqual(queued.map(formatRunName), ["train@2024-10-01T12:00Z"]);
    assert.deepEqual(upstream.map(formatRunName), ["refresh@2024-10-01T12:00Z"]);
    assert.match((await world.ledger.run(queued[0]!))!.reason, /requested by anna; waits for refresh/);
    assert.deepEqual(await finishAll(world, scheduler), []);
    const skipped = await world.ledger.run(queued[0]!);
    assert.deepEqual([skipped!.status, skipped!.blockedBy], ["skipped", "refresh"]);
    assert.equal(skipped!.reason, "refresh has no finished run in the same interval");

    // Once they succeeded, the same request runs it.
    await backfill(world, "refresh");
    await backfill(world, "train");
    const ran = await finishAll(world, scheduler);
    assert.equal(ran.length, 24 + 1);
    assert.ok(ran.indexOf("train@10-01T12:00Z") > ran.indexOf("refresh@10-01T12:00Z"), ran.join());
    assert.deepEqual(await world.runs("train"), ["12:00 succeeded"]);
  }));

Deno.test("with its dependencies, a backfill runs the runs that count for it first, and only these", () =>
  withChain(async (world, scheduler) => {
    const { jobs } = world.set;
    const range = { ...YESTERDAY, dependencies: "run" as const };
    const planned = await plannedBackfill(world.ledger, named(world, "report"), by(world), range, jobs);
    assert.deepEqual(await world.runs("train"), [], "a plan writes nothing");
    const { queued, upstream } = await backfill(world, "report", "run");
    assert.deepEqual({ queued, upstream, unneeded: 0 }, planned);
    assert.deepEqual(upstream.map(formatRunName), [
      "refresh@2024-10-01T12:00Z",
      "refresh@2024-10-01T14:00Z",
      "train@2024-10-01T12:00Z",
    ]);
    const ran = await finishAll(world, scheduler);
    assert.equal(ran.length, 4);
    assert.ok(ran.indexOf("train@10-01T12:00Z") > ran.indexOf("refresh@10-01T12:00Z"), ran.join());
    assert.equal(ran.at(-1), "report@10-01T14:00Z");
    assert.deepEqual((await backfill(world, "report", "run")).upstream, [], "nothing is left to be done");
  }));

Deno.test("a backfill with its dependencies leaves those alone that succeeded, and tries the others again", () =>
  withChain(async (world, scheduler) => {
    await backfill(world, "report", "run");
    await scheduler.round();
    await world.held[0]!.finish();
    await scheduler.round();
    await world.held.find(({ run }) => run.scheduledFor.includes("T14"))!.finish({
      ended: "failed",
      reason: "exit code 1",
    });
    await finishAll(world, scheduler);
    assert.deepEqual(await world.runs("refresh"), ["12:00 succeeded", "14:00 failed"]);
    assert.deepEqual(await world.runs("report"), ["14:00 skipped"]);
    world.pass(MINUTE);
    const { upstream } = await backfill(world, "report", "run");
    assert.deepEqual(upstream.map(formatRunName), ["refresh@2024-10-01T14:00Z"]);
    assert.deepEqual(await finishAll(world, scheduler), ["refresh@10-01T14:00Z", "report@10-01T14:00Z"]);
  }));

Deno.test("dependencies can be ignored", () =>
  withChain(async (world, scheduler) => {
    const { upstream } = await backfill(world, "report", "ignore");
    assert.deepEqual(upstream, []);
    assert.deepEqual(await finishAll(world, scheduler), ["report@10-01T14:00Z"]);
  }));

Deno.test("a run that a person asks for does not wait, but says what of its dependencies has not succeeded", () =>
  withChain(async (world, scheduler) => {
    const { ledger, set: { jobs } } = world;
    const at = new Date("2024-10-01T14:00Z");
    const past = await triggerRun(ledger, named(world, "report"), by(world), at, jobs);
    assert.deepEqual(past.unmet, [
      "train has no finished run in the same interval",
      "refresh has no finished run in the same interval",
    ]);
    await finishAll(world, scheduler);
    const ended = (await ledger.run(past))!;
    assert.deepEqual([ended.status, ended.unmet], ["succeeded", past.unmet], "it is still known afterwards");

    world.pass(30 * MINUTE);
    await scheduler.round();
    const meanwhile = await triggerRun(ledger, named(world, "train"), by(world), undefined, jobs);
    assert.deepEqual(meanwhile.unmet, ["refresh@2024-10-02T08:00Z is running"]);
    await finishAll(world, scheduler);
    world.pass(MINUTE);
    const later = await triggerRun(ledger, named(world, "train"), by(world), undefined, jobs);
    assert.equal(later.unmet, undefined, "the copy of eight o'clock succeeded");
    await finishAll(world, scheduler);
    world.pass(HOUR);
    await scheduler.round();
    await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
    const failed = await triggerRun(ledger, named(world, "train"), by(world), undefined, jobs);
    assert.deepEqual(failed.unmet, ["refresh@2024-10-02T09:00Z failed"]);
  }));
