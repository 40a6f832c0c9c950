import {
  evaluateRanking,
  HELD_OUT,
  type HeldOutCase,
  heldOutCases,
  type HeldOutColumns,
  type HeldOutValues,
  isNewToCustomer,
  leaveLastOrdersOutSql,
  ndcgAt,
  type RankingCase,
  type RankingQuality,
} from "shopflow/evaluation/mod.ts";
import type { InteractionOptions } from "shopflow/features/mod.ts";
import {
  createRecommender,
  historiesByCustomer,
  type Interaction,
  type Recommender,
  RECOMMENDER_PARAMETERS,
  type RecommenderParameters,
} from "shopflow/models/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { readRecommenderData, trainRecommender } from "./recommender_training.ts";

/** A way to rank products for a customer: ids, best first. */
export type Ranking = (history: readonly Interaction[], n: number) => string[];

/** A customer of the hold-out, with the day of the held-out orders. */
export interface HeldOutCustomer extends HeldOutCase {
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
export const RECOMMENDER_HELD_OUT = "ndcg_at_10";

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
