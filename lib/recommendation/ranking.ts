import { InputError } from "shopflow/errors/mod.ts";
import { checkAsOf, valueAt } from "shopflow/ml/mod.ts";
import { IS_OFFERED } from "./interactions.ts";
import type { Interaction } from "./matrix.ts";

/**
 * Share of the relevant products that are among the first `k` of a list.
 *
 * @param relevant at least one product
 */
export function recallAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  return hits(ranked, relevant, k) / relevant.size;
}

/** Share of the first `k` places that hold relevant products; a shorter list is not forgiven. */
export function precisionAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  return hits(ranked, relevant, k) / k;
}

/**
 * Normalised discounted cumulative gain with binary gains (Järvelin and Kekäläinen 2002): a hit at place r counts
 * 1 / log2(r + 1), and the sum is divided by the best possible, min(k, relevant) hits at the top.
 */
export function ndcgAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  let gain = 0, best = 0;
  for (let place = 0; place < Math.min(k, ranked.length); place++) {
    if (relevant.has(valueAt(ranked, place))) gain += 1 / Math.log2(place + 2);
  }
  for (let place = 0; place < Math.min(k, relevant.size); place++) best += 1 / Math.log2(place + 2);
  return gain / best;
}

function hits(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  let found = 0;
  for (let place = 0; place < Math.min(k, ranked.length); place++) {
    if (relevant.has(valueAt(ranked, place))) found++;
  }
  return found;
}

/** A customer of the test set: what a recommender may know, and what it should find. */
export interface RankingCase<History> {
  history: History;
  relevant: ReadonlySet<string>;
}

/** Means over customers, every customer counting the same. */
export interface RankingQuality {
  customers: number;
  k: number;
  recall: number;
  /** Standard error of the mean recall. */
  recallError: number;
  precision: number;
  ndcg: number;
  /** Share of the catalogue that was recommended to anybody. */
  coverage: number;
}

/**
 * Evaluates a ranking on test products.
 *
 * @param rank the best products for a history, best first; only the first `k` count
 * @param catalogueSize products that could be recommended
 * @throws {InputError} when there is no case, or one without relevant products.
 */
export function evaluateRanking<History>(
  cases: readonly RankingCase<History>[],
  rank: (history: History, k: number) => readonly string[],
  { k, catalogueSize }: { k: number; catalogueSize: number },
): RankingQuality {
  if (cases.length === 0 || cases.some(({ relevant }) => relevant.size === 0)) {
    throw new InputError("Recommendations cannot be evaluated", {
      expected: "customers with at least one test product each",
      found: cases.length === 0 ? "no customers" : "customers without",
    });
  }
  const recommended = new Set<string>();
  let recalls = 0, squares = 0, precisions = 0, ndcgs = 0;
  for (const { history, relevant } of cases) {
    const ranked = rank(history, k);
    for (let place = 0; place < Math.min(k, ranked.length); place++) recommended.add(valueAt(ranked, place));
    const recall = recallAt(ranked, relevant, k);
    recalls += recall;
    squares += recall ** 2;
    precisions += precisionAt(ranked, relevant, k);
    ndcgs += ndcgAt(ranked, relevant, k);
  }
  const customers = cases.length;
  const mean = recalls / customers;
  return {
    customers,
    k,
    recall: mean,
    recallError: customers > 1 ? Math.sqrt((squares / customers - mean ** 2) / (customers - 1)) : 0,
    precision: precisions / customers,
    ndcg: ndcgs / customers,
    coverage: recommended.size / catalogueSize,
  };
}

/** Names of the tables that {@linkcode leaveLastOrdersOutSql} creates. */
export const SPLIT_TABLES = {
  /** `fact_orders` without the test orders. */
  trainingOrders: "training_orders",
  /** `fact_events` without what a customer did from the test order on, and the sessions that led to it. */
  trainingEvents: "training_events",
  /** `customer_id, cut_off DATE, product_id`: what the test orders contain. */
  testProducts: "test_products",
} as const;

/**
 * Statements that split the facts before `asOf` for judging recommendations: of each known customer with orders
 * on two days or more, the orders of the last day are the test set (dates have no time, so orders of one day cannot
 * be told apart), and everything that customer did from then on is removed from training.
 *
 * The visit that led to the order must not tell of it: a session is removed whole when any of its events is on the day
 * of the order or later, or when it ended in a checkout on the day before (an order placed around midnight
 * may be booked on the next day).
 *
 * Other customers' data stays, later orders too: the split asks how well taste carries over between customers,
 * not how well the shop's future is foreseen. Popularity has the same advantage.
 */
export function leaveLastOrdersOutSql(asOf: string): string[] {
  const date = `DATE '${checkAsOf(asOf)}'`;
  return [
    `
CREATE OR REPLACE TEMP TABLE last_order_days AS
SELECT customer_id, max(order_date) AS cut_off
FROM fact_orders
WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < ${date}
GROUP BY customer_id
HAVING count(DISTINCT order_date) >= 2`,
    `
CREATE OR REPLACE TEMP TABLE ${SPLIT_TABLES.testProducts} AS
SELECT DISTINCT customer_id, cut_off, product_id
FROM fact_orders
JOIN last_order_days USING (customer_id)
JOIN dim_products USING (product_id)
WHERE line_type = 'sale' AND order_date = cut_off AND ${IS_OFFERED}
ORDER BY customer_id, product_id`,
    `
CREATE OR REPLACE TEMP TABLE ${SPLIT_TABLES.trainingOrders} AS
SELECT orders.*
FROM fact_orders AS orders LEFT JOIN last_order_days USING (customer_id)
WHERE order_date < ${date} AND (cut_off IS NULL OR order_date < cut_off)`,
    `
CREATE OR REPLACE TEMP TABLE ${SPLIT_TABLES.trainingEvents} AS
WITH sessions AS (
  SELECT customer_id, coalesce(session_id, event_id) AS session, max(event_date) AS last_day,
         bool_or(event_type IN ('checkout', 'purchase')) AS checked_out
  FROM fact_events
  GROUP BY ALL
)
SELECT events.*
FROM fact_events AS events
JOIN sessions ON sessions.customer_id = events.customer_id
             AND sessions.session = coalesce(events.session_id, events.event_id)
LEFT JOIN last_order_days ON last_order_days.customer_id = events.customer_id
WHERE event_date < ${date}
  AND (cut_off IS NULL OR last_day < CASE WHEN checked_out THEN cut_off - 1 ELSE cut_off END)`,
  ];
}

/** Rows of {@linkcode SPLIT_TABLES}.testProducts, by column. */
export interface TestColumns {
  customer_id: string[];
  product_id: string[];
}

/** A case with the customer it is of. */
export interface TestCase extends RankingCase<readonly Interaction[]> {
  customerId: string;
}

/**
 * One case a customer with test orders, in the order of the rows.
 *
 * @param histories of the training part; a customer without one is asked with an empty history
 * @param kept which test products count, by default all; customers without any are left out
 */
export function testCases(
  histories: ReadonlyMap<string, Interaction[]>,
  { customer_id, product_id }: TestColumns,
  kept: (productId: string, history: readonly Interaction[]) => boolean = () => true,
): TestCase[] {
  const cases = new Map<string, TestCase & { relevant: Set<string> }>();
  customer_id.forEach((customer, i) => {
    const history = histories.get(customer) ?? [];
    if (!kept(valueAt(product_id, i), history)) return;
    let known = cases.get(customer);
    if (known === undefined) {
      cases.set(customer, known = { customerId: customer, history, relevant: new Set() });
    }
    known.relevant.add(valueAt(product_id, i));
  });
  return [...cases.values()];
}

/** For {@linkcode testCases}: only products that the customer had not bought before. */
export function isNewToCustomer(productId: string, history: readonly Interaction[]): boolean {
  return !history.some((interaction) => interaction.purchased && interaction.productId === productId);
}
