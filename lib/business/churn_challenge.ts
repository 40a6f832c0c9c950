import { auc, logLoss } from "shopflow/evaluation/mod.ts";
import { xgboostTrainer } from "shopflow/models/mod.ts";
import type { ComparedFigure } from "shopflow/registry/mod.ts";
import { asked, type ChampionInQuestion } from "./champion_in_question.ts";
import type { ChurnBacktest } from "./churn_backtest.ts";
import { pairedTolerance } from "./paired_tolerance.ts";
import type { Judgement } from "./promotion_rule.ts";

/** About the standard error of the difference of two models on a thousand customers. */
const AUC_TOLERANCE = 0.01;
const LOG_LOSS_TOLERANCE = 0.01;

/**
 * Compares a churn model with the champion on the challenger's test date: the same customers, features and outcomes,
 * the same metrics. AUC says how well they rank customers, log-loss whether their probabilities can be believed.
 *
 * Why that is fair: neither has seen an outcome of the test period. The champion is of an older snapshot, so its own
 * test date is not later, and the labels it learned from end before that (see `temporalSplit`). That its knowledge is
 * older is no flaw of the comparison but the question: which of the two should score from now on. A champion that
 * does know later outcomes (after a rollback of the lake, or another shop in the same lake) is not judged.
 *
 * Every night's challenger is picked by its result on a test period that overlaps the night before's, so the figures
 * of champions are slightly favourable.
 */
export function judgeChurnChallenger(backtest: ChurnBacktest, champion: ChampionInQuestion): Judgement {
  const { test, split, probabilities, baselineProbabilities } = backtest;
  const holdOut = `${test.labels.length.toLocaleString("en")} customers as of ${split.test}`;
  const former = championProbabilities(backtest, champion);
  const isJudged = former instanceof Float64Array;
  const championUnjudged = isJudged ? undefined : former?.unreadable;
  const figures: ComparedFigure[] = [{
    name: "AUC",
    better: "higher",
    challenger: auc(test.labels, probabilities),
    ...(isJudged && { champion: auc(test.labels, former) }),
    baseline: auc(test.labels, baselineProbabilities),
    mustBeat: true,
    tolerance: AUC_TOLERANCE,
  }, {
    name: "log-loss",
    better: "lower",
    challenger: logLoss(test.labels, probabilities),
    ...(isJudged && { champion: logLoss(test.labels, former) }),
    baseline: logLoss(test.labels, baselineProbabilities),
    tolerance: pairedTolerance(
      lossDifferences(test.labels, probabilities, isJudged ? former : baselineProbabilities),
      LOG_LOSS_TOLERANCE,
    ),
  }];
  return { holdOut, figures, ...(championUnjudged !== undefined && { championUnjudged }) };
}

function championProbabilities(
  { test, split }: ChurnBacktest,
  champion: ChampionInQuestion,
): Float64Array | { unreadable: string } | undefined {
  if (champion === undefined || "unreadable" in champion) return champion;
  const { card, files } = champion;
  if (card.asOf > split.test) {
    return { unreadable: `it learned from data up to ${card.asOf}, the hold-out begins on ${split.test}` };
  }
  return asked(() => xgboostTrainer().load(files).predict(test.features));
}

function lossDifferences(labels: Uint8Array, one: Float64Array, other: Float64Array): number[] {
  return Array.from(labels, (label, row) => {
    const of = (probabilities: Float64Array) =>
      logLoss(Uint8Array.of(label), Float64Array.of(probabilities[row]!));
    return of(one) - of(other);
  });
}
