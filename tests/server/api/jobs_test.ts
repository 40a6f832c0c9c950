import assert from "node:assert/strict";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createClient, NOW, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import {
  fillLedger,
  liveScheduler,
  putRun,
  QUEUED_RUN,
  saveSmallSchedule,
  writeLog,
} from "../small_schedule.ts";

async function withApi(
  body: (
    client: ReturnType<typeof createClient>,
    lake: Awaited<ReturnType<typeof temporaryLake>>,
  ) => Promise<void>,
) {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await putRun(lake.store, QUEUED_RUN);
  await body(createClient(lake.store, { operatorKey: "o" }), lake);
}
const KEY = { "x-operator-key": "o" };

Deno.test("GET /api/jobs lists jobs with their last run, and the schedulers", () =>
  withApi(async ({ get }, { store }) => {
    await liveScheduler(store, NOW);
    const { jobs, schedulers } = await (await get("/api/jobs")).json();
    assert.equal(jobs.length, 6);
    const { name, schedule, next_due, paused, last_run, unreadable } = jobs[0];
    assert.deepEqual({ name, schedule, next_due, paused, unreadable }, {
      name: "refresh-data",
      schedule: { cron: "5 * * * *", time_zone: "UTC", text: "At 5 minutes past the hour (UTC)" },
      next_due: "2024-10-02T06:05:00.000Z",
      paused: null,
      unreadable: [],
    });
    assert.deepEqual([last_run.scheduled_for, last_run.status, last_run.ended_at], [
      QUEUED_RUN.scheduledFor,
      "queued",
      null,
    ]);
    assert.deepEqual(jobs.at(-1).schedule, {
      cron: null,
      time_zone: null,
      text: "When a snapshot is published",
    });
    assert.deepEqual(
      schedulers.map(({ owner, alive }: { owner: string; alive: boolean }) => [owner, alive]),
      [
        ["worker-1:4242", true],
      ],
    );
  }));

Deno.test("runs of a time are listed, and one is shown with its log", () =>
  withApi(async ({ get }, { store }) => {
    await fillLedger(store, NOW, 3);
    const runs = async (query: string) =>
      (await (await get(`/api/jobs/refresh-data/runs${query}`)).json()).runs.map((
        { scheduled_for }: { scheduled_for: string },
      ) => scheduled_for);
    assert.deepEqual(await runs("?from=2024-10-01T22:00Z&to=2024-10-02T00:05Z"), [
      "2024-10-01T22:05:00.000Z",
      "2024-10-01T23:05:00.000Z",
      "2024-10-02T00:05:00.000Z",
    ]);
    assert.equal((await runs("?from=2024-10-01&to=2024-10-02")).length, 24);
    assert.equal((await runs("")).length, 72);
    await writeLog(
      store,
      { job: "refresh-data", scheduledFor: "2024-10-02T00:05:00.000Z", attempt: 1 },
      ["hello"],
      NOW,
    );
    const path = "/api/jobs/refresh-data/runs/2024-10-02T00:05Z";
    const run = await (await get(path)).json();
    assert.deepEqual([run.job, run.attempts.length > 0], ["refresh-data", true]);
    assert.match(await (await get(`${path}/log`)).text(), /hello\n$/);
  }));

Deno.test("programs run, backfill, cancel, pause and resume with the operator's key", () =>
  withApi(async ({ post }, { store }) => {
    const ledger = openLedger(store, () => NOW);
    const run = await post("/api/jobs/train-models/runs", {}, KEY);
    assert.equal(run.status, 202);
    const { scheduled_for, status, requested_by } = await run.json();
    assert.deepEqual([scheduled_for, status, requested_by.by], [
      NOW.toISOString(),
      "queued",
      "operator (server)",
    ]);
    const past = await post("/api/jobs/train-models/runs", { scheduled_for: "2024-10-01T01:20Z" }, KEY);
    assert.equal((await past.json()).trigger, "backfill");
    const filled = await post("/api/jobs/refresh-data/backfill", {
      from: "2024-10-02T03:00Z",
      to: "2024-10-02T05:30Z",
    }, KEY);
    assert.equal(filled.status, 202);
    assert.deepEqual(await filled.json(), {
      queued: ["2024-10-02T03:05:00.000Z", "2024-10-02T04:05:00.000Z"],
      unneeded: 1,
      upstream: [],
    });
    const cancelled = await post("/api/jobs/refresh-data/runs/2024-10-02T05:05Z/cancel", "", KEY);
    assert.deepEqual([cancelled.status, (await cancelled.json()).status], [202, "cancelled"]);
    const paused = await post("/api/jobs/refresh-data/pause", { reason: "move" }, KEY);
    assert.deepEqual(await paused.json(), { job: "refresh-data", paused: true });
    assert.equal((await ledger.jobState("refresh-data").read()).paused!.reason, "move");
    assert.equal((await post("/api/jobs/refresh-data/resume", "", KEY)).status, 200);
    assert.equal((await ledger.jobState("refresh-data").read()).paused, undefined);
  }));

for (
  const [path, body, status, code] of [
    ["/api/jobs/nothing/runs", {}, 404, "job_not_found"],
    ["/api/jobs/nothing/pause", {}, 404, "job_not_found"],
    ["/api/jobs/refresh-data/runs", { scheduled_for: "yesterday" }, 400, "invalid_request"],
    ["/api/jobs/refresh-data/runs", { time: "2024-10-01" }, 400, "unknown_field"],
    ["/api/jobs/refresh-data/runs", { scheduled_for: "2024-10-02T05:05Z" }, 409, "refused"],
    ["/api/jobs/refresh-data/runs", { scheduled_for: "2024-10-02T05:06Z" }, 409, "refused"],
    ["/api/jobs/refresh-data/runs", { scheduled_for: "2030-10-02T05:05Z" }, 409, "refused"],
    ["/api/jobs/refresh-data/backfill", { from: "2024-10-01" }, 400, "invalid_request"],
    ["/api/jobs/check-data/backfill", { from: "2024-09-01", to: "2024-10-01" }, 409, "refused"],
    ["/api/jobs/refresh-data/pause", { reason: "x".repeat(301) }, 400, "invalid_request"],
    ["/api/jobs/refresh-data/resume", "", 409, "refused"],
    ["/api/jobs/refresh-data/runs/soon/cancel", "", 404, "run_not_found"],
    ["/api/jobs/refresh-data/runs/2024-10-01T05:05Z/cancel", "", 409, "refused"],
  ] as const
) {
  Deno.test(`POST ${path} with ${JSON.stringify(body).slice(0, 60)} is refused as ${code}`, () =>
    withApi(async ({ post }) => {
      const answer = await post(path, body, KEY);
      const { error } = await answer.json() as Problem;
      assert.deepEqual([answer.status, error.code], [status, code], error.message);
    }));
}

Deno.test("programs cannot act without the operator's key, nor read what is no time or too much", () =>
  withApi(async ({ post, get }) => {
    for (const action of ["runs", "backfill", "pause", "resume", "runs/2024-10-02T05:05Z/cancel"]) {
      const answer = await post(`/api/jobs/refresh-data/${action}`, { from: "2024-10-01", to: "2024-10-02" });
      assert.ok([400, 401].includes(answer.status), action);
      assert.equal((await post(`/api/jobs/refresh-data/${action}`, "")).ok, false);
    }
    assert.equal((await post("/api/jobs/refresh-data/runs", {})).status, 401);
    assert.equal((await get("/api/jobs/refresh-data/runs?from=soon")).status, 400);
    assert.equal((await get("/api/jobs/refresh-data/runs?since=2024-10-01")).status, 400);
    assert.equal((await get("/api/jobs/nothing/runs")).status, 404);
    assert.equal((await get("/api/jobs/refresh-data/runs/2024-10-01T05:05Z")).status, 404);
  }));

Deno.test("a backfill and a run of a job that depends on others say what of them did not succeed", () =>
  withApi(async ({ post }) => {
    const range = { from: "2024-09-20", to: "2024-09-21" };
    const upstream = [{ job: "refresh-data", scheduled_for: "2024-09-20T01:05:00.000Z" }];
    const asked = ["2024-09-20T01:20:00.000Z"];
    for (const dependencies of [undefined, "run", "ignore"]) {
      const answer = await post("/api/jobs/train-models/backfill", { ...range, dependencies }, KEY);
      assert.equal(answer.status, 202);
      const first = dependencies === undefined;
      assert.deepEqual(await answer.json(), {
        queued: first ? asked : [],
        unneeded: first ? 0 : 1,
        upstream: first ? upstream : [],
      });
    }
    const wrong = await post("/api/jobs/train-models/backfill", { ...range, dependencies: "no" }, KEY);
    assert.equal(wrong.status, 400);
    const run = await (await post("/api/jobs/train-models/runs", {}, KEY)).json();
    assert.deepEqual(run.unmet_dependencies, ["refresh-data, whose runs up to then are not planned yet"]);
  }));
