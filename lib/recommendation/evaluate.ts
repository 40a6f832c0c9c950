import { formatCount } from "shopflow/runtime/mod.ts";
import { mean, valueAt } from "shopflow/ml/mod.ts";
import {
  type Comparison,
  meanDifference,
  type MetricComparison,
  type Opponent,
  type Opponents,
  predictionLookup,
  readTestPredictions,
  type TestPredictions,
  tryScore,
} from "shopflow/ml/evaluation/mod.ts";
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
  isNewToCustomer,
  leaveLastOrdersOutSql,
  ndcgAt,
  type RankingCase,
  type RankingQuality,
  SPLIT_TABLES,
  type TestCase,
  testCases,
  type TestColumns,
} from "./ranking.ts";
import { ModelError, withoutRemedy } from "shopflow/errors/mod.ts";
import { loadRecommender } from "./files.ts";

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

/** A customer of the test set, with the day of the test orders. */
interface TestCustomer extends TestCase {
  day: string;
}

/** A recommender trained without each customer's last orders, and the customers to evaluate it on. */
export interface RecommenderBacktest {
  recommender: Recommender;
  /** All products of the test orders. */
  cases: TestCustomer[];
  /** Of them, those that the customer had not bought before. */
  newProductCases: RankingCase<readonly Interaction[]>[];
  /** Of all cases, those whose test orders are of this day or later. */
  casesSince(day: string): TestCustomer[];
  /** What the recommender lists. */
  personal: Ranking;
  /** The baseline: the best-selling products, the same for everybody. */
  popular: Ranking;
  /** By the names that model cards use; `test_customers` 0 and nothing else when nobody ordered on two days. */
  metrics: Record<string, number>;
}

/** Places of a list that the metrics look at. */
const K = 10;

/** Test products with the day of their order. */
type DatedCases = TestColumns & { cut_off: string[] };

/**
 * Trains on a leave-last-orders-out split of the data before `asOf` and evaluates the recommender and popularity on the
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
  const testRows = await session.columns(`FROM ${SPLIT_TABLES.testProducts}`) as unknown as DatedCases;
  const data = await readRecommenderData(session, asOf, {
    ...options,
    orders: SPLIT_TABLES.trainingOrders,
    events: SPLIT_TABLES.trainingEvents,
  });
  const recommender = createRecommender(trainRecommender(data, parameters));
  const histories = historiesByCustomer(data.interactions);
  const days = new Map(
    testRows.customer_id.map((customer, row) => [customer, valueAt(testRows.cut_off, row)]),
  );
  const cases = testCases(histories, testRows)
    .map((found) => ({ ...found, day: days.get(found.customerId)! }));
  const newProductCases = testCases(histories, testRows, isNewToCustomer);
  const personal: Ranking = (history, n) =>
    recommender.recommend(history, n).map(({ productId }) => productId);
  const popular = bestSellers(recommender, parameters.excludePurchased);

  const evaluated = (ranking: Ranking, on: readonly RankingCase<readonly Interaction[]>[] = cases) =>
    evaluateRanking(on, ranking, { k: K, catalogueSize: recommender.productIds.length });
  const metrics: Record<string, number> = { test_customers: cases.length };
  if (cases.length > 0) {
    Object.assign(metrics, named("", evaluated(personal)), named("popularity_", evaluated(popular)));
  }
  if (newProductCases.length > 0) {
    metrics.new_products_recall_at_10 = evaluated(personal, newProductCases).recall;
    metrics.popularity_new_products_recall_at_10 = evaluated(popular, newProductCases).recall;
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

/** The prediction that versions keep of each test customer. */
const RECOMMENDER_PREDICTION = "ndcg_at_10";

/** How well the recommender did for each customer of the test set, for comparisons with later versions. */
export function recommenderTestPredictions({ cases, personal }: RecommenderBacktest): TestPredictions {
  return {
    metric: RECOMMENDER_PREDICTION,
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
 * Compares a recommender with the popularity list on all test orders, and with the champion and the reference on
 * those that the opponent has not seen.
 *
 * A recommender is trained on every order before its as-of date, test orders of today's split among them: on those
 * the opponent would only repeat what it learned. So it answers for the test orders of its as-of date and later,
 * with the same histories. The challenger answers through its stand-in, trained without any test order. The
 * stand-in knows what *other* customers bought on those days, the opponent does not: that is in part what it will have
 * ahead in service, in part more. It favours the challenger a little; without it, nothing of what is new in its data
 * would be measured.
 *
 * Where too few customers have ordered since then, where nothing but code or parameters changed, or where the
 * opponent's files cannot be read, its own stand-in is compared: its version stored the NDCG of each test customer,
 * and the customers whose test orders are still the same are compared one by one.
 */
export async function compareRecommender(
  backtest: RecommenderBacktest,
  { champion, reference }: Opponents,
): Promise<Comparison> {
  const { cases, personal, popular } = backtest;
  if (cases.length < FEWEST_CUSTOMERS) {
    const unmeasured = `${
      formatCount(cases.length)
    } customers ordered on two days, ${FEWEST_CUSTOMERS} are needed`;
    return { metrics: [], unmeasured };
  }
  const metrics = [metricComparison("NDCG@10", "baseline", ndcgs(cases, personal), ndcgs(cases, popular))];
  const comparison: Comparison = {
    testSet: `the last orders of ${formatCount(cases.length)} customers`,
    metrics,
  };
  for (const [role, opponent] of [["champion", champion], ["reference", reference]] as const) {
    if (opponent === undefined) continue;
    const compared = await tryScore(() => metricAgainst(opponent, role, backtest));
    if ("unscorable" in compared) comparison[`${role}Unscorable`] = compared.unscorable;
    else metrics.push(compared);
  }
  return comparison;
}

/** @throws {ModelError} when there are not enough customers to compare by. */
function metricAgainst(
  { card, files, unscorable }: Opponent,
  role: "champion" | "reference",
  { cases, personal, casesSince }: RecommenderBacktest,
): MetricComparison {
  const unseen = card === undefined ? [] : casesSince(card.asOf);
  let why = unscorable ??
    `${formatCount(unseen.length)} customers ordered since it was trained on ${card?.asOf}, ` +
      `${FEWEST_CUSTOMERS} are needed`;
  if (card !== undefined && unscorable === undefined && unseen.length >= FEWEST_CUSTOMERS) {
    try {
      const recommender = loadRecommender(files);
      const theirs: Ranking = (history: readonly Interaction[], n) =>
        recommender.recommend(history, n).map(({ productId }) => productId);
      const name = `NDCG@10 of ${formatCount(unseen.length)} customers since ${card.asOf}`;
      return metricComparison(name, role, ndcgs(unseen, personal), ndcgs(unseen, theirs));
    } catch (error) {
      // What is computed from the content of damaged files fails in any way.
      why = error instanceof ModelError ? withoutRemedy(error) : `its files are damaged: ${error}`;
    }
  }
  const stored = readTestPredictions(files, RECOMMENDER_PREDICTION);
  if (stored === undefined) throw new ModelError(`${why}; it stored no results of its test customers`);
  const of = predictionLookup(stored);
  const same = cases.filter(({ customerId, day }) => of(customerId, day) !== undefined);
  if (same.length < FEWEST_CUSTOMERS) {
    throw new ModelError(
      `${why}; the test orders of ${formatCount(same.length)} customers are those that it was measured on`,
    );
  }
  const theirs = same.map(({ customerId, day }) => of(customerId, day)!);
  const name = `NDCG@10 of ${formatCount(same.length)} customers with the same last order`;
  return metricComparison(name, role, ndcgs(same, personal), theirs);
}

function metricComparison(
  name: string,
  opponent: "baseline" | "champion" | "reference",
  ours: number[],
  theirs: number[],
): MetricComparison {
  return {
    name,
    better: "higher",
    leads: true,
    challenger: mean(ours),
    [opponent]: mean(theirs),
    [`${opponent}Error`]: meanDifference(ours, theirs).standardError,
  };
}

const ndcgs = (cases: readonly TestCustomer[], ranking: Ranking): number[] =>
  cases.map(({ history, relevant }) => ndcgAt(ranking(history, CUTOFF), relevant, CUTOFF));
