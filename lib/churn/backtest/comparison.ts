import { formatCount } from "shopflow/runtime/mod.ts";
import {
  auc,
  aucDifference,
  type Comparison,
  logLoss,
  meanDifference,
  type MetricComparison,
  type Opponent,
  type Opponents,
  predictionLookup,
  readTestPredictions,
  type TestPredictions,
  tryScore,
} from "shopflow/ml/evaluation/mod.ts";
import { pickFeatures } from "shopflow/ml/classifier/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { loadChurnClassifier } from "../classifier.ts";
import type { ChurnBacktest } from "./backtest.ts";

/** The prediction that versions keep of each test customer. */
const CHURN_PREDICTION = "churn_probability";

/** What the model said of each customer of the test date, for comparisons with later versions. */
export function churnTestPredictions({ split, test, probabilities }: ChurnBacktest): TestPredictions {
  return {
    metric: CHURN_PREDICTION,
    customerIds: test.customerIds,
    days: test.customerIds.map(() => split.test),
    values: probabilities,
  };
}

/** Fewer customers of an outcome say nothing of how well a model ranks them. */
const FEWEST_OF_AN_OUTCOME = 10;
/** Share of the test customers of whom an older version must have predictions to be compared by them. */
const LEAST_COVERED = 0.9;

/** What an opponent said of customers of a backtest, in the order of its rows; NaN where it said nothing. */
interface Answers {
  backtest: ChurnBacktest;
  probabilities: Float64Array;
}

/**
 * Compares a churn model with the baseline, the champion and the reference: the same active customers, date and outcomes,
 * the same metrics. AUC leads, since it says how well customers are ranked; log-loss says whether the probabilities can be
 * believed.
 *
 * An opponent answers from its own features, found by name, on the challenger's test date. Neither has seen an outcome
 * of the test period: the opponent is of an older snapshot, so its own test date is not later, and the labels it learned
 * from end before that (see `temporalSplit`). That its knowledge is older is no flaw of the comparison but the question:
 * which of the two should score from now on. One that does know later outcomes (after a rollback of the lake, or of
 * another shop) is not compared, and neither is one that looks another number of days ahead.
 *
 * Where a feature of the opponent is not computed any more, or its files cannot be read, it answers by the predictions
 * that it stored of its own test date. The challenger's stand-in for that date is fitted as the challenger was, on what
 * was known before it.
 *
 * @param backtestOn Fits and measures as the challenger was, on another test date.
 */
export async function compareChurnModel(
  backtest: ChurnBacktest,
  { champion, reference }: Opponents,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Comparison> {
  const { test, split, baselineProbabilities } = backtest;
  const unmeasured = tooFew(test.labels);
  if (unmeasured !== undefined) return { metrics: [], unmeasured };
  const metrics = metricsAgainst({ backtest, probabilities: baselineProbabilities }, "baseline", backtest);
  const comparison: Comparison = {
    testSet: `${formatCount(test.labels.length)} active customers as of ${split.test}`,
    metrics,
  };
  for (const [role, opponent] of [["champion", champion], ["reference", reference]] as const) {
    if (opponent === undefined) continue;
    const answers = await tryScore(() => answersOf(opponent, backtest, backtestOn));
    if ("unscorable" in answers) comparison[`${role}Unscorable`] = answers.unscorable;
    else addMetrics(metrics, metricsAgainst(answers, role, backtest));
  }
  return comparison;
}

/** @throws {ModelError} when the opponent cannot be compared with the challenger. */
async function answersOf(
  opponent: Opponent,
  backtest: ChurnBacktest,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Answers> {
  const { card, files, unscorable } = opponent;
  const horizonDays = card?.parameters.horizonDays;
  if (card !== undefined && horizonDays !== backtest.horizonDays) {
    throw new ModelError(
      `it looks ${
        horizonDays ?? "an unknown number of"
      } days ahead, the new version ${backtest.horizonDays}: ` +
        "they foresee different things",
    );
  }
  if (card !== undefined && !(card.asOf <= backtest.split.test)) {
    throw new ModelError(
      `it learned from data up to ${card.asOf}, the test set begins on ${backtest.split.test}`,
    );
  }
  const own = unscorable === undefined
    ? await tryScore(() => ownAnswers(files, backtest))
    : { unscorable: unscorable };
  if (!("unscorable" in own)) return { backtest, probabilities: own };
  const stored = await tryScore(() => storedAnswers(files, backtest, backtestOn));
  if ("unscorable" in stored) throw new ModelError(`${own.unscorable}; ${stored.unscorable}`);
  return stored;
}

function ownAnswers(files: Opponent["files"], { test }: ChurnBacktest): Float64Array {
  let probabilities: Float64Array;
  try {
    const model = loadChurnClassifier(files);
    probabilities = model.predict(pickFeatures(test.features, model.featureNames));
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    // What is computed from the content of damaged files fails in any way.
    throw new ModelError(`its files are damaged: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (probabilities.every((value) => value >= 0 && value <= 1)) return probabilities;
  throw new ModelError("its files are damaged: it returns invalid probabilities");
}

async function storedAnswers(
  files: Opponent["files"],
  latest: ChurnBacktest,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Answers> {
  const stored = readTestPredictions(files, CHURN_PREDICTION);
  const [date] = stored?.days ?? [];
  if (stored === undefined || date === undefined) throw new ModelError("it stored no predictions");
  const backtest = date === latest.split.test ? latest : await backtestOn(date);
  const of = predictionLookup(stored);
  const { customerIds, labels } = backtest.test;
  const probabilities = Float64Array.from(customerIds, (id) => of(id, date) ?? NaN);
  const found = probabilities.filter((value) => !Number.isNaN(value)).length;
  if (found < LEAST_COVERED * customerIds.length) {
    throw new ModelError(
      `it stored predictions of ${formatCount(found)} of the ${
        formatCount(customerIds.length)
      } customers as of ${date}`,
    );
  }
  const unmeasured = tooFew(labels.filter((_, row) => !Number.isNaN(probabilities[row])));
  if (unmeasured !== undefined) throw new ModelError(unmeasured);
  return { backtest, probabilities };
}

/** Metrics are named by their rows where these are not all the challenger's test customers. */
function metricsAgainst(
  { backtest, probabilities }: Answers,
  opponent: "baseline" | "champion" | "reference",
  latest: ChurnBacktest,
): MetricComparison[] {
  const rows = [...probabilities.keys()].filter((row) => !Number.isNaN(probabilities[row]));
  const labels = Uint8Array.from(rows, (row) => valueAt(backtest.test.labels, row));
  const ours = Float64Array.from(rows, (row) => valueAt(backtest.probabilities, row));
  const theirs = Float64Array.from(rows, (row) => valueAt(probabilities, row));
  const among = ` of ${formatCount(rows.length)} active customers as of ${backtest.split.test}`;
  const isWhole = backtest === latest && rows.length === probabilities.length;
  return [{
    name: isWhole ? "AUC" : `AUC${among}`,
    better: "higher",
    leads: true,
    challenger: auc(labels, ours),
    [opponent]: auc(labels, theirs),
    [`${opponent}Error`]: aucDifference(labels, ours, theirs).standardError,
  }, {
    name: isWhole ? "log-loss" : `log-loss${among}`,
    better: "lower",
    challenger: logLoss(labels, ours),
    [opponent]: logLoss(labels, theirs),
    [`${opponent}Error`]: meanDifference(losses(labels, ours), losses(labels, theirs)).standardError,
  }];
}

/** Metrics of the same rows stand side by side; as many other rows have another metric of the challenger. */
function addMetrics(metrics: MetricComparison[], more: MetricComparison[]): void {
  for (const metric of more) {
    const same = metrics.find(({ name, challenger }) =>
      name === metric.name && challenger === metric.challenger
    );
    if (same === undefined) metrics.push(metric);
    else Object.assign(same, metric);
  }
}

function losses(labels: Uint8Array, probabilities: Float64Array): Float64Array {
  return probabilities.map((probability, row) =>
    logLoss(Uint8Array.of(valueAt(labels, row)), Float64Array.of(probability))
  );
}

function tooFew(labels: Uint8Array): string | undefined {
  const churned = labels.reduce((sum, label) => sum + label, 0);
  const stayed = labels.length - churned;
  if (Math.min(churned, stayed) >= FEWEST_OF_AN_OUTCOME) return undefined;
  return `${formatCount(churned)} test customers left and ${formatCount(stayed)} stayed, ` +
    `${FEWEST_OF_AN_OUTCOME} of each are needed`;
}
