import assert from "node:assert/strict";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { pauseJob } from "shopflow/jobs/requests/mod.ts";
import { afterAttempt } from "../../../lib/jobs/run.ts";
import { createClient, NOW, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import {
  fillLedger,
  liveScheduler,
  putRun,
  QUEUED_RUN,
  saveSmallSchedule,
  SMALL_SCHEDULE,
  writeLog,
} from "../small_schedule.ts";

const HTML = { accept: "text/html" };
const RUN = "/jobs/refresh-data/runs/2024-10-02T05:05Z";
const FAILED: Run = {
  ...QUEUED_RUN,
  status: "failed",
  reason: "transform: Binder Error: column order_total not found",
  stepsDone: ["extract"],
  endedAt: "2024-10-02T05:12:00.000Z",
  requestedBy: { by: "anna (server)", at: "2024-10-02T05:06:00.000Z" },
  attempts: [{
    number: 1,
    owner: "worker-1:4242",
    startedAt: "2024-10-02T05:06:00.000Z",
    finishedAt: "2024-10-02T05:08:05.000Z",
    ended: "failed",
    reason: "transform: Binder Error: column order_total not found",
    exitCode: 1,
    peakBytes: 512_000_000,
  }],
};

Deno.test("on a lake without a scheduler the page of jobs says how one is started", async () => {
  await using lake = await temporaryLake();
  const page = await (await createClient(lake.store).get("/jobs")).text();
  assert.match(page, /No scheduler has run on this lake yet/);
  assert.match(page, /deno task schedule/);
});

Deno.test("the overview shows each job with owner, schedule in words, last run, next due time and last runs", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 10);
  await liveScheduler(lake.store, NOW);
  const page = await (await createClient(lake.store).get("/jobs")).text();
  for (const { name, owner } of SMALL_SCHEDULE.jobs) {
    assert.match(page, new RegExp(`href="/jobs/${name}">${name}</a></h3>.*?class="owner">${owner}<`, "s"));
  }
  assert.match(page, /1 scheduler is running.*worker-1:4242/s);
  assert.match(page, /At 07:00, only on Monday \(Europe\/Berlin\)/);
  assert.match(
    page,
    /<time datetime="2024-10-07T05:00:00.000Z">Mon 7 Oct, 05:00 UTC<\/time>/,
    "in UTC, as everywhere",
  );
  const [, hourly] = page.match(/Last 30 runs of refresh-data.*?>(.*?)<\/ol>/s)!;
  assert.equal(hourly!.match(/<li/g)?.length, 30);
  assert.match(page, /href="\/jobs" aria-current="page"/);
});

Deno.test("the overview warns when no scheduler is running, whatever its last one said", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await liveScheduler(lake.store, new Date(NOW.getTime() - 2 * 3_600_000));
  const page = await (await createClient(lake.store).get("/jobs")).text();
  assert.match(page, /No scheduler is running\..*deno task schedule.*Last heartbeat: 2 hours ago/s);
  assert.doesNotMatch(page, /1 scheduler is running/);
});

Deno.test("the overview shows what runs now, paused jobs, and the last failures with reason and link", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await putRun(lake.store, FAILED);
  const ledger = openLedger(lake.store, () => NOW);
  await pauseJob(ledger, "train-models", { by: "ben", at: NOW.toISOString() }, "disk is full");
  await putRun(lake.store, { ...QUEUED_RUN, job: "score-customers" });
  const running = {
    scheduledFor: QUEUED_RUN.scheduledFor,
    attempt: 1,
    scheduler: "worker-2-7",
    owner: "worker-2:7",
    startedAt: "2024-10-02T05:58:00.000Z",
  };
  await ledger.jobState("score-customers").update((value) => ({ value: { ...value, running }, result: 0 }));
  await liveScheduler(lake.store, NOW, "worker-2:7");
  const { get } = createClient(lake.store, { pollMs: 0 });
  const page = await (await get("/jobs")).text();
  assert.match(page, /In progress.*score-customers<\/a>.*for 2 min on worker-2:7/s);
  assert.match(page, /title="paused by ben since 2 October 2024, 06:00 UTC: disk is full"/);
  assert.match(
    page,
    new RegExp(`Last failures.*href="${RUN}".*transform: Binder Error: column order_total not found`, "s"),
  );
  const names = (html: string) =>
    [...html.matchAll(/<h3><a href="\/jobs\/([\w-]+)">/g)].map(([, name]) => name);
  const filtered = async (query: string) => names(await (await get(`/jobs?${query}`)).text());
  assert.deepEqual(await filtered("owner=data-science"), ["train-models", "score-customers"]);
  assert.deepEqual(await filtered("status=paused"), ["train-models"]);
  assert.deepEqual(await filtered("status=failed&owner="), ["refresh-data"]);
  assert.deepEqual(await filtered("status=running&owner=inventory"), []);
});

Deno.test("an hourly job has a calendar of 24 columns, a nightly one a calendar of weeks", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 40);
  const { get } = createClient(lake.store);
  const hourly = await (await get("/jobs/refresh-data")).text();
  const calendar = hourly.match(/<table class="calendar">.*?<\/table>/s)![0];
  assert.equal(calendar.match(/scope="col"/g)?.length, 24);
  assert.equal(calendar.match(/scope="row"/g)?.length, 35);
  assert.equal(calendar.match(/class="cell /g)?.length, 34 * 24 + 6);
  const nightly = await (await get("/jobs/train-models")).text();
  assert.match(nightly, /<table class="calendar weeks">.*>Mon<.*26 Aug/s);
  const often = await (await get("/jobs/watch-stock")).text();
  assert.match(
    often,
    /aria-label="Tue 1 Oct, \d\d:00 to \d\d:59 UTC: 4 succeeded"><span aria-hidden="true">4</,
  );
  assert.match(
    often,
    /:59 UTC: (\d) failed, [^"]*succeeded"><span aria-hidden="true">\1</,
    "those that failed are counted",
  );
  assert.match(often, /href="\/jobs\/watch-stock\?day=2024-10-01#runs"/);
  const day = await (await get("/jobs/watch-stock?day=2024-10-01")).text();
  assert.match(day, /Runs of Tue 1 Oct \(UTC\)/);
  assert.equal(day.match(/<td><a href="\/jobs\/watch-stock\/runs/g)?.length, 60);
});

Deno.test("the page of a job shows durations, failures, due times and its rules", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 40);
  await putRun(lake.store, FAILED);
  const { get } = createClient(lake.store);
  const page = await (await get("/jobs/weekly-reports")).text();
  assert.match(page, /<td>Mon 7 Oct, 05:00 UTC</);
  assert.match(page, /<td>Mon 28 Oct, 06:00 UTC</, "summer time is over by then");
  assert.match(page, /Depends on.*href="\/jobs\/score-customers"/s);
  assert.match(page, /<svg/);
  const hourly = await (await get("/jobs/refresh-data")).text();
  assert.match(
    hourly,
    /Durations of the last 100 runs: median [\d.]+ minutes, longest [\d.]+ minutes, \d failed/,
  );
  assert.match(hourly, /retried up to 2 times: after 30 s/);
  assert.match(hourly, /longer than 50 min is stopped/);
  assert.match(hourly, new RegExp(`Last failures.*href="${RUN}"`, "s"));
});

Deno.test("the page of a run shows its reason, data, attempts, steps, who asked for it, and its log", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await putRun(lake.store, FAILED);
  await writeLog(lake.store, { ...FAILED, attempt: 1 }, [
    "building 23 models",
    "column order_total not found",
  ], NOW);
  const { get } = createClient(lake.store);
  const answer = await get(RUN);
  const page = await answer.text();
  assert.equal(answer.status, 200);
  assert.match(page, /Wed 2 Oct, 04:05 UTC<\/time> to <time[^>]*>Wed 2 Oct, 05:05 UTC/);
  assert.match(page, /<td>2 min 5 s<\/td><td>512 MB<\/td><td><code>worker-1:4242/);
  assert.match(page, /failed<span class="soft">, exit code 1</);
  assert.match(page, /extract <span class="soft">done.*transform <span class="soft">failed</s);
  assert.match(page, /anna \(server\)/);
  assert.match(page, /<pre class="log"[^>]*>2024-10-02T06:00:00.000Z building 23 models\n/);
  assert.doesNotMatch(page, /http-equiv="refresh"|<script/, "what has ended does not change");
  const log = await get(`${RUN}/log?attempt=1`);
  assert.match(log.headers.get("content-type")!, /text\/plain/);
  assert.match(await log.text(), /models\n.*column order_total not found\n$/);
  assert.equal((await get(`${RUN}/log?attempt=7`)).status, 200, "an attempt without a log has an empty one");
});

Deno.test("a run of a scheduler that died, one that is tried again and one of a paused job say so", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const ledger = openLedger(lake.store, () => NOW);
  await putRun(lake.store, { ...QUEUED_RUN, job: "score-customers" });
  const running = {
    scheduledFor: QUEUED_RUN.scheduledFor,
    attempt: 1,
    scheduler: "worker-2-7",
    owner: "worker-2:7",
    startedAt: "2024-10-02T05:05:01.000Z",
  };
  await ledger.jobState("score-customers").update((value) => ({ value: { ...value, running }, result: 0 }));
  await liveScheduler(lake.store, new Date("2024-10-02T05:20:00Z"), "worker-2:7");
  await putRun(lake.store, {
    ...FAILED,
    status: "retrying",
    notBefore: "2024-10-02T06:02:00.000Z",
    stepsDone: ["extract"],
  });
  await pauseJob(ledger, "train-models", { by: "ben", at: NOW.toISOString() }, "disk is full");
  await putRun(lake.store, { ...QUEUED_RUN, job: "train-models", trigger: "backfill" });
  const { get } = createClient(lake.store, { pollMs: 0 });
  const page = async (job: string) => await (await get(`/jobs/${job}/runs/2024-10-02T05:05Z`)).text();
  const lost = await page("score-customers");
  assert.match(lost, /class="status s-interrupted">interrupted/);
  assert.match(
    lost,
    /no word from its scheduler worker-2:7 since 2 October 2024, 05:20 UTC; no scheduler is running/,
  );
  assert.match(lost, /score <span class="soft">interrupted.*<td>interrupted<\/td>.*14 min 59 s/s);
  const again = await page("refresh-data");
  assert.match(
    again,
    /class="status s-retrying">retrying.*done.*transform <span class="soft">failed, tried again/s,
  );
  const paused = await page("train-models");
  assert.match(
    paused,
    /it waits until the job is resumed, paused by ben since 2 October 2024, 06:00 UTC: disk is full/,
  );
  assert.match(paused, /The job is paused<\/strong>.*This run waits until the job is resumed/s);
  const overview = await (await get("/jobs")).text();
  assert.match(overview, /In progress.*s-retrying.*s-interrupted.*All jobs/s);
  const api = await (await get("/api/jobs/score-customers/runs/2024-10-02T05:05Z")).json();
  assert.equal(api.status, "interrupted");
});

Deno.test("a run that succeeded has all its steps done, also the last one", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const succeeded = { number: 1, owner: "worker-1:1", startedAt: NOW.toISOString() };
  const [job] = SMALL_SCHEDULE.jobs;
  const after = afterAttempt(job!, { ...QUEUED_RUN, stepsDone: ["extract"] }, {
    ...succeeded,
    finishedAt: NOW.toISOString(),
    ended: "succeeded",
    reason: "all steps succeeded",
  }, { now: NOW, random: () => 0.5 });
  await putRun(lake.store, after!);
  const page = await (await createClient(lake.store).get(RUN)).text();
  assert.match(page, /extract <span class="soft">done.*transform <span class="soft">done/s);
  assert.doesNotMatch(page, /not started|not done/);
});

Deno.test("pages that change run one script of ours and no other, and reload where there are no scripts", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await putRun(lake.store, QUEUED_RUN);
  const { get } = createClient(lake.store);
  for (const path of ["/jobs", "/jobs/refresh-data", RUN]) {
    const answer = await get(path);
    const policy = answer.headers.get("content-security-policy")!;
    assert.match(policy, /^default-src 'none'.*script-src 'sha256-[\w+/]{43}='; connect-src 'self'/);
    assert.match(policy, /form-action 'self'; frame-ancestors 'none'$/);
    assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
    const page = await answer.text();
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.match(page, /<noscript><meta http-equiv="refresh" content="5"\/?><\/noscript>/);
    const [, script] = page.match(/<script>(.*?)<\/script>/s)!;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
    assert.ok(policy.includes(btoa(String.fromCharCode(...new Uint8Array(digest)))));
  }
});

Deno.test("hostile names, reasons and logs are shown as text", async () => {
  await using lake = await temporaryLake();
  const evil = `<img src=x onerror="alert(1)">'"&`;
  const job = { ...SMALL_SCHEDULE.jobs[0]!, name: `a"><script>`, description: evil, owner: evil };
  await saveDefinitions(lake.store, { jobs: [job], pools: {} }, NOW);
  await putRun(lake.store, {
    ...FAILED,
    job: job.name,
    reason: evil,
    requestedBy: { by: evil, at: NOW.toISOString() },
    attempts: [{ ...FAILED.attempts[0]!, reason: evil, owner: evil }],
  });
  await writeLog(lake.store, { job: job.name, scheduledFor: FAILED.scheduledFor, attempt: 1 }, [
    `</pre>${evil}`,
  ], NOW);
  const { get } = createClient(lake.store);
  const path = `/jobs/${encodeURIComponent(job.name)}`;
  for (const address of ["/jobs", path, `${path}/runs/2024-10-02T05:05Z`, `${path}?did=${evil}`]) {
    const answer = await get(address);
    assert.equal(answer.status, 200, address);
    const page = (await answer.text()).replace(/<script>[^]*?<\/script>/, "");
    assert.doesNotMatch(page, /<img|<script|<\/pre>&lt;img/, address);
    assert.match(page, /&lt;img src=x onerror=&quot;alert/);
  }
});

Deno.test("an address cannot put words in the mouth of a page", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const { get } = createClient(lake.store);
  assert.match(await (await get("/jobs/refresh-data?did=backfill-12-3")).text(), /12 runs queued; 3/);
  for (const did of ["free text", "constructor", "toString-1", "__proto__", "backfill-<b>"]) {
    const page = await (await get(`/jobs/refresh-data?did=${encodeURIComponent(did)}`)).text();
    assert.doesNotMatch(page, /free text|native code|<b>/);
  }
});

for (
  const [path, message] of [
    ["/jobs/nothing", /There is no such job/],
    ["/jobs/..%2fcontrol", /There is no such job/],
    ["/jobs/nothing/runs/2024-10-02T05:05Z", /There is no such job/],
    ["/jobs/refresh-data/runs/2020-01-01T00:05Z", /There is no such run/],
    ["/jobs/refresh-data/runs/yesterday", /There is no such run/],
    ["/jobs/refresh-data/runs/2024-13-45T00:00Z/log", /There is no such run/],
  ] as const
) {
  Deno.test(`${path} is not found, as a page for browsers and as JSON for programs`, async () => {
    await using lake = await temporaryLake();
    await saveSmallSchedule(lake.store, NOW);
    const { get } = createClient(lake.store);
    const page = await get(path, HTML);
    assert.equal(page.status, 404);
    assert.match(await page.text(), message);
    assert.match((await (await get(path)).json() as Problem).error.message, message);
  });
}

Deno.test("a damaged page of the ledger is said where it belongs, logged once, and breaks nothing else", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 5);
  const put = (key: string, text: string) => lake.store.put(key, new TextEncoder().encode(text));
  await put("runs/jobs/refresh-data/pages/2024-10-01.json", `{"runs": {"2024-10-01T`);
  await put("runs/jobs/train-models/pages/2024-10-01.json", `{"runs": {"x": 7}}`);
  await put("runs/jobs/score-customers/control.json", "");
  await put("leases/schedulers/x.json", "half");
  const { get, log } = createClient(lake.store, { pollMs: 0 });
  const page = await (await get("/jobs")).text();
  assert.equal(page.match(/part of the run history is unreadable/g)?.length, 3);
  assert.match(page, /title="cannot be read: 2024-10-01"/);
  assert.match(page, /Last 30 runs of refresh-data/);
  assert.equal((await get("/jobs/refresh-data")).status, 200);
  await get("/jobs");
  assert.equal(log.filter((line) => line.includes("runs of refresh-data on 2024-10-01")).length, 1);
});

Deno.test("where the jobs themselves cannot be read, the page says so and the log says why", async () => {
  await using lake = await temporaryLake();
  await lake.store.put("runs/schedule/definitions.json", new TextEncoder().encode("half"));
  const { get, log } = createClient(lake.store);
  const answer = await get("/jobs", HTML);
  assert.equal(answer.status, 503);
  const page = await answer.text();
  assert.match(page, /The lake cannot be read or written/);
  assert.doesNotMatch(page, /definitions/);
  assert.ok(log.some((line) => line.includes("runs/schedule/definitions.json")));
});
