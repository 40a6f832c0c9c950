import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import type { IntendedUse, ModelEvidence } from "shopflow/ml/card/mod.ts";
import { featureInfluence } from "shopflow/ml/classifier/mod.ts";
import { bootstrapIntervals, rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";
import { distributionOf, type MonitoringDefinition } from "shopflow/ml/monitoring/mod.ts";
import { leakageLines, type LeakageReport } from "shopflow/ml/features/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import type { ChurnBacktest } from "./backtest/backtest.ts";
import type { ChurnSlice } from "./backtest/slices.ts";
import { churnMethod, type ChurnTuning } from "./backtest/tuning.ts";
import { ACTIVE_DAYS, churnLabelsSql } from "./examples.ts";

/** What model cards say of the churn scores. */
export const CHURN_USE: IntendedUse = {
  purpose:
    "To rank active customers by the risk that they will not order in the horizon, so that those at risk can " +
    "be contacted or helped before they have left, and to say which facts speak for it.",
  notFor:
    "setting prices, refusing service or credit, or any decision about a person that the person cannot undo.",
  limits: [
    "A high risk does not say that an offer helps: only a trial with a control group does.",
    "Customers without an order in the last year have no score; of newcomers little is known.",
    "Reasons say what moved the score, not what causes customers to leave.",
    "It learned from the past of this shop: after a change of assortment, prices or season it may be wrong until it " +
    "is trained on the time after.",
  ],
};

/** How later runs tell whether churn scores were right: of customers who were active on the day. */
export const churnMonitoring = (horizonDays: number): MonitoringDefinition => ({
  subjectColumn: "customer_id",
  scoreColumn: "churn_probability",
  featureColumns: CUSTOMER_FEATURES.names,
  outcome: "active customers without an order in the horizon",
  kind: "probability",
  horizonDays,
  horizonColumn: "horizon_days",
  // Customers who were lost before are no question any more, and make any model look good.
  outcomesSql: (asOf, days) =>
    `SELECT customer_id, CAST(churned AS DOUBLE) AS outcome
     FROM (${churnLabelsSql(asOf, days, { activeWithinDays: ACTIVE_DAYS })})`,
});

/** What a training of the churn model leaves behind. */
export function churnEvidence(
  { split, horizonDays, tuning, model, trainingFeatures, test, probabilities, calibration }: ChurnBacktest,
  slices: readonly ChurnSlice[],
  leakage: LeakageReport,
): ModelEvidence {
  const influence = new Map(
    featureInfluence(model, test.features).map((one) => [one.feature, one.meanContribution]),
  );
  const { rows, names, values } = trainingFeatures;
  const columns = new Map(
    names.map((name, column) => [
      name,
      Float64Array.from({ length: rows }, (_, row) => valueAt(values, row * names.length + column)),
    ]),
  );
  const unrecorded = unrecordedFeatures(columns);
  const meaning = new Map(CUSTOMER_FEATURES.features.map((feature) => [feature.name, feature]));
  const ranked = rankRows(test.labels, probabilities);
  const intervals = bootstrapIntervals(test.customerIds, (weights) => {
    const { auc, prAuc, logLoss, brier, calibrationError, liftTopTenth } = rankedMetrics(ranked, 1, weights);
    return {
      auc,
      pr_auc: prAuc,
      log_loss: logLoss,
      brier,
      calibration_error: calibrationError,
      lift_top_tenth: liftTopTenth,
    };
  });
  return {
    data: [
      `Learned from ${
        formatCount(trainingFeatures.rows)
      } customers with an order in the year before, as of ` +
      `${split.train.join(", ")}.`,
      `Measured on ${
        formatCount(test.labels.length)
      } customers who were active as of ${split.test}; no outcome of that ` +
      "period, not even in part, was learned from.",
      `Label: no order in the ${horizonDays} days from the date on.`,
      ...unrecorded.lines,
      ...leakageLines(leakage),
    ],
    method: methodOf(tuning),
    features: [...columns].map(([name, values]) => {
      const { description = name, unit = "" } = meaning.get(name) ?? {};
      return {
        name,
        description,
        unit,
        training: distributionOf(unrecorded.without(name, values)),
        influence: influence.get(name) ?? 0,
      };
    }),
    intervals: Object.fromEntries(
      Object.entries(intervals).filter(([, { lower }]) => !Number.isNaN(lower))
        .map(([name, { lower, upper }]) => [name, [lower, upper]]),
    ),
    slices: {
      metric: "auc",
      parts: slices.map(({ by, part, customers, auc }) => ({
        by,
        part,
        rows: customers,
        value: auc?.value ?? null,
        interval: auc === undefined || Number.isNaN(auc.lower) ? null : [auc.lower, auc.upper],
      })),
    },
    calibration,
    scores: distributionOf(model.predict(trainingFeatures)),
  };
}

/**
 * Dates on which a source had not been recorded for long enough say nothing of how a feature is distributed: with them, the
 * feature would seem to have moved as soon as it is known of everybody.
 */
function unrecordedFeatures(columns: ReadonlyMap<string, Float64Array>) {
  const without = (name: string, values: Float64Array) => {
    const count = columns.get(CUSTOMER_FEATURES.recordingOf(name)?.count ?? "");
    const recorded = values.filter((_, row) => count === undefined || !Number.isNaN(valueAt(count, row)));
    return recorded.length === 0 ? values : recorded;
  };
  const found = [...columns].flatMap(([name, values]) => {
    const recording = CUSTOMER_FEATURES.recordingOf(name);
    const count = columns.get(recording?.count ?? "");
    const rows = count?.filter((value) => Number.isNaN(value)).length ?? 0;
    return recording === undefined || rows === 0 ? [] : [{
      name,
      text: `${recording.unrecordedText} for ${formatCount(rows)} of ${formatCount(values.length)} of them`,
    }];
  });
  const lines = [...Map.groupBy(found, ({ text }) => text)].map(([text, features]) =>
    `${text}: of these ${features.map(({ name }) => name).join(", ")} ${
      features.length === 1 ? "is" : "are"
    } not known, and how they are distributed leaves them out.`
  );
  return { without, lines };
}

/** How the version was chosen, as sentences. */
function methodOf(tuning: ChurnTuning): string[] {
  const { validation, reason } = tuning;
  if (validation === undefined) {
    return [`Defaults, since ${reason ?? "nothing was chosen"}: ${churnMethod(tuning)}.`];
  }
  const best = Math.min(...validation.trials.map(({ logLoss }) => logLoss));
  const calibrations = Object.entries(validation.calibrationLogLoss)
    .map(([method, loss]) => `${method} ${loss.toFixed(4)}`);
  return [
    `Chosen on ${
      formatCount(validation.rows)
    } customers who were active as of ${validation.asOf}, by candidates whose ` +
    `training ended before it: of ${
      countOf(validation.trials.length, "combination")
    } of hyper-parameters the one with ` +
    `the least log-loss (${
      best.toFixed(4)
    }) that beats the defaults beyond the standard error, stopped at its best tree.`,
    `Chosen: ${churnMethod(tuning)}` +
    (calibrations.length === 0
      ? "."
      : `; log-loss of each on customers it was not fitted on: ${calibrations.join(", ")}.`),
    "Then fitted again with the validation date among the training dates.",
  ];
}
