import assert from "node:assert/strict";
import { backtestDates, churnSlices, playbookOf, profitCurve, thresholdByValue } from "shopflow/churn/mod.ts";
import { addDays, salesPeriod } from "shopflow/ml/mod.ts";
import { openChurnShop } from "../../../fixtures/churn_shop.ts";

Deno.test("a churn model is measured on several dates, beside simpler methods, with intervals", async (t) => {
  using shop = await openChurnShop({ customers: 900 });
  const period = await salesPeriod(shop);
  const several = await backtestDates(shop, period, { riskAbove: 0.7, dates: 3 });
  const [latest] = several.backtests;

  await t.step("dates lie a horizon apart, so that no outcome counts twice", () => {
    assert.deepEqual(several.backtests.map(({ split }) => split.test), [
      "2024-10-03",
      "2024-07-05",
      "2024-04-06",
    ]);
    for (const { split } of several.backtests) {
      const { asOf, train } = split.validation!;
      for (const date of [...split.train, asOf]) assert.ok(addDays(date, 90) <= split.test, date);
      for (const date of train) {
        assert.ok(addDays(date, 90) <= asOf, "candidates know nothing of the validation");
      }
    }
  });

  await t.step("each method has every metric with an interval around it, over all dates and by date", () => {
    assert.deepEqual(several.models.map(({ name }) => name), [
      "model",
      "recency alone",
      "logistic regression",
      "BG/NBD, 1 − P(alive)",
    ]);
    for (const { name, overall, byDate } of several.models) {
      assert.equal(byDate.length, 3);
      for (
        const metric of ["auc", "prAuc", "logLoss", "brier", "calibrationError", "liftTopTenth"] as const
      ) {
        const { value, lower, upper } = overall[metric];
        assert.ok(lower <= value && value <= upper, `${name} ${metric}: ${lower}, ${value}, ${upper}`);
      }
      assert.ok(
        overall.auc.upper - overall.auc.lower < byDate[0]!.metrics.auc.upper - byDate[0]!.metrics.auc.lower,
      );
    }
    const [model, recency] = several.models;
    assert.ok(model!.overall.auc.lower > recency!.overall.auc.value);
  });

  await t.step("what is chosen is chosen on the validation date, and is told", () => {
    const { validation, xgboost } = latest!.tuning;
    assert.equal(validation!.asOf, latest!.split.train.at(-1));
    assert.equal(validation!.trials.length, 3);
    assert.deepEqual(validation!.trials[0]!.options, {}, "the defaults first");
    assert.ok(xgboost.rounds <= 172, `${xgboost.rounds} trees`);
  });

  await t.step("parts of the customers are measured, or too few", async () => {
    const slices = await churnSlices(shop, several.test, several.probabilities);
    assert.deepEqual(
      [...new Set(slices.map(({ by }) => by))],
      ["tenure", "segment"],
      "this shop knows no country",
    );
    for (const by of ["tenure", "segment"]) {
      const parts = slices.filter((slice) => slice.by === by);
      assert.equal(parts.reduce((sum, { customers }) => sum + customers, 0), several.test.labels.length);
    }
    await shop.run("ALTER TABLE dim_customers ADD COLUMN country VARCHAR");
    await shop.run(
      "UPDATE dim_customers SET country = CASE WHEN customer_id < 'CUST000010' THEN 'Malta' ELSE 'Spain' END",
    );
    const countries = (await churnSlices(shop, several.test, several.probabilities)).filter(({ by }) =>
      by === "country"
    );
    assert.deepEqual(countries.map(({ part }) => part), ["Spain", "Malta"]);
    assert.ok(countries[0]!.auc!.lower > 0.5);
    assert.equal(countries[1]!.auc, undefined, "ten customers say nothing");
  });

  await t.step("the profit curve is what the playbook brings by what customers did", () => {
    const playbook = playbookOf();
    const { test, probabilities, validation } = latest!;
    const curve = profitCurve(test, probabilities, { playbook, horizonDays: 90 });
    const all = curve[0]!, half = curve.find(({ riskAbove }) => riskAbove === 0.5)!;
    assert.equal(all.contacted, test.labels.length);
    assert.equal(half.contacted, probabilities.filter((p) => p > 0.5).length);
    assert.ok(half.profit.value > all.profit.value, "an offer to everybody gives discounts away");
    assert.ok(half.profit.lower < half.profit.value && half.profit.value < half.profit.upper);
    const best = thresholdByValue(validation!.examples, validation!.probabilities, {
      playbook,
      horizonDays: 90,
    });
    const onValidation = profitCurve(validation!.examples, validation!.probabilities, {
      playbook,
      horizonDays: 90,
    });
    for (const { profit } of onValidation) assert.ok(best.profit >= profit.value - 1e-9);
    const free = { ...playbook, discount: 0.5, margin: 0.1 };
    assert.deepEqual(
      thresholdByValue(test, probabilities, { playbook: free, horizonDays: 90 }),
      { riskAbove: 1, profit: 0 },
      "an offer that never pays is made to nobody",
    );
  });
});

Deno.test("where the history is too short for more dates, a note says so", async () => {
  using shop = await openChurnShop({ customers: 600, days: 374, ordersOnly: true });
  const period = await salesPeriod(shop);
  const { backtests, notes } = await backtestDates(shop, period, { riskAbove: 0.7, dates: 3, trials: 1 });
  assert.ok(backtests.length < 3);
  assert.match(notes.join(), /No earlier date than .* can be measured\. Not enough data to train on/);
});
