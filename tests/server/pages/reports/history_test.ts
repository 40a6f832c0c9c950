import assert from "node:assert/strict";
import { markRunStarted } from "shopflow/notebook/report/mod.ts";
import { createClient, type Problem } from "../../api_client.ts";
import { temporaryLake } from "../../small_lake.ts";
import { publishSmallReport } from "../../small_report.ts";

const TEXT = { accept: "text/html" };

Deno.test("the runs of a report are listed with parameters, metrics and what started them, in pages", async () => {
  await using lake = await temporaryLake();
  for (let day = 1; day <= 31; day++) {
    await publishSmallReport(lake.store, {
      runId: `202410${String(day).padStart(2, "0")}T060000Z`,
      startedAt: `2024-10-${String(day).padStart(2, "0")}T06:00:00.000Z`,
      failed: day === 30,
      metrics: { Lapsed: { value: `${day}.5 %`, note: "of 90 days" } },
      startedBy: day === 31
        ? { command: "notebook publish" }
        : { scheduledRun: `publish-reports@2024-10-${String(day).padStart(2, "0")}T05:00Z` },
    });
  }
  const { get } = createClient(lake.store, { loopbackOnly: true });
  const page = await (await get("/reports/churn/runs")).text();
  assert.match(page, /31 published runs/);
  assert.match(page, /31\.5 %<small>of 90 days<\/small>/);
  assert.match(page, /<li[^>]*>as_of = 2024-10-01<\/li>/);
  assert.match(page, /<code>notebook publish<\/code>/);
  assert.match(page, /<a href="\/jobs\/publish-reports\/runs\/2024-10-29T05:00Z">the job publish-reports/);
  assert.match(
    page,
    /class="chip stale"><span aria-hidden="true">✕<\/span> failed[^]*TypeError: no such column/,
  );
  assert.match(
    page,
    /href="\/reports\/churn\/runs\/20241031T060000Z">31 October 2024, 06:00 UTC<\/a> <span class="badge">/,
  );
  assert.match(page, /rel="next" href="\/reports\/churn\/runs\?page=2"/);
  const last = await (await get("/reports/churn/runs?page=2")).text();
  assert.deepEqual(last.match(/20241\d{3}T060000Z">/g)?.length, 1);
  assert.doesNotMatch(page + last, /<script/);
  for (const beyond of ["3", "9007199254740991"]) {
    const shown = await (await get(`/reports/churn/runs?page=${beyond}`)).text();
    assert.match(shown, /Page 2 of 2, 31 runs/);
    assert.match(shown, /20241\d{3}T060000Z">/);
  }

  const csv = await get("/reports/churn/runs.csv");
  assert.match(csv.headers.get("content-type") ?? "", /^text\/csv/);
  const lines = (await csv.text()).trim().split("\n");
  assert.equal(lines.length, 32, "all runs, not those of a page");
  assert.match(lines[0] ?? "", /^run,started_at,status,.*parameter as_of,Lapsed$/);
});

Deno.test("two runs are compared whichever is named first, and the link stays", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "r1", metrics: { Sales: { value: "€1,000" } } });
  await publishSmallReport(lake.store, {
    runId: "r2",
    startedAt: "2024-10-09T06:00:00.000Z",
    metrics: { Sales: { value: "€1,250" }, New: { value: 5 } },
  });
  const { get } = createClient(lake.store);
  const page = await (await get("/reports/churn/compare?a=r2&b=r1")).text();
  assert.match(page, /Earlier: <a href="\/reports\/churn\/runs\/r1">/);
  assert.match(page, /€1,000[^]*€1,250[^]*\+€250 \(\+25\.0\u202f%\)/);
  assert.match(page, /The one cell with outputs shows the same/);
  assert.match(
    await (await get("/reports/churn/runs/r1")).text(),
    /Run r1/,
    "the permalink of the older run",
  );

  const missing = await get("/reports/churn/compare?a=r1", TEXT);
  assert.deepEqual([missing.status, (await missing.text()).includes("Two runs are needed")], [400, true]);
  for (
    const path of ["/reports/churn/compare?a=r1&b=gone", "/reports/none/runs", "/reports/..%2f/runs.csv"]
  ) {
    const answer = await get(path);
    assert.equal(answer.status, 404, path);
    assert.equal(((await answer.json()) as Problem).error.code, "report_not_found");
  }
});

Deno.test("a run that was killed before it had a page is named above the others", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { runId: "r1" });
  await markRunStarted(lake.store, { notebook: "churn", runId: "r2", startedAt: "2024-10-02T05:00:00.000Z" });
  const { get } = createClient(lake.store);
  const page = await (await get("/reports/churn/runs")).text();
  assert.match(page, /The run of 2 October 2024, 05:00 UTC was killed: .*runs\/r2\/notebook\.ipynb/);
});
