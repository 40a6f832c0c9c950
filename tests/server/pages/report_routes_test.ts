import assert from "node:assert/strict";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { markNotebookRemoved, markRunStarted } from "shopflow/notebook/report/mod.ts";
import { publishWholeLake, temporaryLake } from "../small_lake.ts";
import { publishSmallReport } from "../small_report.ts";

const HTML = { accept: "text/html" };

Deno.test("the index of an empty lake says which command publishes reports", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store);
  const page = await (await get("/reports")).text();
  assert.match(page, /No report has been published yet/);
  assert.match(page, /deno task pipeline run all/);
  assert.equal((await get("/")).headers.get("location"), "/reports");
});

Deno.test("the index shows each report with its date, snapshot and parameters, and marks failed ones", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store);
  await publishSmallReport(lake.store, { name: "churn" });
  await publishSmallReport(lake.store, { name: "inventory", failed: true });
  const page = await (await get("/reports")).text();
  assert.match(page, /href="\/reports\/churn"/);
  assert.match(page, /fewer than in July &amp; &lt;August&gt;/, "text of a notebook is escaped");
  assert.match(page, /2 October 2024, 06:00 UTC/);
  assert.match(page, /snapshot 69b5194c/);
  assert.match(page, /as of 2024-10-01/);
  assert.equal(page.match(/class="tag bad"/g)?.length, 1);
  assert.match(page, /TypeError: no such column/);
});

for (const [status, tag] of [["cancelled", "cancelled"], ["running", "incomplete"]] as const) {
  Deno.test(`where no run has succeeded, the page of one that is ${status} is shown, and says so`, async () => {
    await using lake = await temporaryLake();
    const { get } = createClient(lake.store);
    await publishSmallReport(lake.store, { runId: "run-1", status });
    const page = await (await get("/reports")).text();
    assert.match(page, new RegExp(`<span class="tag bad">${tag}</span>`));
    assert.match(await (await get("/reports/churn")).text(), /No run of this report has succeeded yet/);
  });
}

/** The banners of a page. */
const bannersOf = (html: string) =>
  [...html.matchAll(/<p class="report-banner[^>]*>([^]*?)<\/p>/g)].map(([, text]) =>
    text!.replaceAll(/<[^>]+>/g, "")
  );

Deno.test("a failed run leaves the last good report at its address, below a banner, and in the index", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "run-1" });
  await publishSmallReport(lake.store, {
    runId: "run-2",
    failed: true,
    startedAt: "2024-10-09T05:00:00.000Z",
  });
  const { get } = createClient(lake.store);
  const html = await (await get("/reports/churn")).text();
  assert.match(html, /Run run-1/);
  assert.doesNotMatch(html, /This run failed/);
  assert.deepEqual(bannersOf(html), [
    "The run of 9 October 2024, 05:00 UTC failed: TypeError: no such column. " +
    "This is the report of 2 October 2024, 06:00 UTC. See the failed run",
  ]);
  assert.match(html, /href="\/reports\/churn\/runs\/run-2">See the failed run/);
  assert.match(html, /href="\/reports\/churn\/runs\/run-1\/notebook\.ipynb"/, "its download is its own");
  const index = await (await get("/reports")).text();
  assert.match(index, /<span class="tag bad">not updated<\/span>/);
  assert.match(index, /The run of 9 October 2024, 05:00 UTC failed: TypeError: no such column\./);
  assert.match(index, /This is the report of 2 October 2024, 06:00 UTC/);

  const failed = await get("/reports/churn/runs/run-2");
  assert.match(failed.headers.get("cache-control") ?? "", /immutable/);
  const failedPage = await failed.text();
  assert.match(failedPage, /This run failed/);
  assert.match(failedPage, /href="\/reports\/churn\/runs\/run-1">Last run that succeeded/);
  assert.deepEqual(bannersOf(failedPage), [], "browsers keep the page of a run");
  assert.equal((await get("/reports/churn/runs/run-2/notebook.ipynb")).status, 200);
});

Deno.test("where no run has succeeded, the failed one is shown and marked", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { failed: true });
  const { get } = createClient(lake.store);
  const html = await (await get("/reports/churn")).text();
  assert.match(html, /This run failed/);
  assert.match(bannersOf(html).join(), /^No run of this report has succeeded yet/);
});

Deno.test("a run that was killed is named with its cause, and what it left can be downloaded", async () => {
  await using lake = await temporaryLake();
  const { store } = lake;
  await publishSmallReport(store, { runId: "run-1" });
  // Its record says that it goes on, and was not written for long.
  await publishSmallReport(store, { runId: "run-2", name: "other", status: "running" });
  const left = (await store.get("runs/notebooks/other/run-2.ipynb"))!.body;
  await store.put("runs/notebooks/churn/run-2.ipynb", left);
  await markRunStarted(store, { notebook: "churn", runId: "run-2", startedAt: "2024-10-02T06:00:00.000Z" });
  const { get } = createClient(store, { now: () => new Date("2024-10-02T06:05:00Z") });
  const html = await (await get("/reports/churn")).text();
  assert.match(bannersOf(html).join(), /^The run of 2 October 2024, 06:00 UTC was killed: its process ended/);
  const [, link] = html.match(/href="([^"]+)">Download the unfinished notebook/)!;
  assert.equal((await get(link!)).status, 200);
  assert.equal((await get("/reports/churn/runs/run-3/notebook.ipynb")).status, 404);
});

Deno.test("a report says when the data has moved on since its run, and how old it is", async () => {
  await using lake = await temporaryLake();
  await publishWholeLake(lake.store);
  // The snapshot of the lake is of 1 October.
  await publishSmallReport(lake.store, { name: "old", startedAt: "2024-09-23T05:00:00.000Z" });
  await publishSmallReport(lake.store, { name: "rolled_back" });
  const { get } = createClient(lake.store);
  const index = await (await get("/reports")).text();
  assert.equal(index.match(/<span class="tag">newer data<\/span>/g)?.length, 1);
  assert.match(index, /9 days ago/);
  assert.deepEqual(bannersOf(await (await get("/reports/old")).text()), [
    "Newer data was published on 1 October 2024, 06:00 UTC. " +
    "This report shows what was known when it ran, on 23 September 2024, 05:00 UTC.",
  ]);
  assert.deepEqual(bannersOf(await (await get("/reports/rolled_back")).text()), []);
});

Deno.test("a report whose notebook is gone is no longer among the current ones", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { name: "gone" });
  await publishSmallReport(lake.store, { name: "stays" });
  await markNotebookRemoved(lake.store, "gone", "2024-10-07T05:00:00.000Z");
  const { get } = createClient(lake.store);
  const index = await (await get("/reports")).text();
  const [current, removed] = index.split("<h2>No longer published</h2>");
  assert.match(current ?? "", /href="\/reports\/stays"/);
  assert.doesNotMatch(current ?? "", /href="\/reports\/gone"/);
  assert.match(removed ?? "", /href="\/reports\/gone"/);
  assert.match(
    bannersOf(await (await get("/reports/gone")).text()).join(),
    /^This report is no longer published: on 7 October 2024, 05:00 UTC its notebook was missing/,
  );
});

testApi(
  "the index shows the models with their metrics, and examples with ids of this shop",
  async ({ get }) => {
    const page = await (await get("/reports")).text();
    assert.match(page, /<dt>AUC<\/dt><dd>0\.812<small>baseline 0\.701</);
    assert.match(page, /<dt>Recall at 10<\/dt><dd>0\.210</);
    assert.match(page, /published 24 hours ago/);
    assert.match(page, /customer_id&quot;:&quot;CUST000001/);
  },
);

Deno.test("a report's page has its chart, a way back, and a policy for its own scripts alone, in a sandbox", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store);
  const answer = await createClient(lake.store).get("/reports/churn");
  assert.equal(answer.status, 200);
  const page = await answer.text();
  assert.match(page, /<svg|<img[^>]+src="data:image\/svg/);
  assert.match(page, /<a href="\/reports">/);
  const policy = answer.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'sha256-[\w+/]{43}='/);
  assert.match(policy, /sandbox allow-scripts allow-downloads$/);
  assert.doesNotMatch(policy, /unsafe-eval|allow-same-origin|script-src[^;]*unsafe-inline/);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("older runs keep their address, and lead to the current report", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "run-1" });
  await publishSmallReport(lake.store, { runId: "run-2" });
  const { get } = createClient(lake.store);
  assert.match(await (await get("/reports/churn")).text(), /Run run-2/);
  const older = await get("/reports/churn/runs/run-1");
  const page = await older.text();
  assert.match(page, /Run run-1/);
  assert.match(page, /href="\/reports\/churn">Current report/);
  assert.match(older.headers.get("cache-control") ?? "", /immutable/);
});

Deno.test("a report that cannot be read is marked in the index and logged, and the others are shown", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { name: "churn" });
  await publishSmallReport(lake.store, { name: "inventory" });
  await lake.store.put("reports/inventory/current.json", new TextEncoder().encode("half a poin"));
  const { get, log } = createClient(lake.store);
  const answer = await get("/reports");
  assert.equal(answer.status, 200);
  const page = await answer.text();
  assert.match(page, /href="\/reports\/churn"/);
  assert.match(page, /<h3>inventory<\/h3><span class="tag bad">unreadable</);
  assert.match(
    log.join("\n"),
    /warning: report inventory: reports\/inventory\/current\.json .* cannot be read/,
  );
});

Deno.test("a report that did not change is not sent twice", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store);
  const { get } = createClient(lake.store);
  const etag = (await get("/reports/churn", { "accept-encoding": "gzip" })).headers.get("etag") ?? "";
  assert.equal((await get("/reports/churn", { "if-none-match": etag })).status, 304);
});

for (
  const path of [
    "/reports/nothing",
    "/reports/churn/runs/none",
    "/reports/churn/runs/current",
    "/reports/..%2f..%2fmodels",
    "/reports/%00",
  ]
) {
  testApi(`${path} is not found, as a page for browsers and as JSON for programs`, async ({ get }) => {
    const page = await get(path, HTML);
    assert.equal(page.status, 404);
    assert.match(await page.text(), /There is no such report/);
    const { error } = await (await get(path)).json() as Problem;
    assert.equal(error.code, "report_not_found");
  });
}
