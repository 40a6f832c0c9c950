import assert from "node:assert/strict";
import { dueInWeek } from "../../../schedules/simulated_week/play.ts";
import { WEEK } from "../../../schedules/simulated_week/incidents.ts";
import { type SimulatedWeek, simulateWeek } from "../../../schedules/simulated_week/mod.ts";
import { formatRunName, isFinal, type Run, shownStatus } from "shopflow/jobs/mod.ts";
import { openLedger, readDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { pauseJob, triggerRun } from "shopflow/jobs/requests/mod.ts";
import { readRunLog } from "shopflow/jobs/execution/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { join } from "node:path";
import { JOBS } from "../../../schedules/jobs.ts";

interface Shown extends SimulatedWeek {
  text: string;
}

/** The week in a folder of its own. */
async function week(
  body: (shown: Shown, home: string) => Promise<void> | void,
  seed?: number,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "week_" });
  try {
    await body(await show(home, seed), home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function show(home: string, seed?: number): Promise<Shown> {
  const printed: string[] = [];
  const config = { home, lakeUrl: join(home, "lake"), cacheBytes: 0 };
  const options = {
    ...(seed !== undefined && { seed }),
    print: (text: string) => printed.push(text),
    paint: (_: string, text: string) => text,
  };
  return { ...await simulateWeek(config, undefined, options), text: printed.join("\n") };
}

const found = (runs: Run[], name: string) => {
  const run = runs.find((one) => formatRunName(one) === name);
  assert.ok(run, `${name} is in the ledger`);
  return run;
};

Deno.test("every run that was due in the week is in the ledger, with its end, a reason and its data interval", () =>
  week(({ runs, due, text }) => {
    const expected = JOBS.jobs.flatMap((job) =>
      dueInWeek(job, WEEK).map((scheduledFor) =>
        formatRunName({ job: job.name, scheduledFor: scheduledFor.toISOString() })
      )
    );
    assert.ok(expected.length > 200, `${expected.length}`);
    const entered = new Set(runs.map(formatRunName));
    assert.deepEqual(expected.filter((name) => !entered.has(name)), []);
    assert.deepEqual(
      runs.filter((run) => !isFinal(run.status) || run.endedAt === undefined || run.reason === ""),
      [],
    );
    assert.ok(
      runs.every(({ scheduledFor, dataInterval }) =>
        dataInterval.start < dataInterval.end && dataInterval.end === scheduledFor
      ),
    );
    assert.equal(runs.length, due.length, "nothing else is in it");
    assert.match(text, new RegExp(`^all .* ${runs.length}$`, "m"));
    assert.match(text, new RegExp(`^${due.length} runs were due; each is in the ledger`, "m"));
  }));

Deno.test("the data intervals of a job follow each other without a gap, through the night without 02:30", () =>
  week(({ runs }) => {
    for (const { name, schedule } of JOBS.jobs.filter(({ schedule }) => "cron" in schedule)) {
      const intervals = runs.filter(({ job }) => job === name).map(({ dataInterval }) => dataInterval);
      for (const [i, dataInterval] of intervals.entries()) {
        if (i > 0) {
          assert.equal(dataInterval.start, intervals[i - 1]!.end, `${name} ${JSON.stringify(schedule)}`);
        }
      }
    }
  }));

Deno.test("the week is the same each time, and another one with another seed", () =>
  week((first, home) =>
    week(async (second) => {
      assert.deepEqual(second.runs, first.runs);
      assert.deepEqual(second.alerts, first.alerts);
      const again = await show(home);
      assert.deepEqual(again.runs, first.runs, "a week before it in the same folder does not matter");
      const other = await show(home, 7);
      assert.notDeepEqual(other.runs, first.runs);
      assert.equal(other.runs.length, other.due.length);
    })
  ));

Deno.test("each policy is at work in the week", () =>
  week(({ runs }) => {
    const check = runs.filter(({ job }) => job === "check-data");
    assert.equal(check.filter(({ status }) => status === "superseded").length, 1);

    const source = found(runs, "refresh-data@2025-03-25T08:05Z");
    assert.deepEqual([source.status, source.attempts.length], ["failed", 4]);
    assert.match(source.reason, /connection refused/);
    assert.equal(found(runs, "refresh-data@2025-03-25T10:05Z").status, "succeeded");

    assert.match(
      found(runs, "data-quality-report@2025-03-26T05:00Z").reason,
      /^the job was paused by ben@laptop/,
    );
    const filled = found(runs, "data-quality-report@2025-03-27T05:00Z");
    assert.deepEqual([filled.status, filled.dataInterval.end], ["succeeded", "2025-03-27T05:00:00.000Z"]);
    assert.ok(filled.attempts[0]!.startedAt > "2025-03-28T09:30", "it ran on Friday, with Thursday's run");

    assert.equal(shownStatus(found(runs, "refresh-data@2025-03-26T09:05Z")), "sla-missed");
    assert.match(
      found(runs, "refresh-data@2025-03-26T10:05Z").reason,
      /2025-03-26T09:05Z was still running/,
    );
    assert.equal(found(runs, "refresh-data@2025-03-26T14:05Z").reason, "cancelled by anna (server)");

    const training = found(runs, "train-models@2025-03-27T00:20Z");
    assert.deepEqual([training.status, training.reason], [
      "skipped",
      "refresh-data@2025-03-27T00:05Z failed",
    ]);

    const [long, waiting] = [
      found(runs, "train-models@2025-03-29T00:20Z"),
      found(runs, "score-customers@2025-03-29T03:30Z"),
    ];
    assert.equal(shownStatus(long), "sla-missed");
    assert.equal(
      waiting.attempts[0]!.startedAt,
      long.endedAt,
      "scoring takes the place when training leaves it",
    );
  }));

Deno.test("what was due while no scheduler lived is taken over, caught up with or missed", () =>
  week(({ runs }) => {
    const running = found(runs, "refresh-data@2025-03-27T21:05Z");
    assert.deepEqual(running.attempts.map(({ owner, ended }) => [owner, ended]), [
      ["scheduler-1", "lease expired"],
      ["scheduler-2", "succeeded"],
    ]);
    for (const hour of ["27T22", "27T23", "28T00"]) {
      const missed = found(runs, `refresh-data@2025-03-${hour}:05Z`);
      assert.deepEqual([missed.status, missed.attempts], ["missed", []]);
      assert.match(missed.reason, /a later run covers it/);
    }
    const refresh = found(runs, "refresh-data@2025-03-28T01:05Z");
    assert.deepEqual([refresh.trigger, shownStatus(refresh)], ["catch-up", "sla-missed"]);
    const training = found(runs, "train-models@2025-03-28T00:20Z");
    assert.deepEqual([training.trigger, training.status], ["catch-up", "succeeded"]);
    assert.ok(
      training.attempts[0]!.startedAt >= refresh.endedAt!,
      "it waited for the data that stands for the missed",
    );
  }));

Deno.test("reports are at seven in Berlin on both Mondays, and what is due at 02:30 that does not exist is at 03:00", () =>
  week(({ runs, text }) => {
    const of = (job: string) =>
      runs.filter((run) => run.job === job).map(({ scheduledFor }) => scheduledFor.slice(0, 16));
    assert.deepEqual(of("publish-reports"), ["2025-03-24T06:00", "2025-03-31T05:00"]);
    assert.deepEqual(of("collect-garbage"), ["2025-03-30T01:00"]);
    assert.match(text, /^Sun 30 Mar +\S{23} /m, "the day has 23 hours");
    assert.match(text, /collect-garbage Sun 03:00: succeeded/);
  }));

Deno.test("a failure that lasts is told once, and once that it is over", () =>
  week(({ alerts }) => {
    const tuesday = alerts.filter(({ at }) => at.toISOString().startsWith("2025-03-25")).map(({ title }) =>
      title
    );
    assert.equal(tuesday.filter((title) => title === "Failed: refresh-data@2025-03-25T08:05Z").length, 1);
    assert.equal(
      tuesday.filter((title) => title.includes("09:05Z")).length,
      0,
      "the second failed run is no news",
    );
    assert.equal(tuesday.at(-1), "Recovered: refresh-data@2025-03-25T10:05Z");
  }));

Deno.test("the ledger that the week leaves behind is one that the commands and the server can read", () =>
  week(async ({ lakeUrl, runs, text }, home) => {
    assert.equal(lakeUrl, join(home, "simulated_week", "lake"));
    assert.match(text, /SHOPFLOW_LAKE=.*simulated_week\/lake deno task serve/);
    const store = createDirectoryStore(lakeUrl);
    assert.equal((await readDefinitions(store))!.jobs.length, JOBS.jobs.length);
    const ledger = openLedger(store, () => WEEK.to);
    assert.deepEqual(await ledger.run(runs[100]!), runs[100]);
    const failed = found(runs, "refresh-data@2025-03-25T08:05Z");
    const log = await Array.fromAsync(readRunLog(store, failed, 2));
    assert.match(log.join("\n"), /^2025-03-25T08:\S+ extract: this run was played.*connection refused$/);
  }));

Deno.test("runs take as long as those in the ledger of the installation, which is not changed", async () => {
  const home = await Deno.makeTempDir({ prefix: "week_" });
  try {
    const store = createDirectoryStore(join(home, "lake"));
    const ledger = openLedger(store, () => new Date("2025-01-02T00:00Z"));
    const score = JOBS.jobs.find(({ name }) => name === "score-customers")!;
    const { scheduledFor } = await triggerRun(ledger, score, { by: "anna", at: "2025-01-01T10:00:00.000Z" });
    await ledger.change({ job: score.name, scheduledFor }, (before) => ({
      ...before,
      status: "succeeded",
      endedAt: "2025-01-01T10:00:30.000Z",
      attempts: [{
        number: 1,
        owner: "test",
        startedAt: "2025-01-01T10:00:00.000Z",
        finishedAt: "2025-01-01T10:00:30.000Z",
        ended: "succeeded",
      }],
    }));
    await pauseJob(ledger, "train-models", { by: "anna", at: "2025-01-01T10:00:00.000Z" });
    const before = (await store.list("")).map(({ key, modified }) => [key, modified]);
    const { runs, text } = await show(home);
    assert.match(text, /as in this lake's ledger for score-customers, else/);
    const { startedAt, finishedAt } = found(runs, "score-customers@2025-03-24T03:30Z").attempts[0]!;
    const seconds = (Date.parse(finishedAt!) - Date.parse(startedAt)) / 1000;
    assert.ok(seconds > 20 && seconds < 45, `${seconds} s`);
    assert.equal(
      found(runs, "train-models@2025-03-24T00:20Z").status,
      "succeeded",
      "its pause is not the week's",
    );
    assert.deepEqual((await store.list("")).map(({ key, modified }) => [key, modified]), before);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("deno task schedule --simulate-clock shows the week and ends", async () => {
  const home = await Deno.makeTempDir({ prefix: "week_" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "-q", "schedule", "--simulate-clock"],
      cwd: join(import.meta.dirname!, "..", "..", ".."),
      env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: "", NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(
      new TextDecoder().decode(stdout),
      /The runs are simulated.*\n(.*\n)+\d+ runs were due; each is in/,
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
