import { ndcgAt } from "shopflow/evaluation/mod.ts";
import { type Interaction, loadRecommender } from "shopflow/models/mod.ts";
import type { ComparedFigure, ModelVersion } from "shopflow/registry/mod.ts";
import { asked, type ChampionInQuestion } from "./champion_in_question.ts";
import { pairedTolerance } from "./paired_tolerance.ts";
import type { Judgement } from "./promotion_rule.ts";
import type { Ranking, RecommenderBacktest } from "./recommender_backtest.ts";

const K = 10;
const NDCG_TOLERANCE = 0.01;
/** Fewer customers tell two recommenders apart by luck alone. */
const FEWEST_CUSTOMERS = 50;

/**
 * Compares a recommender with the popularity list on all held-out orders, and with the champion on those of them that
 * the champion has not seen.
 *
 * A recommender is trained on every order before its as-of date, held-out ones of today's split among them: on those
 * the champion would only repeat what it was told. So it is asked about the held-out orders of its as-of date and
 * later, with the same histories. The challenger is asked in the person of its stand-in, trained without any held-out
 * order. The stand-in knows what *other* customers bought on those days, the champion does not: that is in part what
 * it will have ahead in service, in part more. It favours the challenger a little; without it, nothing of what is new
 * in its data would be judged.
 *
 * On the champion's own snapshot (new code or parameters, the same data) no such order is left. There the champion's
 * card tells how its stand-in did on these very held-out orders, and the two stand-ins are compared.
 */
export function judgeRecommenderChallenger(
  backtest: RecommenderBacktest,
  snapshot: string,
  champion: ChampionInQuestion,
): Judgement {
  const { cases, metrics } = backtest;
  if (cases.length === 0) return { figures: [] };
  const holdOut = `the last orders of ${count(cases.length)} customers`;
  const all: ComparedFigure = {
    name: "NDCG@10",
    better: "higher",
    challenger: metrics.ndcg_at_10!,
    baseline: metrics.popularity_ndcg_at_10!,
    mustBeat: true,
    tolerance: NDCG_TOLERANCE,
  };
  if (champion === undefined) return { holdOut, figures: [all] };
  if ("unreadable" in champion) {
    return { holdOut, figures: [all], championUnjudged: champion.unreadable };
  }
  const former = champion.card.metrics.ndcg_at_10;
  if (champion.card.snapshot === snapshot && former !== undefined) {
    return { holdOut, figures: [{ ...all, champion: former }] };
  }
  const since = onUnseenOrders(backtest, champion);
  return "unreadable" in since
    ? { holdOut, figures: [all], championUnjudged: since.unreadable }
    : { holdOut, figures: [all, since] };
}

function onUnseenOrders(
  { casesSince, personal }: RecommenderBacktest,
  { card, files }: ModelVersion,
): ComparedFigure | { unreadable: string } {
  const cases = casesSince(card.asOf);
  if (cases.length < FEWEST_CUSTOMERS) {
    return {
      unreadable: `${count(cases.length)} customers ordered since it was trained on ${card.asOf}, ` +
        `${FEWEST_CUSTOMERS} are needed`,
    };
  }
  return asked(() => {
    const recommender = loadRecommender(files);
    const ndcgs = (ranking: Ranking) =>
      cases.map(({ history, relevant }) => ndcgAt(ranking(history, K), relevant, K));
    const theirs = ndcgs((history: readonly Interaction[], n) =>
      recommender.recommend(history, n).map(({ productId }) => productId)
    );
    const ours = ndcgs(personal);
    return {
      name: `NDCG@10 of ${count(cases.length)} customers since ${card.asOf}`,
      better: "higher",
      challenger: mean(ours),
      champion: mean(theirs),
      tolerance: pairedTolerance(ours.map((value, i) => value - theirs[i]!), NDCG_TOLERANCE),
    };
  });
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const count = (rows: number) => rows.toLocaleString("en");
