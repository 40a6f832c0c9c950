import assert from "node:assert/strict";
import type { Run } from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import type { ServerDependencies } from "../../../server/app.ts";
import { type ApiClient, createClient, NOW, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { fillLedger, putRun, QUEUED_RUN, saveSmallSchedule } from "../small_schedule.ts";

const HTML = { accept: "text/html" };
const QUEUED = "/jobs/refresh-data/runs/2024-10-02T05:05Z";
const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` });
type Options = Pick<ServerDependencies, "apiKey" | "operatorKey" | "loopbackOnly">;

/** A lake with jobs, one run of which is queued, and a server that lets those on this machine act. */
async function withJobs(
  body: (client: ApiClient, ledger: Ledger) => Promise<void>,
  options: Options = { loopbackOnly: true },
): Promise<void> {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await putRun(lake.store, QUEUED_RUN);
  await body(createClient(lake.store, options), openLedger(lake.store, () => NOW));
}

Deno.test("“Run now” enters a run of now with who asked for it, and leads to its page", () =>
  withJobs(async ({ submit, get }, ledger) => {
    const answer = await submit("/jobs/train-models/run", {}, basic("anna", ""));
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get("location"), "/jobs/train-models/runs/2024-10-02T06:00Z?did=run");
    const run = await ledger.run({ job: "train-models", scheduledFor: NOW.toISOString() });
    assert.deepEqual([run!.status, run!.trigger, run!.requestedBy!.by], [
      "queued",
      "manual",
      "anna (server)",
    ]);
    const page = await (await get(answer.headers.get("location")!)).text();
    assert.match(page, /role="status">Run queued\./);
    assert.match(page, /runs\/2024-10-02T06:00Z\/cancel/);
  }));

Deno.test("pausing with a reason and resuming are shown at once", () =>
  withJobs(async ({ submit, get }, ledger) => {
    const paused = await submit(
      "/jobs/train-models/pause",
      { reason: "  the disk <is> full " },
      basic("anna", ""),
    );
    assert.equal(paused.headers.get("location"), "/jobs/train-models?did=pause");
    const control = await ledger.jobState("train-models").read();
    assert.deepEqual([control.paused!.by, control.paused!.reason], ["anna (server)", "the disk <is> full"]);
    const page = await (await get("/jobs/train-models")).text();
    assert.match(page, /Paused<\/strong> by anna \(server\).*the disk &lt;is&gt; full/s);
    assert.match(page, /\/jobs\/train-models\/resume/);
    const again = await submit("/jobs/train-models/pause", {}, HTML);
    assert.equal(again.status, 409);
    assert.match(await again.text(), /<h1>Job train-models is already paused<\/h1>/);
    assert.equal((await submit("/jobs/train-models/resume")).status, 303);
    assert.equal((await ledger.jobState("train-models").read()).paused, undefined);
  }));

Deno.test("a queued run is cancelled and run again", () =>
  withJobs(async ({ submit }, ledger) => {
    const run = () => ledger.run(QUEUED_RUN) as Promise<Run>;
    const cancelled = await submit(`${QUEUED}/cancel`, {}, basic("ben", ""));
    assert.equal(cancelled.headers.get("location"), `${QUEUED}?did=cancelled`);
    assert.deepEqual([(await run()).status, (await run()).cancelledBy!.by], ["cancelled", "ben (server)"]);
    assert.equal((await submit(`${QUEUED}/cancel`)).status, 409, "it has ended");
    assert.equal((await submit(`${QUEUED}/again`)).headers.get("location"), `${QUEUED}?did=again`);
    assert.equal((await run()).status, "queued");
    assert.equal((await submit(`${QUEUED}/again`)).status, 409, "it is open");
  }));

Deno.test("a backfill covers whole days of the job's time zone and says how many runs it asked for", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 3);
  const { submit } = createClient(lake.store, { loopbackOnly: true });
  const ledger = openLedger(lake.store, () => NOW);
  const range = { from: "2024-09-20", to: "2024-09-23" };
  const answer = await submit("/jobs/watch-stock/backfill", range);
  // Friday and Monday have 15 hours of 4 runs each.
  assert.equal(answer.headers.get("location"), "/jobs/watch-stock?did=backfill-120-0");
  const runs = await ledger.runs(
    "watch-stock",
    new Date("2024-09-19T00:00Z"),
    new Date("2024-09-25T00:00Z"),
  );
  assert.deepEqual([runs[0]!.scheduledFor, runs.at(-1)!.scheduledFor], [
    "2024-09-20T04:00:00.000Z",
    "2024-09-23T18:45:00.000Z",
  ]);
  assert.ok(runs.every(({ trigger, status }) => trigger === "backfill" && status === "queued"));
  assert.equal(
    (await submit("/jobs/watch-stock/backfill", range)).headers.get("location"),
    "/jobs/watch-stock?did=backfill-0-120",
  );
  const today = await submit("/jobs/refresh-data/backfill", { from: "2024-10-02", to: "2024-10-02" });
  assert.equal(today.status, 303, "the rest of today lies in the future and is left out");
});

Deno.test("a backfill asks what of other jobs matters, where a job depends on some", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const { get, submit } = createClient(lake.store, { loopbackOnly: true });
  assert.match(await (await get("/jobs/train-models")).text(), /<select name="dependencies">/);
  assert.doesNotMatch(await (await get("/jobs/refresh-data")).text(), /<select name="dependencies">/);
  const ledger = openLedger(lake.store, () => NOW);
  const latest = async (name: string) => (await ledger.runs(name, new Date(0), NOW)).at(-1)?.status;
  const day = (day: string) => ({ from: day, to: day });
  await submit("/jobs/train-models/backfill", day("2024-09-20"));
  assert.deepEqual([await latest("train-models"), await latest("refresh-data")], ["waiting", undefined]);
  await submit("/jobs/train-models/backfill", { ...day("2024-09-21"), dependencies: "run" });
  assert.deepEqual([await latest("train-models"), await latest("refresh-data")], ["waiting", "queued"]);
  await submit("/jobs/train-models/backfill", { ...day("2024-09-22"), dependencies: "ignore" });
  assert.equal(await latest("train-models"), "queued");
  const wrong = await submit("/jobs/train-models/backfill", {
    ...day("2024-09-23"),
    dependencies: "perhaps",
  });
  assert.equal(wrong.status, 400);
});

for (
  const [mistake, fields, status, message] of [
    ["no day", { from: "yesterday", to: "2024-10-01" }, 400, /Invalid “from”/],
    ["a day that does not exist", { from: "2024-09-31", to: "2024-10-01" }, 400, /Invalid “from”/],
    ["only one end", { from: "2024-09-01" }, 400, /Invalid “to”/],
    ["its ends exchanged", { from: "2024-10-01", to: "2024-09-01" }, 409, /Invalid backfill range/],
    ["days to come", { from: "2024-10-05", to: "2024-10-06" }, 409, /Invalid backfill range/],
    ["years of hourly runs", { from: "2014-01-01", to: "2024-10-01" }, 409, /Too many runs at once/],
  ] as const
) {
  Deno.test(`a backfill with ${mistake} is refused with what is expected`, () =>
    withJobs(async ({ submit }) => {
      const answer = await submit("/jobs/refresh-data/backfill", fields);
      assert.equal(answer.status, status);
      const { error } = await answer.json() as Problem;
      assert.match(error.message, message);
      assert.ok(error.expected);
    }));
}

/** Who asks, and what is answered to an action and to a look at the page. */
const MATRIX: [string, Options, Record<string, string>, number, number][] = [
  ["nobody's keys, this machine", { loopbackOnly: true }, {}, 303, 200],
  ["nobody's keys, other machines", { loopbackOnly: false }, {}, 403, 200],
  ["nobody's keys, through a proxy", { loopbackOnly: true }, { "x-forwarded-for": "203.0.113.7" }, 403, 200],
  ["an API key alone, with it", { loopbackOnly: true, apiKey: "a" }, basic("x", "a"), 403, 200],
  ["an API key alone, without it", { loopbackOnly: true, apiKey: "a" }, {}, 401, 401],
  ["an operator's key, without it", { loopbackOnly: true, operatorKey: "o" }, {}, 401, 200],
  ["an operator's key, with another", { loopbackOnly: true, operatorKey: "o" }, basic("x", "p"), 401, 200],
  ["an operator's key as password", { operatorKey: "o" }, basic("anna", "o"), 303, 200],
  ["an operator's key as header", { operatorKey: "o" }, { "x-operator-key": "o" }, 303, 200],
  ["an operator's key as API key", { operatorKey: "o" }, { "x-api-key": "o" }, 401, 200],
  ["both keys, as operator", { apiKey: "a", operatorKey: "o" }, basic("anna", "o"), 303, 200],
  [
    "both keys, as operator by header",
    { apiKey: "a", operatorKey: "o" },
    { "x-operator-key": "o" },
    303,
    200,
  ],
  ["both keys, as reader", { apiKey: "a", operatorKey: "o" }, basic("anna", "a"), 401, 200],
  ["both keys, as nobody", { apiKey: "a", operatorKey: "o" }, {}, 401, 401],
  ["both keys, an empty password", { apiKey: "a", operatorKey: "o" }, basic("anna", ""), 401, 401],
];
const ACTIONS = [
  "/jobs/refresh-data/run",
  "/jobs/refresh-data/pause",
  "/jobs/refresh-data/resume",
  "/jobs/refresh-data/backfill",
  `${QUEUED}/cancel`,
  `${QUEUED}/again`,
];

for (const [who, options, headers, acts, looks] of MATRIX) {
  Deno.test(`${who}: an action is answered with ${acts}, a look with ${looks}`, () =>
    withJobs(async ({ submit, get }, ledger) => {
      const fields = { from: "2024-10-01", to: "2024-10-01" };
      for (const path of ACTIONS) {
        const { status } = await submit(path, fields, headers);
        assert.equal(status, acts, path);
      }
      for (const path of ["/jobs", "/jobs/refresh-data", QUEUED, `${QUEUED}/log`, "/api/jobs"]) {
        assert.equal((await get(path, headers)).status, looks, path);
      }
      if (acts === 303) return;
      assert.deepEqual(await ledger.run(QUEUED_RUN), QUEUED_RUN, "nothing was changed");
      assert.equal((await ledger.jobState("refresh-data").read()).paused, undefined);
    }, options));
}

Deno.test("on a server open to this machine, a foreign name that leads here does not open it", () =>
  withJobs(async ({ submit }) => {
    const answer = await submit("http://rebound.example/jobs/refresh-data/run", {}, {
      origin: "http://rebound.example",
      host: "rebound.example",
    });
    assert.equal(answer.status, 421);
    const throughProxy = { origin: "https://shop.example", "sec-fetch-site": "same-origin" };
    assert.equal((await submit("/jobs/refresh-data/run", {}, throughProxy)).status, 403);
    assert.equal((await submit("/jobs/refresh-data/run", {}, { origin: "http://localhost" })).status, 303);
  }));

Deno.test("pages of other sites cannot act, even with the operator's password", () =>
  withJobs(async ({ submit, post }) => {
    const own = basic("anna", "o");
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: "http://localhost", "sec-fetch-site": "cross-site" },
      { origin: "http://localhost", "sec-fetch-site": "same-site" },
      { origin: "http://localhost:8080" },
      { origin: "" },
    ];
    for (const headers of foreign) {
      const { status } = await submit("/jobs/refresh-data/run", {}, { ...own, ...headers });
      assert.equal(status, 403, JSON.stringify(headers));
    }
    for (const headers of foreign.slice(0, 5)) {
      const api = await post("/api/jobs/refresh-data/runs", {}, { ...own, ...headers });
      assert.equal(api.status, 403, `api ${JSON.stringify(headers)}`);
    }
    const allowed = { origin: "http://localhost", "sec-fetch-site": "same-origin" };
    assert.equal((await submit("/jobs/refresh-data/pause", {}, { ...own, ...allowed })).status, 303);
  }, { operatorKey: "o" }));

Deno.test("a page says how actions are allowed where they are off, and shows no button", () =>
  withJobs(async ({ get }) => {
    for (const path of ["/jobs/refresh-data", QUEUED]) {
      const page = await (await get(path, basic("x", "a"))).text();
      assert.match(page, /SHOPFLOW_OPERATOR_KEY/);
      assert.doesNotMatch(page, /method="post"/);
    }
  }, { apiKey: "a" }));

Deno.test("the browser asks for the operator's key, and no answer tells it", () =>
  withJobs(async ({ submit, get }) => {
    const answer = await submit("/jobs/refresh-data/run", {}, HTML);
    assert.match(
      answer.headers.get("www-authenticate")!,
      /^Basic realm="ShopFlow \(password: the operator's key\)"/,
    );
    assert.doesNotMatch(await answer.text(), /very-secret/);
    const page = await (await get("/jobs/refresh-data", basic("anna", "very-secret"))).text();
    assert.match(page, /anna \(server\)/);
    assert.doesNotMatch(page, /very-secret/);
  }, { operatorKey: "very-secret" }));

Deno.test("actions are not done by following a link", () =>
  withJobs(async ({ get }) => {
    for (const path of ACTIONS) assert.equal((await get(path)).status, 405, path);
  }));

Deno.test("an action about what does not exist is not found", () =>
  withJobs(async ({ submit }) => {
    for (
      const path of [
        "/jobs/nothing/run",
        "/jobs/nothing/pause",
        "/jobs/nothing/runs/2024-10-02T05:05Z/cancel",
      ]
    ) {
      assert.equal((await submit(path)).status, 404, path);
    }
    const noRun = await submit("/jobs/refresh-data/runs/2024-10-02T05:06Z/again");
    assert.equal(noRun.status, 409);
    assert.match((await noRun.json() as Problem).error.expected!, /the nearest ones are/);
    assert.equal((await submit("/jobs/refresh-data/pause", { reason: "x".repeat(70_000) })).status, 413);
  }));
