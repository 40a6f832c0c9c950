import assert from "node:assert/strict";
import { createClient, type Problem, testApi } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
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
  Deno.test(`a report of a run that is ${status} says so and leads to the last run that succeeded`, async () => {
    await using lake = await temporaryLake();
    const { get } = createClient(lake.store);
    await publishSmallReport(lake.store, { runId: "run-1" });
    await publishSmallReport(lake.store, { runId: "run-2", status });
    const page = await (await get("/reports")).text();
    assert.match(
      page,
      new RegExp(`<span class="tag bad">${tag}</span>.*before its end|come to its end`, "s"),
    );
    assert.match(await (await get("/reports/churn")).text(), /href="\/reports\/churn\/runs\/run-1"/);
  });
}

testApi(
  "the index shows the models with their metrics, and examples with ids of this shop",
  async ({ get }) => {
    const page = await (await get("/reports")).text();
    assert.match(page, /<dt>AUC<\/dt><dd>0\.812<small>baseline 0\.701</);
    assert.match(page, /<dt>Recall at 10<\/dt><dd>0\.210</);
    assert.match(page, /published 24 hours ago/);
    assert.match(page, /customer_id&quot;: &quot;CUST000001/);
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
  const policy = answer.headers.get("content-security-policy")!;
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'sha256-[\w+/]{43}='/);
  assert.match(policy, /sandbox allow-scripts allow-downloads$/);
  assert.doesNotMatch(policy, /unsafe-eval|allow-same-origin|script-src[^;]*unsafe-inline/);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});

Deno.test("older runs keep their address, and a failed report leads to the last run that succeeded", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "run-1" });
  await publishSmallReport(lake.store, { runId: "run-2", failed: true });
  const { get } = createClient(lake.store);
  const newest = await (await get("/reports/churn")).text();
  assert.match(newest, /This run failed/);
  assert.match(newest, /href="\/reports\/churn\/runs\/run-1"/);
  const older = await get("/reports/churn/runs/run-1");
  assert.match(await older.text(), /Run run-1/);
  assert.match(older.headers.get("cache-control")!, /immutable/);
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
  const etag = (await get("/reports/churn", { "accept-encoding": "gzip" })).headers.get("etag")!;
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
