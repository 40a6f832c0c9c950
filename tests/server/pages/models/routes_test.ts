import assert from "node:assert/strict";
import { evidenceFile } from "shopflow/ml/card/mod.ts";
import { promoteVersion, publishBaseline, saveModelVersion } from "shopflow/ml/registry/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createApp } from "../../../../server/app.ts";
import { temporaryLake } from "../../small_lake.ts";

const CARD = {
  name: "churn",
  trainedAt: "2024-10-02T00:00:00.000Z",
  snapshot: "0".repeat(16),
  asOf: "2024-10-01",
  parameters: { note: "<script>alert(1)</script>" },
  metrics: { auc: 0.8123, baseline_auc: 0.7 },
};

Deno.test("the models' pages show versions, cards with pictures, and what is missing", async (t) => {
  await using lake = await temporaryLake();
  const { store } = lake;
  const logged: string[] = [];
  const runtime = createRuntime({
    progress: silentProgress,
    log: createLogger((line) => logged.push(line)),
  });
  const app = createApp({ store, runtime, loopbackOnly: true });
  const get = async (path: string) => {
    const response = await app.request(path, { headers: { host: "localhost" } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  await t.step("before the first training", async () => {
    const { status, text } = await get("/models");
    assert.equal(status, 200);
    assert.match(text, /Not trained yet/);
  });

  const bins = [0.1, 0.5, 0.9].map((predicted, i) => ({
    bin: i + 1,
    rows: 10,
    lowest: predicted,
    highest: predicted,
    predicted,
    observed: predicted + 0.05,
  }));
  const evidence = {
    data: ["Learned from 30 customers <b>of</b> this shop."],
    features: [{
      name: "recency_days",
      description: "Days since the last order",
      unit: "days",
      training: { rows: 30, range: [1, 90] as [number, number], edges: [30], shares: [0.5, 0.5], unknown: 0 },
      influence: 0.4,
    }],
    intervals: { auc: [0.79, 0.83] as [number, number] },
    calibration: bins,
  };
  await saveModelVersion(store, { card: { ...CARD, version: "v1" }, files: evidenceFile(evidence) });
  await saveModelVersion(store, {
    card: { ...CARD, version: "v2" },
    files: { "trees.json": new Uint8Array([1]) },
  });
  await publishBaseline(store, { card: { ...CARD, version: "baseline-1", metrics: {} }, files: {} });

  await t.step("while no version is good enough, the baseline that serves is marked", async () => {
    const { text } = await get("/models");
    assert.match(text, /baseline-1<\/a> <span class="badge">serves/);
    assert.equal(text.match(/class="badge"/g)?.length, 1);
  });
  await promoteVersion(store, "churn", "v1");

  await t.step("the list marks the champion and links the cards", async () => {
    const { text } = await get("/models");
    assert.match(text, /href="\/models\/churn\/v1">v1<\/a> <span class="badge">champion/);
    assert.equal(text.match(/class="badge"/g)?.length, 1);
    assert.match(text, /AUC 0\.812 \(baseline 0\.700\)/);
  });

  await t.step("a card has its pictures, intervals, and text as text", async () => {
    const { text } = await get("/models/churn/v1");
    assert.equal(text.match(/<svg [^>]*class="marks"/g)?.length, 4);
    assert.match(
      text,
      /<td>auc<\/td>\s*<td>0\.8123<\/td>\s*<td>0\.7900 to 0\.8300<\/td>\s*<td>0\.7000<\/td>/,
    );
    assert.doesNotMatch(text, /<script>alert|<b>of<\/b>/);
    const { text: markdown, headers } = await get("/models/churn/v1/card.md");
    assert.match(markdown, /^# Model card: churn v1\n/);
    assert.equal(headers.get("content-disposition"), 'attachment; filename="churn_v1.md"');
  });

  await t.step("a version without evidence has a card, one that does not exist has none", async () => {
    assert.equal((await get("/models/churn/v2")).status, 200);
    for (const path of ["/models/churn/v9", "/models/nothing/v1", "/models/inventory/v1"]) {
      assert.equal((await get(path)).status, 404, path);
    }
  });

  await t.step("a version whose files were changed is shown without them, and the log says so", async () => {
    await store.put("models/churn/v1/evidence.json", new TextEncoder().encode("{}"));
    const { status, text } = await get("/models/churn/v1");
    assert.equal(status, 200);
    assert.doesNotMatch(text, /<svg [^>]*class="marks"/);
    assert.ok(logged.some((line) => /was changed since it was written/.test(line)), logged.join("\n"));
  });

  await t.step("with a key the pages need it", async () => {
    const closed = createApp({ store, runtime, apiKey: "secret-key-of-the-test" });
    for (const path of ["/models", "/models/churn/v1", "/models/churn/v1/card.md"]) {
      assert.equal((await closed.request(path)).status, 401, path);
    }
  });
});
