import { backtestChurn, type ChurnBacktest } from "../../../lib/churn/backtest/backtest.ts";
import { churnTestPredictions, compareChurnModel } from "../../../lib/churn/backtest/comparison.ts";
import { type ChurnExamples, readChurnExamples } from "../../../lib/churn/examples.ts";
import { checkAsOf, salesPeriod } from "shopflow/ml/mod.ts";
import { temporalSplit } from "../../../lib/churn/split.ts";
import { auc, type Opponent, promotionVerdict, testPredictionsFile } from "shopflow/ml/evaluation/mod.ts";
import { pickFeatures, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import type { Champion } from "shopflow/ml/registry/mod.ts";
import assert from "node:assert/strict";
import { openChurnShop } from "../../fixtures/churn_shop.ts";
import { plainChurn } from "../../fixtures/plain_churn.ts";

const XGBOOST = { rounds: 60, eta: 0.1, seed: 1 };
const FEW = ["recency_days", "unhappy_tickets", "ticket_satisfaction"];
const CHAMPION: Champion = { version: "v1" };
const notNeeded = () => Promise.reject(new Error("no other date is needed"));

/** What training with these features alone gives; the feature table has no others either. */
async function narrowed(
  whole: ChurnBacktest,
  training: ChurnExamples,
  names: string[],
): Promise<ChurnBacktest> {
  const model = plainChurn(
    await xgboostTrainer(XGBOOST).fit(pickFeatures(training.features, names), training.labels),
  );
  const features = pickFeatures(whole.test.features, names);
  return { ...whole, model, test: { ...whole.test, features }, probabilities: model.predict(features) };
}

const versionOf = (backtest: ChurnBacktest, stored = true, asOf: string = backtest.split.test): Opponent => ({
  version: "v1",
  card: {
    name: "churn",
    version: "v1",
    trainedAt: "",
    snapshot: "s0",
    asOf,
    parameters: { horizonDays: backtest.horizonDays },
    metrics: {},
  },
  files: { ...backtest.model.save(), ...(stored ? testPredictionsFile(churnTestPredictions(backtest)) : {}) },
});

Deno.test("a champion is judged whatever features the challenger has", async (t) => {
  using session = await openChurnShop({ customers: 1000 });
  const period = await salesPeriod(session);
  const split = temporalSplit(period);
  const whole = await backtestChurn(session, split, { xgboost: XGBOOST });
  const names = [...whole.test.features.names];
  const training = await readChurnExamples(session, split.train);
  const few = await narrowed(whole, training, FEW);

  await t.step(
    "a challenger with three features against a champion with all of them is refused",
    async () => {
      assert.ok(few.test.features.names.length <= 3 && names.length > 20);
      const comparison = await compareChurnModel(few, { champion: versionOf(whole) }, notNeeded);
      assert.equal(comparison.championUnscorable, undefined);
      const [ranking] = comparison.metrics;
      assert.equal(
        ranking!.champion,
        whole.metrics.auc,
        "by what it said of the same customers on that date",
      );
      assert.ok(ranking!.challenger < ranking!.champion! && ranking!.championError! > 0);
      const { outcome, reason } = promotionVerdict(comparison, "v2", CHAMPION);
      assert.equal(outcome, "refused", reason);
      assert.match(reason, /^it is worse than the champion: AUC/);
    },
  );

  await t.step("without stored predictions a person decides", async () => {
    const comparison = await compareChurnModel(few, { champion: versionOf(whole, false) }, notNeeded);
    assert.match(
      comparison.championUnscorable!,
      /^The model uses \d+ features that no longer exist: order_count, .* and \d+ more; it stored no predictions$/,
    );
    assert.equal(promotionVerdict(comparison, "v2", CHAMPION).outcome, "held");
  });

  await t.step("a champion with fewer features, in another order, answers from its own columns", async () => {
    const narrow = await narrowed(whole, training, [...names.slice(0, -1)].reverse());
    const champion = versionOf(narrow, false);
    const { metrics } = await compareChurnModel(whole, { champion }, notNeeded);
    assert.equal(metrics[0]!.champion, auc(narrow.test.labels, narrow.probabilities));
    assert.equal(metrics.length, 2);
    const outcome = promotionVerdict({ testSet: "x", metrics }, "v2", CHAMPION).outcome;
    const isNoWorse = metrics[0]!.challenger >= metrics[0]!.champion! &&
      metrics[1]!.challenger <= metrics[1]!.champion! * 1.01;
    assert.equal(outcome, isNoWorse ? "promoted" : "refused");
  });

  await t.step(
    "one feature more is promoted if it measures better, and is not if it measures worse",
    async () => {
      const better = await compareChurnModel(whole, { champion: versionOf(few, false) }, notNeeded);
      assert.equal(promotionVerdict(better, "v2", CHAMPION).outcome, "promoted");
      const shuffled = { ...whole, probabilities: whole.probabilities.toReversed() };
      const worse = await compareChurnModel(shuffled, { champion: versionOf(few, false) }, notNeeded);
      assert.equal(promotionVerdict(worse, "v2", CHAMPION).outcome, "refused");
    },
  );

  await t.step("predictions of an earlier date are compared with a stand-in for that date", async () => {
    const earlier = await backtestChurn(session, temporalSplit(period, { test: checkAsOf("2024-09-01") }), {
      xgboost: XGBOOST,
    });
    const asked: string[] = [];
    const comparison = await compareChurnModel(few, { champion: versionOf(earlier) }, (test) => {
      asked.push(test);
      return narrowed(earlier, training, FEW);
    });
    assert.deepEqual(asked, ["2024-09-01"]);
    assert.deepEqual(comparison.metrics.map(({ name }) => name), [
      "AUC",
      "log-loss",
      `AUC of ${earlier.test.labels.length} active customers as of 2024-09-01`,
      `log-loss of ${earlier.test.labels.length} active customers as of 2024-09-01`,
    ]);
    assert.equal(comparison.metrics[2]!.champion, earlier.metrics.auc);
    assert.equal(promotionVerdict(comparison, "v2", CHAMPION).outcome, "refused");
  });

  await t.step(
    "damaged files, later knowledge and other customers leave the decision to a person",
    async () => {
      const damaged = versionOf(whole, false);
      damaged.files["trees.json"] = new TextEncoder().encode(
        JSON.stringify({ format: "shopflow-trees-1", featureNames: [names[0]], ensemble: null }),
      );
      const strangers = versionOf(few);
      strangers.files = {
        ...strangers.files,
        ...testPredictionsFile({
          ...churnTestPredictions(whole),
          customerIds: whole.test.customerIds.map((id) => `x${id}`),
        }),
      };
      strangers.unscorable = "its trees are gone";
      const cases: [Opponent, RegExp][] = [
        [damaged, /its files are damaged/],
        [versionOf(whole, true, "2024-12-01"), /learned from data up to 2024-12-01, the test set begins on/],
        [strangers, /trees are gone; it stored predictions of 0 of the \d+ customers/],
        [{ version: "v1", files: {}, unscorable: "it is incomplete" }, /^it is incomplete; it stored no/],
      ];
      for (const [champion, reason] of cases) {
        const comparison = await compareChurnModel(whole, { champion }, notNeeded);
        assert.match(comparison.championUnscorable!, reason);
        assert.equal(promotionVerdict(comparison, "v2", CHAMPION).outcome, "held");
      }
      const lost = { version: "v1", files: versionOf(whole).files, unscorable: "trees.json is lost" };
      const { metrics } = await compareChurnModel(few, { champion: lost }, notNeeded);
      assert.equal(metrics[0]!.champion, whole.metrics.auc, "its predictions are left");
    },
  );

  await t.step(
    "champion and reference that miss different customers are each compared on their own",
    async () => {
      const without = (missing: number): Opponent => {
        const { metric, customerIds, days, values } = churnTestPredictions(whole);
        const kept = [...customerIds.keys()].filter((row) => row !== missing);
        const of = <T>(column: ArrayLike<T>) => kept.map((row) => column[row]!);
        const held = {
          metric,
          customerIds: of(customerIds),
          days: of(days),
          values: Float64Array.from(of(values)),
        };
        return {
          version: `without-${missing}`,
          files: testPredictionsFile(held),
          unscorable: "its trees are lost",
        };
      };
      const opponents = { champion: without(0), reference: without(whole.test.labels.length - 1) };
      const { metrics } = await compareChurnModel(few, opponents, notNeeded);
      const ranking = metrics.filter(({ name }) => name.startsWith("AUC of"));
      assert.equal(ranking.length, 2);
      for (
        const [metric, missing] of [[ranking[0]!, 0], [ranking[1]!, whole.test.labels.length - 1]] as const
      ) {
        const rows = [...whole.test.labels.keys()].filter((row) => row !== missing);
        const of = (values: Float64Array) =>
          auc(
            Uint8Array.from(rows, (row) => whole.test.labels[row]!),
            Float64Array.from(rows, (row) => values[row]!),
          );
        assert.equal(metric.challenger, of(few.probabilities));
        assert.equal(missing === 0 ? metric.champion : metric.reference, of(whole.probabilities));
      }
    },
  );

  await t.step("too few customers of an outcome judge nothing", async () => {
    const rows = [...whole.test.labels.keys()].filter((row, i) => whole.test.labels[row] === 0 || i < 9);
    const labels = Uint8Array.from(whole.test.labels, (label, row) => rows.includes(row) ? label : 0);
    const few = { ...whole, test: { ...whole.test, labels } };
    const comparison = await compareChurnModel(few, { champion: versionOf(whole) }, notNeeded);
    assert.match(comparison.unmeasured!, /^\d test customers left and \d+ stayed, 10 of each are needed/);
    assert.equal(promotionVerdict(comparison, "v2", CHAMPION).outcome, "held");
    assert.equal(promotionVerdict(comparison, "v2", undefined).outcome, "refused");
  });
});
