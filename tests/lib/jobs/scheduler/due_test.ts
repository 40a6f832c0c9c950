import assert from "node:assert/strict";
import type { JobDeclaration } from "shopflow/jobs/mod.ts";
import { HOUR, jobSet, MINUTE, waitUntilIdle, withWorld, type World } from "../scheduler_fixture.ts";

const HOURLY = jobSet([{}]);

for (
  const [policy, expected] of [
    ["all", ["08:00 missed", "09:00 running", "10:00 queued", "11:00 queued"]],
    ["latest", ["08:00 missed", "09:00 missed", "10:00 missed", "11:00 running"]],
    ["none", ["08:00 missed", "09:00 missed", "10:00 missed", "11:00 missed"]],
  ] as const
) {
  Deno.test(`missed runs: ${policy}, not older than the maximum age`, () =>
    withWorld(jobSet([{ catchup: { runs: policy, maxAgeMinutes: 150 } }]), async (world) => {
      await world.scheduler();
      world.pass(4 * HOUR);
      await world.scheduler();
      assert.deepEqual(await world.runs(), expected);
      const runs = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
      for (const run of runs) {
        assert.match(run.reason, run.status === "running" ? /runs in/ : /no scheduler ran when it was due/);
        if (run.status !== "missed") assert.equal(run.trigger, "catch-up");
      }
      assert.deepEqual(
        world.held[0]?.run.dataInterval.end,
        policy === "none" ? undefined : world.held[0]!.run.scheduledFor,
      );
    }));
}

/** A job that runs with each snapshot, and a lake that published some of them between two looks, at these minutes. */
async function publishBetweenLooks(
  job: Partial<JobDeclaration>,
  body: (world: World, look: (...minutes: number[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  await withWorld(jobSet([{ name: "check", schedule: { on: "snapshot" }, ...job }]), async (world) => {
    const published: Date[] = [];
    const scheduler = await world.scheduler({
      missedAfterMs: 10 * MINUTE,
      publishedSince: (since) => Promise.resolve(published.filter((time) => time > since)),
    });
    await body(world, async (...minutes) => {
      for (const minute of minutes) {
        published.push(new Date(Date.parse("2024-10-02T07:30:00Z") + minute * MINUTE));
      }
      world.clock.now = Math.max(world.clock.now, published.at(-1)!.getTime() + 1000);
      await scheduler.round(true);
      await waitUntilIdle();
    });
  });
}

Deno.test("a job runs when a snapshot is published, once for each", () =>
  publishBetweenLooks({}, async (world, look) => {
    await look(1);
    await look();
    assert.deepEqual(await world.runs(), ["07:31 running"]);
    assert.equal(world.held[0]!.run.trigger, "snapshot");
    await world.held[0]!.finish();
    await look();
    assert.deepEqual(await world.runs(), ["07:31 succeeded"]);
  }));

for (
  const [overlap, expected, reasons] of [
    ["queue", ["07:31 running", "07:32 queued", "07:33 queued"], ["runs in here:1", "ready to start"]],
    ["replace", ["07:31 superseded", "07:32 superseded", "07:33 running"], [
      "a later run took its place before it ran",
      "a later run took its place before it ran",
    ]],
    ["skip", ["07:31 superseded", "07:32 superseded", "07:33 running"], [
      "the snapshot of 2 October 2024, 07:32 UTC was published before it was run",
      "the snapshot of 2 October 2024, 07:33 UTC was published before it was run",
    ]],
  ] as const
) {
  Deno.test(`several snapshots that are published between two looks have each their run: ${overlap}`, () =>
    publishBetweenLooks({ overlap }, async (world, look) => {
      await look(1, 2, 3);
      assert.deepEqual(await world.runs(), expected);
      const runs = await world.ledger.runs("check", new Date(0), new Date(world.clock.now));
      assert.deepEqual(runs.slice(0, 2).map(({ reason }) => reason), reasons);
      assert.deepEqual(
        runs.map(({ dataInterval }) =>
          `${dataInterval.start.slice(11, 16)} ${dataInterval.end.slice(11, 16)}`
        ),
        ["07:30 07:31", "07:31 07:32", "07:32 07:33"],
      );
    }));
}

Deno.test("snapshots that are published while a run goes on are skipped, each with the reason", () =>
  publishBetweenLooks({}, async (world, look) => {
    await look(1);
    await look(2, 3);
    assert.deepEqual(await world.runs(), ["07:31 running", "07:32 skipped", "07:33 skipped"]);
  }));

Deno.test("of snapshots that were published while no scheduler ran, the last one is caught up with", () =>
  publishBetweenLooks({}, async (world, look) => {
    world.pass(60 * MINUTE);
    await look(10, 20, 30);
    assert.deepEqual(await world.runs(), ["07:40 missed", "07:50 missed", "08:00 running"]);
    assert.equal(world.held[0]!.run.trigger, "catch-up");
  }));

Deno.test("a clock that ran ahead loses no run: what did not run is due again when it is", () =>
  withWorld(jobSet([{ catchup: { runs: "none" } }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(50 * HOUR);
    await scheduler.round();
    assert.equal((await world.runs()).length, 50);
    world.pass(-50 * HOUR);
    await scheduler.round();
    assert.deepEqual(await world.runs(), []);
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    assert.match(world.log.join("\n"), /the clock was set back/);
  }));

Deno.test("a clock that is set back by minutes runs nothing twice", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE + 1000);
    await scheduler.round();
    await world.held[0]!.finish();
    for (const ms of [-MINUTE, 30_000, 31_000]) {
      world.pass(ms);
      await scheduler.round(true);
      assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    }
  }));

Deno.test("what runs while the clock is set back by more stays, and is not run again when it is due", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE + 1000);
    await scheduler.round();
    world.pass(-10 * MINUTE);
    await scheduler.round(true);
    assert.match(world.log.join("\n"), /the clock was set back/);
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    world.pass(10 * MINUTE);
    await scheduler.round(true);
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    assert.equal(world.held.length, 0);
  }));

Deno.test("a snapshot of a publisher whose clock runs ahead is run for once, when its time has come", () =>
  withWorld(jobSet([{ name: "check", schedule: { on: "snapshot" } }]), async (world) => {
    const published = [new Date("2024-10-02T07:40:00Z")];
    const scheduler = await world.scheduler({
      publishedSince: (since) => Promise.resolve(published.filter((time) => time > since)),
    });
    for (let i = 0; i < 3; i++) {
      await scheduler.round(true);
      assert.deepEqual(await world.runs(), []);
    }
    world.pass(10 * MINUTE);
    await scheduler.round(true);
    assert.deepEqual(await world.runs(), ["07:40 running"]);
    assert.doesNotMatch(world.log.join("\n"), /the clock was set back/);
  }));

Deno.test("a job that becomes more frequent has pages of an hour from the next day on, and runs each time once", () =>
  withWorld(HOURLY, async (world) => {
    const frequent = jobSet([{
      schedule: { cron: "*/30 * * * *" },
      catchup: { runs: "all" },
      overlap: "queue",
    }]);
    await world.scheduler();
    world.pass(HOUR);
    await world.scheduler();
    await world.held[0]!.finish();
    const scheduler = await world.scheduler(frequent);
    world.pass(17 * HOUR);
    await scheduler.round(true);
    while (world.held.length > 0) {
      await world.held[0]!.finish();
      await scheduler.round(true);
    }
    const runs = await world.ledger.runs("refresh", new Date(0), new Date("9999-01-01"));
    assert.deepEqual(
      runs.map(({ scheduledFor }) => scheduledFor.slice(5, 16)),
      [
        "10-02T08:00",
        ...Array.from(
          { length: 35 },
          (_, i) => new Date(Date.parse("2024-10-02T08:30Z") + i * 30 * MINUTE).toISOString().slice(5, 16),
        ),
      ],
    );
    for (const run of runs) assert.deepEqual([run.status, run.attempts.length], ["succeeded", 1]);
    const pages = (await world.ledger.pages("refresh")).map(({ key }) => key.split("/").at(-1));
    assert.deepEqual(pages, ["2024-10-02.json", "2024-10-03T00.json", "2024-10-03T01.json"]);
  }));
