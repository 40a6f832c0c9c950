import { type InteractionOptions, interactionsSql, salesByAgeSql } from "./interactions.ts";
import {
  createRecommender,
  fitRecommender,
  RECOMMENDER_PARAMETERS,
  type RecommenderModel,
  type RecommenderParameters,
} from "./model.ts";
import {
  historiesByCustomer,
  type Interaction,
  type InteractionColumns,
  interactionTable,
  type Recommender,
  type SalesColumns,
  salesTable,
} from "./matrix.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import {
  evaluateRanking,
  HELD_OUT,
  type HeldOutCase,
  heldOutCases,
  type HeldOutColumns,
  isNewToCustomer,
  leaveLastOrdersOutSql,
  ndcgAt,
  type RankingCase,
  type RankingQuality,
} from "./ranking.ts";
import {
  asked,
  heldOutLookup,
  type HeldOutValues,
  type Judgement,
  meanDifference,
  type Opponent,
  type Opponents,
  readHeldOut,
} from "shopflow/ml/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";
import { loadRecommender } from "./files.ts";
import type { ComparedFigure } from "shopflow/ml/registry/mod.ts";

/** What the recommender is trained on, by column. */
interface RecommenderData {
  interactions: InteractionColumns;
  sales: SalesColumns;
}

/**
 * Reads interactions and sales before `asOf`.
 *
 * @param session A session with the curated tables.
 */
export async function readRecommenderData(
  session: Pick<Session, "columns">,
  asOf: string,
  options: InteractionOptions = {},
): Promise<RecommenderData> {
  const interactions = await session.columns(interactionsSql(asOf, options));
  const sales = await session.columns(salesByAgeSql(asOf, options));
  return {
    interactions: interactions as unknown as InteractionColumns,
    sales: sales as unknown as SalesColumns,
  };
}

/**
 * Trains the recommender on what was read.
 *
 * @throws {ModelError} when there are no interactions or a parameter is out of range.
 */
export function trainRecommender(
  { interactions, sales }: RecommenderData,
  parameters: RecommenderParameters = RECOMMENDER_PARAMETERS,
): RecommenderModel {
  return fitRecommender(
    { interactions: interactionTable(interactions), sales: salesTable(sales) },
    parameters,
  );
}

/** A way to rank products for a customer: ids, best first. */
export type Ranking = (history: readonly Interaction[], n: number) => string[];

/** A customer of the hold-out, with the day of the held-out orders. */
interface HeldOutCustomer extends HeldOutCase {
  day: string;
}

/** A recommender trained without each customer's last orders, and the customers to judge it on. */
export interface RecommenderBacktest {
  recommender: Recommender;
  /** All products of the held-out orders. */
  cases: HeldOutCustomer[];
  /** Of them, those that the customer had not bought before. */
  newProductCases: RankingCase<readonly Interaction[]>[];
  /** Of all cases, those whose held-out orders are of this day or later. */
  casesSince(day: string): HeldOutCustomer[];
  /** What the recommender lists. */
  personal: Ranking;
  /** The baseline: the best-selling products, the same for everybody. */
  popular: Ranking;
  /** By the names that model cards use; `held_out_customers` 0 and nothing else when nobody ordered on two days. */
  metrics: Record<string, number>;
}

/** Places of a list that the metrics judge. */
const K = 10;

/** Held-out products with the day of their order. */
type DatedCases = HeldOutColumns & { cut_off: string[] };

/**
 * Trains on a leave-last-orders-out split of the data before `asOf` and judges the recommender and popularity on the
 * same customers. Where the recommender leaves out what a customer bought, so does the popularity list.
 *
 * @param session A session with the curated tables; the split's temporary tables are made in it.
 * @throws {ModelError} when no interactions are left to train on.
 */
export async function backtestRecommender(
  session: Pick<Session, "run" | "columns">,
  asOf: string,
  parameters: RecommenderParameters = RECOMMENDER_PARAMETERS,
  options: InteractionOptions = {},
): Promise<RecommenderBacktest> {
  for (const statement of leaveLastOrdersOutSql(asOf)) await session.run(statement);
  const heldOut = await session.columns(`FROM ${HELD_OUT.heldOutProducts}`) as unknown as DatedCases;
  const data = await readRecommenderData(session, asOf, {
    ...options,
    orders: HELD_OUT.trainingOrders,
    events: HELD_OUT.trainingEvents,
  });
  const recommender = createRecommender(trainRecommender(data, parameters));
  const histories = historiesByCustomer(data.interactions);
  const days = new Map(heldOut.customer_id.map((customer, row) => [customer, heldOut.cut_off[row]!]));
  const cases = heldOutCases(histories, heldOut)
    .map((found) => ({ ...found, day: days.get(found.customerId)! }));
  const newProductCases = heldOutCases(histories, heldOut, isNewToCustomer);
  const personal: Ranking = (history, n) =>
    recommender.recommend(history, n).map(({ productId }) => productId);
  const popular = bestSellers(recommender, parameters.excludePurchased);

  const judge = (ranking: Ranking, on: readonly RankingCase<readonly Interaction[]>[] = cases) =>
    evaluateRanking(on, ranking, { k: K, catalogueSize: recommender.productIds.length });
  const metrics: Record<string, number> = { held_out_customers: cases.length };
  if (cases.length > 0) {
    Object.assign(metrics, named("", judge(personal)), named("popularity_", judge(popular)));
  }
  if (newProductCases.length > 0) {
    metrics.new_products_recall_at_10 = judge(personal, newProductCases).recall;
    metrics.popularity_new_products_recall_at_10 = judge(popular, newProductCases).recall;
  }
  const casesSince = (since: string) => cases.filter(({ day }) => day >= since);
  return { recommender, cases, newProductCases, casesSince, personal, popular, metrics };
}

function bestSellers(recommender: Recommender, excludePurchased: boolean): Ranking {
  const best = recommender.popular(recommender.productIds.length).map(({ productId }) => productId);
  if (!excludePurchased) return (_, n) => best.slice(0, n);
  return (history, n) => {
    const bought = new Set(history.filter(({ purchased }) => purchased).map(({ productId }) => productId));
    // At most so many places are taken by products that are left out.
    return best.slice(0, n + bought.size).filter((productId) => !bought.has(productId)).slice(0, n);
  };
}

/** The figure that versions keep of each held-out customer. */
const RECOMMENDER_HELD_OUT = "ndcg_at_10";

/** How well the recommender did for each customer of the hold-out, for comparisons with later versions. */
export function recommenderHeldOut({ cases, personal }: RecommenderBacktest): HeldOutValues {
  return {
    figure: RECOMMENDER_HELD_OUT,
    customerIds: cases.map(({ customerId }) => customerId),
    days: cases.map(({ day }) => day),
    values: Float64Array.from(cases, ({ history, relevant }) => ndcgAt(personal(history, K), relevant, K)),
  };
}

function named(prefix: string, quality: RankingQuality): Record<string, number> {
  return {
    [`${prefix}recall_at_10`]: quality.recall,
    [`${prefix}recall_at_10_standard_error`]: quality.recallError,
    [`${prefix}precision_at_10`]: quality.precision,
    [`${prefix}ndcg_at_10`]: quality.ndcg,
    [`${prefix}catalogue_coverage_at_10`]: quality.coverage,
  };
}

const CUTOFF = 10;
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
  cases.map(({ history, relevant }) => ndcgAt(ranking(history, CUTOFF), relevant, CUTOFF));
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const count = (rows: number) => rows.toLocaleString("en");
