import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createClient } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { publishSmallReport } from "../small_report.ts";

Deno.test("a report names the script of charts, which browsers keep, instead of holding it", async () => {
  await using lake = await temporaryLake();
  await publishSmallReport(lake.store, { name: "churn" });
  const { get } = createClient(lake.store, { apiKey: "k".repeat(20) });
  const answer = await get("/reports/churn", { "x-api-key": "k".repeat(20) });
  const page = await answer.text();
  assert.ok(page.length < 60_000, `${page.length} characters`);
  const [, path, hash] = page.match(/<script src="(\/assets\/[^"]+)" integrity="sha256-([^"]+)"/) ?? [];
  const script = await get(path!);
  assert.equal(script.status, 200, "without a key: it shows nothing of the shop");
  assert.equal(script.headers.get("access-control-allow-origin"), "*");
  assert.match(script.headers.get("cache-control") ?? "", /immutable/);
  assert.equal(createHash("sha256").update(await script.text()).digest("base64"), hash);
  assert.ok(answer.headers.get("content-security-policy")?.includes(`'sha256-${hash}'`));
  assert.equal((await get("/assets/other.js")).status, 404);
});
