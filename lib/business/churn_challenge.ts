import { ModelError } from "shopflow/errors/mod.ts";
import {
  auc,
  aucDifference,
  heldOutLookup,
  logLoss,
  meanDifference,
  readHeldOut,
} from "shopflow/evaluation/mod.ts";
import { pickFeatures, xgboostTrainer } from "shopflow/models/mod.ts";
import type { ComparedFigure } from "shopflow/registry/mod.ts";
import { CHURN_HELD_OUT, type ChurnBacktest } from "./churn_backtest.ts";
import { asked, type Opponent, type Opponents } from "./opponents.ts";
import type { Judgement } from "./promotion_rule.ts";

/** Fewer customers of an outcome say nothing of how well a model ranks them. */
const FEWEST_OF_AN_OUTCOME = 10;
/** Share of the test customers of whom an older version must have predictions to be judged by them. */
const LEAST_COVERED = 0.9;

/** What an opponent said of customers of a backtest, in the order of its rows; NaN where it said nothing. */
interface Answers {
  backtest: ChurnBacktest;
  probabilities: Float64Array;
}

/**
 * Compares a churn model with the baseline, the champion and the reference: the same customers, date and outcomes, the
 * same metrics. AUC leads, since it says how well customers are ranked; log-loss says whether the probabilities can be
 * believed.
 *
 * An opponent answers from its own features, found by name, on the challenger's test date. Neither has seen an outcome
 * of the test period: the opponent is of an older snapshot, so its own test date is not later, and the labels it learned
 * from end before that (see `temporalSplit`). That its knowledge is older is no flaw of the comparison but the question:
 * which of the two should score from now on. One that does know later outcomes (after a rollback of the lake, or of
 * another shop) is not judged.
 *
 * Where a feature of the opponent is not computed any more, or its files cannot be read, it answers by the predictions
 * that it stored of its own test date. The challenger's stand-in for that date is fitted as the challenger was, on what
 * was known before it.
 *
 * @param backtestOn Fits and measures as the challenger was, on another test date.
 */
export async function judgeChurnChallenger(
  backtest: ChurnBacktest,
  { champion, reference }: Opponents,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Judgement> {
  const { test, split, baselineProbabilities } = backtest;
  const unmeasured = tooFew(test.labels);
  if (unmeasured !== undefined) return { figures: [], unmeasured };
  const figures = figuresAgainst({ backtest, probabilities: baselineProbabilities }, "baseline", backtest);
  const judgement: Judgement = {
    holdOut: `${count(test.labels.length)} customers as of ${split.test}`,
    figures,
  };
  for (const [role, opponent] of [["champion", champion], ["reference", reference]] as const) {
    if (opponent === undefined) continue;
    const answers = await asked(() => answersOf(opponent, backtest, backtestOn));
    if ("unjudged" in answers) judgement[`${role}Unjudged`] = answers.unjudged;
    else addFigures(figures, figuresAgainst(answers, role, backtest));
  }
  return judgement;
}

/** @throws {ModelError} when the opponent cannot be compared with the challenger. */
async function answersOf(
  opponent: Opponent,
  backtest: ChurnBacktest,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Answers> {
  const { card, files, unreadable } = opponent;
  if (card !== undefined && !(card.asOf <= backtest.split.test)) {
    throw new ModelError(
      `it learned from data up to ${card.asOf}, the hold-out begins on ${backtest.split.test}`,
    );
  }
  const own = unreadable === undefined
    ? await asked(() => ownAnswers(files, backtest))
    : { unjudged: unreadable };
  if (!("unjudged" in own)) return { backtest, probabilities: own };
  const stored = await asked(() => storedAnswers(files, backtest, backtestOn));
  if ("unjudged" in stored) throw new ModelError(`${own.unjudged}; ${stored.unjudged}`);
  return stored;
}

function ownAnswers(files: Opponent["files"], { test }: ChurnBacktest): Float64Array {
  let probabilities: Float64Array;
  try {
    const model = xgboostTrainer().load(files);
    probabilities = model.predict(pickFeatures(test.features, model.featureNames));
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    // What is computed from the content of damaged files fails in any way.
    throw new ModelError(`its files are damaged: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (probabilities.every((value) => value >= 0 && value <= 1)) return probabilities;
  throw new ModelError("its files are damaged: it gives probabilities that are none");
}

async function storedAnswers(
  files: Opponent["files"],
  latest: ChurnBacktest,
  backtestOn: (date: string) => Promise<ChurnBacktest>,
): Promise<Answers> {
  const stored = readHeldOut(files, CHURN_HELD_OUT);
  const [date] = stored?.days ?? [];
  if (stored === undefined || date === undefined) throw new ModelError("it stored no predictions");
  const backtest = date === latest.split.test ? latest : await backtestOn(date);
  const of = heldOutLookup(stored);
  const { customerIds, labels } = backtest.test;
  const probabilities = Float64Array.from(customerIds, (id) => of(id, date) ?? NaN);
  const found = probabilities.filter((value) => !Number.isNaN(value)).length;
  if (found < LEAST_COVERED * customerIds.length) {
    throw new ModelError(
      `it stored predictions of ${count(found)} of the ${count(customerIds.length)} customers as of ${date}`,
    );
  }
  const unmeasured = tooFew(labels.filter((_, row) => !Number.isNaN(probabilities[row])));
  if (unmeasured !== undefined) throw new ModelError(unmeasured);
  return { backtest, probabilities };
}

/** Figures are named by their rows where these are not all the challenger's test customers. */
function figuresAgainst(
  { backtest, probabilities }: Answers,
  opponent: "baseline" | "champion" | "reference",
  latest: ChurnBacktest,
): ComparedFigure[] {
  const rows = [...probabilities.keys()].filter((row) => !Number.isNaN(probabilities[row]));
  const labels = Uint8Array.from(rows, (row) => backtest.test.labels[row]!);
  const ours = Float64Array.from(rows, (row) => backtest.probabilities[row]!);
  const theirs = Float64Array.from(rows, (row) => probabilities[row]!);
  const among = ` of ${count(rows.length)} customers as of ${backtest.split.test}`;
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

/** Figures of the same rows stand side by side; as many other rows have another figure of the challenger. */
function addFigures(figures: ComparedFigure[], more: ComparedFigure[]): void {
  for (const figure of more) {
    const same = figures.find(({ name, challenger }) =>
      name === figure.name && challenger === figure.challenger
    );
    if (same === undefined) figures.push(figure);
    else Object.assign(same, figure);
  }
}

function losses(labels: Uint8Array, probabilities: Float64Array): Float64Array {
  return probabilities.map((probability, row) =>
    logLoss(Uint8Array.of(labels[row]!), Float64Array.of(probability))
  );
}

function tooFew(labels: Uint8Array): string | undefined {
  const churned = labels.reduce((sum, label) => sum + label, 0);
  const stayed = labels.length - churned;
  if (Math.min(churned, stayed) >= FEWEST_OF_AN_OUTCOME) return undefined;
  return `${count(churned)} test customers left and ${count(stayed)} stayed, ` +
    `${FEWEST_OF_AN_OUTCOME} of each are needed`;
}

const count = (rows: number) => rows.toLocaleString("en");
