import assert from "node:assert/strict";
import { nextDue } from "shopflow/jobs/mod.ts";
import { readNotebook, readParameters } from "shopflow/notebook/mod.ts";
import { join } from "node:path";
import { pipelinesNamed } from "../../pipelines/main.ts";
import { jobTable } from "../../schedules/run_scheduler.ts";
import { JOBS, PIPELINES, STAKEHOLDERS_TIME_ZONE } from "../../schedules/jobs.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const job = (name: string) => JOBS.jobs.find((job) => job.name === name)!;

/** The times of a job's next runs. */
function dueTimes(name: string, from: string, count: number): string[] {
  const { schedule } = job(name);
  assert.ok("cron" in schedule);
  const times: string[] = [];
  for (let time = new Date(from); times.length < count;) {
    time = nextDue(schedule, time)!;
    times.push(time.toISOString().slice(0, 16));
  }
  return times;
}

Deno.test("every pipeline that a job may name is one that the pipelines' command knows", () => {
  for (const name of PIPELINES) {
    assert.ok(pipelinesNamed(name).length > 0, name);
  }
});

Deno.test("every notebook of a job declares the parameters that the job gives it", async () => {
  const steps = JOBS.jobs.flatMap(({ steps }) => steps).filter((step) => "notebook" in step);
  assert.ok(steps.length > 0);
  for (const { notebook, parameters = {} } of steps) {
    const declared = readParameters(await readNotebook(join(ROOT, notebook)));
    for (const [name, value] of Object.entries(parameters)) {
      assert.equal(declared.find((one) => one.name === name)?.type, typeof value, `${name} of ${notebook}`);
    }
  }
});

Deno.test("every job has an owner, a description and someone who hears of its failures", () => {
  for (const { name, owner, description, alertChannel } of JOBS.jobs) {
    assert.ok(owner && alertChannel && /^[a-z].*[^.]$/.test(description), name);
  }
});

Deno.test("stakeholders have their reports at seven on Monday in their time zone, in winter and in summer", () => {
  assert.equal(STAKEHOLDERS_TIME_ZONE, "Europe/Berlin");
  assert.deepEqual(dueTimes("publish-reports", "2025-03-23T00:00Z", 2), [
    "2025-03-24T06:00",
    "2025-03-31T05:00",
  ]);
});

Deno.test("the garbage collection of the night without 02:30 is due when the clocks are set forward", () => {
  assert.deepEqual(dueTimes("collect-garbage", "2025-03-29T00:00Z", 1), ["2025-03-30T01:00"]);
});

Deno.test("data is refreshed every hour, also in the night in which an hour comes twice", () => {
  const times = dueTimes("refresh-data", "2025-10-26T00:00Z", 24);
  assert.deepEqual(times, times.map((_, hour) => `2025-10-26T${String(hour).padStart(2, "0")}:05`));
});

Deno.test("training and scoring take turns, in an order that lets scores be of the new models", () => {
  assert.deepEqual([job("train-models").pool, job("score-customers").pool], ["heavy", "heavy"]);
  assert.equal(JOBS.pools.heavy, 1);
  const [train, score] = ["train-models", "score-customers"].map((name) =>
    dueTimes(name, "2025-01-01T23:30Z", 1)[0]!
  );
  assert.ok(train! < score!, `${train} ${score}`);
});

Deno.test("the table lists the jobs in the order they are due", () => {
  const [head, first, ...rest] = jobTable(JOBS.jobs, new Date("2024-10-06T23:50:00Z")).split("\n");
  assert.match(head!, /^job +schedule +next due \(UTC\)/);
  assert.match(first!, /^refresh-data +5 \* \* \* \* UTC +2024-10-07 00:05 +extract, transform/);
  assert.equal(rest.length, JOBS.jobs.length - 1);
});
