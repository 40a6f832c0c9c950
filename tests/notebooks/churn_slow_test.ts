import { encodeJson } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { type NotebookRun, rerunNotebook, runNotebook } from "shopflow/notebook/run/mod.ts";
import { renderPage } from "shopflow/notebook/report/mod.ts";
import { requireScores } from "shopflow/ml/registry/mod.ts";
import { churnModel } from "shopflow/churn/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../pipelines/context.ts";
import { createApp } from "../../server/app.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { openChurnShop } from "../fixtures/churn_shop.ts";
import { publishSession } from "../fixtures/publish_session.ts";
import { outputOf } from "../fixtures/notebook_output.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

const scoreChurn = scoreModel(churnModel);
const trainChurn = trainModel(churnModel);

const NOTEBOOK = new URL("../../notebooks/churn.ipynb", import.meta.url).pathname;
/** The day after the last sale, and the last day whose 90 days are in the data. */
const NOW = "2025-01-01", KNOWN = "2024-10-03";

Deno.test("the churn notebook lists customers as of now, as scored and served, and looks back where it says so", async (t) => {
  await using lake = await createChurnLake({ customers: 500 });
  const { context } = lake;
  let run: NotebookRun;

  await t.step("before the first scoring its own model scores, which it says", async () => {
    run = await runNotebook(NOTEBOOK, context);
    assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
    assert.match(outputOf(run, "study"), /There are no published churn scores/);
    assert.match(
      outputOf(run, "contact"),
      /As of 2025-01-01: \d+ customers, scored by this report.*CUST\d{6}/,
    );
  });

  await trainChurn(context);
  await scoreChurn(context);
  const scores = await requireScores(context.store, "churn");

  await t.step("the dates are those of its rules, and every part names its own", async () => {
    run = await runNotebook(NOTEBOOK, context, { check: false });
    assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
    const { as_of, backtest_as_of } = run.record.parameters;
    assert.deepEqual([as_of, backtest_as_of], [NOW, KNOWN]);
    assert.doesNotMatch(outputOf(run, "study"), /Note/);
    assert.match(outputOf(run, "study"), /as of \*\*2025-01-01\*\*. The data ends on \*\*2024-12-31/);
    for (const cell of ["contact", "leading", "risk", "playbook", "threshold"]) {
      assert.match(outputOf(run, cell), /[Aa]s of 2025-01-01/, cell);
      assert.doesNotMatch(outputOf(run, cell), /2024-10-03/, cell);
    }
    for (const cell of ["quality", "roc", "calibration", "reasons", "outcome"]) {
      assert.match(outputOf(run, cell), /as of 2024-10-03/, cell);
    }
    assert.match(
      outputOf(run, "outcome"),
      /Looking back, as of 2024-10-03, the last day whose 90 days are known/,
    );
    for (const cell of ["monthly", "cohorts", "roc", "calibration", "reasons", "risk", "threshold"]) {
      assert.match(outputOf(run, cell), /<svg/, cell);
    }
  });

  await t.step(
    "whom to contact is the list of the score table, and the risks are those of the API",
    async () => {
      const listed = listedIn((await renderPage(run.notebook)).html);
      assert.ok(listed.length > 5, `${listed.length} customers`);
      using session = await openSession();
      const expected = await session.rows<{ customer_id: string; risk: number }>(`
      SELECT customer_id, churn_probability AS risk
      FROM read_parquet(${sqlString(await context.store.localPath(scores.key))})
      WHERE recency_days <= 90 AND churn_probability > 0.7
      ORDER BY churn_probability * net_sales * greatest(0, 1 - return_share) * 90 / greatest(tenure_days, 90) DESC, customer_id LIMIT 20`);
      const shown = ({ customer_id, risk }: typeof expected[number]) => [
        customer_id,
        `${(100 * risk).toFixed(1)} %`,
      ];
      assert.deepEqual(listed, expected.map(shown));
      const app = createApp({
        store: context.store,
        runtime: createRuntime({ log: createLogger(() => {}) }),
        loopbackOnly: true,
      });
      const answer = await app.request("/predict/churn", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ customer_ids: listed.map(([id]) => id) }),
      });
      const { predictions } = await answer.json() as {
        predictions: { customer_id: string; churn_probability: number }[];
      };
      assert.deepEqual(
        predictions.map(({ customer_id, churn_probability: risk }) => shown({ customer_id, risk })),
        listed,
      );
    },
  );

  await t.step("a repeated run says the same", async () => {
    const { differences } = await rerunNotebook(run.record.runId, context, { check: false });
    assert.deepEqual(differences, []);
  });

  await t.step(
    "when the data has moved on and scoring has not run, the list says how old it is",
    async () => {
      await publishDaysMore(context, 3);
      const later = await runNotebook(NOTEBOOK, context, { check: false });
      assert.equal(later.record.parameters.as_of, "2025-01-04");
      assert.match(
        outputOf(later, "study"),
        /scores below are \*\*out of date\*\*: they are as of 2025-01-01, 3 days before the data/,
      );
      assert.match(outputOf(later, "contact"), /As of 2025-01-01/);
      assert.deepEqual(
        listedIn((await renderPage(later.notebook)).html),
        listedIn((await renderPage(run.notebook)).html),
      );
    },
  );
});

/** Customers and risks of the table of whom to contact, on the page that readers see. */
function listedIn(html: string): string[][] {
  const [, section = ""] = html.split('id="whom-to-contact"');
  const [table = ""] = section.split("</table>");
  return [...table.matchAll(/<td[^>]*>(CUST\d+)<\/td><td[^>]*>([\d.]+ %)<\/td>/g)].map((row) => row.slice(1));
}

/** Publishes the same shop, to which orders came in on further days. */
async function publishDaysMore(context: PipelineContext, days: number): Promise<void> {
  using shop = await openChurnShop({ customers: 500 });
  await shop.run(`INSERT INTO fact_orders
    SELECT * REPLACE (order_date + ${days} AS order_date, order_id || '-more' AS order_id)
    FROM fact_orders WHERE order_date = DATE '2024-12-31'`);
  const tables = ["dim_customers", "dim_products", "fact_events", "fact_orders", "fact_support_tickets"];
  await publishSession(context.store, shop, tables);
}

Deno.test("on a shop of orders alone, and dates outside its data, it says which dates it uses", async () => {
  await using lake = await createChurnLake({ customers: 400, days: 374, ordersOnly: true });
  const { store } = lake.context;
  // A champion that is lost: neither the scores nor the page fail with it.
  await store.put("models/churn/champion.json", encodeJson({ version: "lost" }));
  await scoreChurn(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, {
    check: false,
    parameters: { as_of: "2011-09-01" },
  });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(
    outputOf(run, "study"),
    /2011-09-01 lies outside the data: orders run from .* Here it is 2025-01-01, the day after the last sale/,
  );
  assert.match(
    outputOf(run, "study"),
    /No model serves at present. The risks below are those of the baseline/,
  );
  assert.match(outputOf(run, "leading"), /The baseline knows only the days since the last order/);
  const listed = outputOf(run, "contact").match(/CUST\d{6}/g) ?? [];
  const reasons = outputOf(run, "contact").match(/(?:Has not ordered for|Last ordered) \d+ days?/g) ?? [];
  assert.ok(listed.length > 5);
  assert.equal(reasons.length, listed.length, "everybody on the list has the baseline's reason");
  assert.match(
    outputOf(run, "champion"),
    /answers with the baseline, recency alone, because the champion lost cannot be read: There is no version lost/,
  );
});

Deno.test("in a shop too young for any score the page says so", async () => {
  await using lake = await createChurnLake({ customers: 200, days: 90 });
  await scoreChurn(lake.context);
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "study"), /No model is measured. Not enough data to train on/);
  assert.match(outputOf(run, "study"), /Nobody has a churn score yet/);
  for (const cell of ["quality", "roc", "calibration", "reasons"]) {
    assert.match(outputOf(run, cell), /no model is measured/, cell);
  }
  for (const cell of ["leading", "contact", "risk", "playbook", "threshold"]) {
    assert.match(outputOf(run, cell), /Nobody has a score yet/, cell);
  }
  assert.match(outputOf(run, "champion"), /no churn scores: Not enough data for churn scores/);
  for (const cell of run.notebook.cells) {
    if (cell.cell_type === "code") {
      assert.doesNotMatch(outputOf(run, String(cell.id)), /NaN/, String(cell.id));
    }
  }
});
