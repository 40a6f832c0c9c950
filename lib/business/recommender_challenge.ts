import { ModelError } from "shopflow/errors/mod.ts";
import { heldOutLookup, meanDifference, ndcgAt, readHeldOut } from "shopflow/evaluation/mod.ts";
import { type Interaction, loadRecommender } from "shopflow/models/mod.ts";
import type { ComparedFigure } from "shopflow/registry/mod.ts";
import { asked, type Opponent, type Opponents } from "./opponents.ts";
import type { Judgement } from "./promotion_rule.ts";
import {
  type HeldOutCustomer,
  type Ranking,
  RECOMMENDER_HELD_OUT,
  type RecommenderBacktest,
} from "./recommender_backtest.ts";

const K = 10;
/** Fewer customers tell two recommenders apart by luck alone: the standard error itself is unknown. */
const FEWEST_CUSTOMERS = 30;

/**
 * Compares a recommender with the popularity list on all held-out orders, and with the champion and the reference on
 * those that the opponent has not seen.
 *
 * A recommender is trained on every order before its as-of date, held-out ones of today's split among them: on those
 * the opponent would only repeat what it learned. So it answers for the held-out orders of its as-of date and later,
 * with the same histories. The challenger answers through its stand-in, trained without any held-out order. The
 * stand-in knows what *other* customers bought on those days, the opponent does not: that is in part what it will have
 * ahead in service, in part more. It favours the challenger a little; without it, nothing of what is new in its data
 * would be judged.
 *
 * Where too few customers have ordered since then, where nothing but code or parameters changed, or where the
 * opponent's files cannot be read, its own stand-in is compared: its version stored the NDCG of each held-out customer,
 * and the customers whose held-out orders are still the same are compared one by one.
 */
export async function judgeRecommenderChallenger(
  backtest: RecommenderBacktest,
  { champion, reference }: Opponents,
): Promise<Judgement> {
  const { cases, personal, popular } = backtest;
  if (cases.length < FEWEST_CUSTOMERS) {
    const unmeasured = `${count(cases.length)} customers ordered on two days, ${FEWEST_CUSTOMERS} are needed`;
    return { figures: [], unmeasured };
  }
  const figures = [figure("NDCG@10", "baseline", ndcgs(cases, personal), ndcgs(cases, popular))];
  const judgement: Judgement = { holdOut: `the last orders of ${count(cases.length)} customers`, figures };
  for (const [role, opponent] of [["champion", champion], ["reference", reference]] as const) {
    if (opponent === undefined) continue;
    const compared = await asked(() => figureAgainst(opponent, role, backtest));
    if ("unjudged" in compared) judgement[`${role}Unjudged`] = compared.unjudged;
    else figures.push(compared);
  }
  return judgement;
}

/** @throws {ModelError} when there are not enough customers to compare by. */
function figureAgainst(
  { card, files, unreadable }: Opponent,
  role: "champion" | "reference",
  { cases, personal, casesSince }: RecommenderBacktest,
): ComparedFigure {
  const unseen = card === undefined ? [] : casesSince(card.asOf);
  let why = unreadable ??
    `${count(unseen.length)} customers ordered since it was trained on ${card?.asOf}, ` +
      `${FEWEST_CUSTOMERS} are needed`;
  if (card !== undefined && unreadable === undefined && unseen.length >= FEWEST_CUSTOMERS) {
    try {
      const recommender = loadRecommender(files);
      const theirs: Ranking = (history: readonly Interaction[], n) =>
        recommender.recommend(history, n).map(({ productId }) => productId);
      const name = `NDCG@10 of ${count(unseen.length)} customers since ${card.asOf}`;
      return figure(name, role, ndcgs(unseen, personal), ndcgs(unseen, theirs));
    } catch (error) {
      // What is computed from the content of damaged files fails in any way.
      why = error instanceof ModelError ? error.message : `its files are damaged: ${error}`;
    }
  }
  const stored = readHeldOut(files, RECOMMENDER_HELD_OUT);
  if (stored === undefined) throw new ModelError(`${why}; it stored no results of held-out customers`);
  const of = heldOutLookup(stored);
  const same = cases.filter(({ customerId, day }) => of(customerId, day) !== undefined);
  if (same.length < FEWEST_CUSTOMERS) {
    throw new ModelError(
      `${why}; the held-out orders of ${count(same.length)} customers are those that it was measured on`,
    );
  }
  const theirs = same.map(({ customerId, day }) => of(customerId, day)!);
  const name = `NDCG@10 of ${count(same.length)} customers with the same last order`;
  return figure(name, role, ndcgs(same, personal), theirs);
}

function figure(
  name: string,
  opponent: "baseline" | "champion" | "reference",
  ours: number[],
  theirs: number[],
): ComparedFigure {
  return {
    name,
    better: "higher",
    leads: true,
    challenger: mean(ours),
    [opponent]: mean(theirs),
    [`${opponent}Error`]: meanDifference(ours, theirs).standardError,
  };
}

const ndcgs = (cases: readonly HeldOutCustomer[], ranking: Ranking): number[] =>
  cases.map(({ history, relevant }) => ndcgAt(ranking(history, K), relevant, K));
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const count = (rows: number) => rows.toLocaleString("en");
