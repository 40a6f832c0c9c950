import assert from "node:assert/strict";
import { publishSmallLake } from "../../lib/notebook/small_lake.ts";
import { createClient } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { publishSmallReport } from "../small_report.ts";
import { saveSmallSchedule } from "../small_schedule.ts";

/** The chip and its words on a page, without tags. */
const chipOf = (html: string) => {
  const [, kind, text] = html.match(/class="chip (fresh|late|stale)">([^]*?)<\/span>\s*<\/(?:aside|span)>/) ??
    [];
  return [kind, text?.replaceAll(/<[^>]+>/g, "").trim()];
};

/** Its orders end on 28 October 2024. */
async function lakeOfOctober() {
  const folder = await Deno.makeTempDir({ prefix: "freshness_" });
  const store = await publishSmallLake(folder);
  return { store, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("every page says until when the orders go, by the clock and in a word", async () => {
  await using lake = await lakeOfOctober();
  let now = new Date("2024-10-29T09:00:00Z");
  await saveSmallSchedule(lake.store, now);
  await publishSmallReport(lake.store, { ordersUntil: "2024-10-27" });
  const { get } = createClient(lake.store, { now: () => now, loopbackOnly: true });
  const text = async (path: string) => await (await get(path, { accept: "text/html" })).text();
  for (const path of ["/reports", "/jobs", "/docs", "/nowhere"]) {
    const page = await text(path);
    assert.match(page, /<time datetime="2024-10-28">Orders until yesterday<\/time>/, path);
    assert.deepEqual(chipOf(page), ["fresh", "✓ fresh"], path);
  }
  const report = await text("/reports/churn");
  assert.match(report, /Orders until 27 Oct 2024/, "a report says it of its own data");
  assert.deepEqual(chipOf(report), ["late", "! a day late"]);

  now = new Date("2026-11-30T09:00:00Z");
  assert.deepEqual(chipOf(await text("/jobs")), ["stale", "✕ 2 years late"]);
  assert.deepEqual(chipOf(await text("/reports/churn")), ["stale", "✕ 2 years late"]);
  const { orders } = await (await get("/health")).json();
  assert.deepEqual([orders.until, orders.status], ["2024-10-28", "stale"]);
});

Deno.test("the limits of the server's settings count; a lake without orders says nothing", async () => {
  await using lake = await lakeOfOctober();
  const now = () => new Date("2024-10-29T09:00:00Z");
  const { get } = createClient(lake.store, { now, freshness: { lateAfterHours: 6 } });
  assert.deepEqual(chipOf(await (await get("/reports")).text()), ["late", "! 9 hours late"]);
  await using empty = await temporaryLake();
  const nothing = createClient(empty.store, { now });
  assert.doesNotMatch(await (await nothing.get("/reports")).text(), /Orders until|orders-until page/);
});
