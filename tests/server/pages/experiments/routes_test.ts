import assert from "node:assert/strict";
import { createExperiment } from "shopflow/ml/experiments/mod.ts";
import { createClient, type Problem } from "../../api_client.ts";
import { temporaryLake } from "../../small_lake.ts";
import { steppingClock } from "../../../lib/ml/experiments/temporary_store.ts";

const NAME = "churn / depth? 100 %";
const PATH = "/experiments/" + encodeURIComponent(NAME);

/** An experiment of 12 trials, a name that needs encoding, two of them with predictions. */
async function withTrials(body: (client: ReturnType<typeof createClient>, ids: string[]) => Promise<void>) {
  await using lake = await temporaryLake();
  const experiment = createExperiment(lake.store, NAME, {
    now: steppingClock(),
    source: () => ({
      program: "notebooks/<depth>.ipynb",
      notebookRun: "run-1",
      snapshot: "s1",
      commit: "c0ffee",
    }),
  });
  const rows = Array.from({ length: 60 }, (_, i) => i), ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    const { id } = await experiment.log({
      parameters: { depth: 2 + i % 4, eta: 0.1 / (i + 1), kind: i % 2 ? "<b>" : "b" },
      metrics: { active_auc: 0.7 + i / 100, log_loss: 0.5 - i / 100 },
      ...(i < 2 && {
        predictions: {
          ids: rows,
          labels: rows.map((row) => row % 2),
          scores: rows.map((row) => ((row % 2) + (row % 5) * (i + 1) / 3) / 5),
        },
      }),
    });
    ids.push(id);
  }
  await body(createClient(lake.store), ids);
}

/** The ids of trials in the order of a page's table. */
const order = (html: string) =>
  [...html.matchAll(/<th scope="row"><a href="[^"]*\/trials\/(\w+)"/g)].map(([, id]) => id);

Deno.test("without experiments the page says how to log one", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store);
  const page = await (await get("/experiments")).text();
  assert.match(page, /No experiment yet/);
  assert.match(page, /openExperiment\(&quot;churn depth&quot;\)/);
  assert.match(page, /<a href="\/experiments" aria-current="page">Experiments<\/a>/);
});

Deno.test("the list of experiments links to each", () =>
  withTrials(async ({ get }) => {
    const page = await (await get("/experiments")).text();
    assert.match(page, new RegExp(`<a href="${PATH.replace("?", "\\?")}">churn / depth\\? 100 %</a>`));
    assert.match(page, /data-label="Trials">12</);
  }));

Deno.test("an experiment names its best trial, draws all, and its headings sort them", () =>
  withTrials(async ({ get }, ids) => {
    const page = await (await get(PATH)).text();
    assert.match(page, /The highest active_auc of 12 trials is <a href="[^"]*">0.81<\/a>, with depth 5/);
    assert.match(
      page,
      /role="img" aria-label="12 trials through depth, eta, kind, active_auc; highest active_auc: 0.81/,
    );
    assert.match(page, /&lt;b&gt;/);
    assert.ok(!page.includes("<b>"), "texts are escaped");
    assert.deepEqual(order(page), ids.toReversed(), "the newest first");
    const links = [...page.matchAll(/<th scope="col"[^>]*>\s*<a href="([^"]+)"/g)].map(([, href]) =>
      href!.replaceAll("&amp;", "&")
    );
    const descending = await (await get(links.find((href) => href.includes("metrics.log_loss"))!)).text();
    assert.deepEqual(order(descending), ids, "the largest log loss first");
    assert.match(descending, /aria-sort="descending"/);
    assert.match(descending, /value="metrics.log_loss:desc" selected/);
    assert.deepEqual(order(await (await get(`${PATH}?sort=metrics.log_loss`)).text()), ids.toReversed());
    assert.deepEqual(order(await (await get(`${PATH}?sort=`)).text()), ids.toReversed());
    const byLoss = await (await get(`${PATH}?by=log_loss`)).text();
    assert.match(byLoss, /The lowest log_loss of 12 trials is <a[^>]*>0.39</);
  }));

Deno.test("the best is of the trials that have the metric", async () => {
  await using lake = await temporaryLake();
  const experiment = createExperiment(lake.store, "search");
  for (const metrics of [{ auc: 0.8 }, { auc: 0.7 }, { test_auc: 0.75 }]) await experiment.log({ metrics });
  const page = await (await createClient(lake.store).get("/experiments/search?by=auc")).text();
  assert.match(page, /The highest auc of 2 trials is <a[^>]*>0.8</);
  assert.match(page, /<\/a> <span class="badge">best</);
});

Deno.test("a filter shows some trials, and says so; one that is invalid is told of", () =>
  withTrials(async ({ get }) => {
    const page = await (await get(`${PATH}?where=${encodeURIComponent("depth=3, active_auc>0.72")}`)).text();
    assert.match(page, /2 trials of 12 with depth=3, active_auc&gt;0.72\./);
    assert.equal(order(page).length, 2);
    const invalid = await (await get(`${PATH}?where=dpeth%3D3`)).text();
    assert.match(invalid, /No trial has &quot;dpeth&quot;: expected one of depth.*All trials are shown/);
    assert.equal(order(invalid).length, 12);
    assert.equal((await get(`${PATH}?where=%3D&sort=nothing&page=99&by=no`)).status, 200);
  }));

Deno.test("a trial shows what was logged, and where", () =>
  withTrials(async ({ get }, [first]) => {
    const page = await (await get(`${PATH}/trials/${first}`)).text();
    assert.match(
      page,
      /From notebooks\/&lt;depth&gt;.ipynb · notebook run run-1 · snapshot s1 · commit c0ffee/,
    );
    assert.match(page, /<th scope="row">active_auc<\/th><td class="number">0.7<\/td>/);
    assert.match(page, /Predictions of 60 rows/);
  }));

Deno.test("marked trials are compared, with paired intervals where they have predictions", () =>
  withTrials(async ({ get }, [first, second, third]) => {
    const page = await (await get(`${PATH}/compare?trial=${first}&trial=${second}&trial=${third}`)).text();
    assert.match(page, new RegExp(`${second} less ${first}</h2><p class="soft">The same test: 60 rows\\.`));
    assert.match(page, /AUC 0\.\d+ and 0\.\d+: [+−]0\.\d+, 95 % interval/);
    assert.match(page, new RegExp(`${third} logged no predictions`));
    const one: Problem = await (await get(`${PATH}/compare?trial=${first}`)).json();
    assert.equal(one.error.code, "trials_missing");
  }));

Deno.test("experiments and trials that are not there are not found", () =>
  withTrials(async ({ get }) => {
    for (
      const path of ["/experiments/none", `${PATH}/trials/none`, `${PATH}/compare?trial=none&trial=none`]
    ) {
      assert.equal((await get(path)).status, 404, path);
    }
  }));

Deno.test("where there is a key the pages need it", async () => {
  await using lake = await temporaryLake();
  await createExperiment(lake.store, "secret").log({ metrics: { auc: 1 } });
  const { get } = createClient(lake.store, { apiKey: "the-key" });
  for (const path of ["/experiments", "/experiments/secret"]) {
    assert.equal((await get(path)).status, 401);
    assert.equal((await get(path, { "x-api-key": "the-key" })).status, 200);
  }
});

Deno.test("a trial with steps has its curves", async () => {
  await using lake = await temporaryLake();
  const experiment = createExperiment(lake.store, "curves");
  let id = "";
  for (let step = 0; step < 5; step++) {
    ({ id } = await experiment.log({ metrics: { loss: 1 / (step + 1) }, step }));
  }
  const page = await (await createClient(lake.store).get(`/experiments/curves/trials/${id}`)).text();
  assert.match(page, /aria-label="loss by step of 1 trials?"/);
  assert.match(page, /Logged in 5 steps/);
});
