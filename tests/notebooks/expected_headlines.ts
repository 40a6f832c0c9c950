/**
 * Every headline of the notebooks, computed by SQL of its own from the tables of the snapshot, the score tables and what
 * a model said of its test customers: nothing here calls the code that the notebooks call for it.
 */
import { readTestPredictions } from "shopflow/ml/evaluation/mod.ts";
import { isBaseline, listVersions, loadChampion, loadModelVersion } from "shopflow/ml/registry/mod.ts";
import { backtestRecommender } from "shopflow/recommendation/mod.ts";
import { type OpenSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** What a shop is expected to show: value, and what must stand in the note. */
export type Expected = Record<string, { value: string | number; note?: string }>;

/** The shop that is asked. */
export interface ExpectedOptions {
  session: OpenSnapshot;
  store: ObjectStore;
  /** `$`, `£` or nothing. */
  currency: string;
  baselines: { lapsed?: number; carts?: number; outOfStock?: number; overstocked?: number };
}

const LAPSED = "lapsed (90 days without an order)";
const count = (value: number) => value;
const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;
const points = (change: number) => `${change >= 0 ? "+" : "−"}${Math.abs(100 * change).toFixed(1)} points`;

/** The first row of a query, its columns as numbers. */
async function one<Row extends Record<string, unknown> = Record<string, number>>(
  session: OpenSnapshot,
  query: string,
): Promise<Row> {
  const [row] = await session.rows<Row>(query);
  if (row === undefined) throw new Error(`no row: ${query}`);
  return row;
}

const moneyWith = (currency: string) => (amount: number) => {
  const rounded = Math.round(amount);
  return `${rounded < 0 ? "−" : ""}${currency}${Math.abs(rounded).toLocaleString("en-US")}`;
};

/** The first and the day after the last of the last whole week and month, as SQL. */
const DAYS = `last_sale AS (
  SELECT max(order_date) + 1 AS as_of, min(order_date) AS first_sale
  FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
)`;

/** Headlines of `executive`. */
export async function executiveHeadlines(
  { session, currency, baselines }: ExpectedOptions,
): Promise<Expected> {
  const money = moneyWith(currency);
  const week = (weeksAgo: number) =>
    `WITH ${DAYS}
SELECT coalesce(sum(net_amount), 0) AS sales,
       (SELECT count(*) FROM (SELECT DISTINCT order_id FROM fact_orders, last_sale
        WHERE line_type = 'sale' AND weeks_ago(order_date, as_of) = ${weeksAgo})) AS orders,
       (SELECT first_sale <= as_of - CAST(isodow(as_of) AS INTEGER) + 1 - 7 * ${weeksAgo} FROM last_sale) AS known
FROM fact_orders, last_sale WHERE weeks_ago(order_date, as_of) = ${weeksAgo}`;
  await session.run(`CREATE OR REPLACE TEMP MACRO weeks_ago(day, as_of) AS
    CAST(floor((as_of - CAST(isodow(as_of) AS INTEGER) + 1 - day + 6) / 7) AS INTEGER)`);
  const [now, before, year] = await Promise.all([1, 2, 53].map((weeks) => one(session, week(weeks))));
  const change = (name: "sales" | "orders") => {
    const of = (then: Record<string, number>, what: string) => {
      if (!then.known) return `${what} unknown`;
      const ratio = now![name]! / then[name]! - 1;
      return `${ratio >= 0 ? "+" : "−"}${percent(Math.abs(ratio))} on ${what}`;
    };
    return `${of(before!, "the week before")}, ${of(year!, "the same week last year")}`;
  };
  return {
    "net sales": { value: money(now!.sales!), note: change("sales") },
    "orders": { value: count(now!.orders!), note: change("orders") },
    ...await lapsedHeadline(session, baselines.lapsed),
    ...await cartHeadline(session, baselines.carts),
    ...await stockHeadlines(session, baselines),
  };
}

/** Lapsed: who is in the set of the 90 days before a month, but not in that of the 90 days before its end. */
async function lapsedHeadline(session: OpenSnapshot, baseline: number | undefined): Promise<Expected> {
  const buyers = (day: string) =>
    `SELECT DISTINCT customer_id FROM fact_orders
     WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date BETWEEN ${day} - 90 AND ${day} - 1`;
  const share = async (monthsAgo: number) => {
    const { day: end } = await one<{ day: string }>(
      session,
      `WITH ${DAYS} SELECT CAST(date_trunc('month', as_of) - INTERVAL ${monthsAgo} MONTH AS DATE) AS day FROM last_sale`,
    );
    const start = `CAST(DATE '${end}' - INTERVAL 1 MONTH AS DATE)`;
    const found = await one<{ month: string; known: boolean; share: number }>(
      session,
      `WITH ${DAYS} SELECT strftime(${start}, '%B %Y') AS month, (SELECT first_sale FROM last_sale) <= ${start} - 90 AS known,
         (SELECT count(*) FROM (${buyers(start)} EXCEPT ${buyers(`DATE '${end}'`)}))
         / (SELECT count(*) FROM (${buyers(start)})) AS share`,
    );
    return found;
  };
  const [now, before, year] = [await share(0), await share(1), await share(12)];
  const change = (then: typeof now, name: string) =>
    then.known ? `${points(now.share - then.share)} on ${name}` : `${name} unknown`;
  return {
    [LAPSED]: {
      value: percent(now.share, 1),
      note: `in ${now.month}: ${change(before, "the month before")}, ${change(year, year.month)}` +
        (baseline === undefined ? "" : `; baseline ${percent(baseline)}`),
    },
  };
}

/** Carts of the last whole week: visits that put something in, and those of them without a purchase. */
async function cartHeadline(session: OpenSnapshot, baseline: number | undefined): Promise<Expected> {
  const { events } = await one(session, "SELECT count(*) AS events FROM fact_events");
  if (events === 0) return { "carts abandoned": { value: "–" } };
  const carts = await one(
    session,
    `WITH ${DAYS}, visits AS (
       SELECT customer_id, coalesce(session_id, event_id) AS visit, list(event_type) AS types, min(event_date) AS began
       FROM fact_events GROUP BY ALL
     )
     SELECT avg(CASE WHEN list_contains(types, 'purchase') THEN 0 ELSE 1 END) AS abandoned
     FROM visits, last_sale
     WHERE list_contains(types, 'add_to_cart') AND weeks_ago(began, as_of) = 1`,
  );
  const note = baseline === undefined ? "" : `; baseline ${percent(baseline)}`;
  return { "carts abandoned": { value: percent(carts.abandoned!), note } };
}

async function stockHeadlines(
  session: OpenSnapshot,
  { outOfStock, overstocked }: ExpectedOptions["baselines"],
): Promise<Expected> {
  const { counts } = await one(session, "SELECT count(*) AS counts FROM fact_inventory_snapshots");
  if (counts === 0) return { "out of stock": { value: "–" }, "overstocked": { value: "–" } };
  const empty = async (daysAgo: number) =>
    (await one(
      session,
      `SELECT count(*) FILTER (stock_level <= 0) / count(*) AS share FROM fact_inventory_snapshots
       WHERE snapshot_date = (SELECT max(snapshot_date) FROM fact_inventory_snapshots) - ${daysAgo}`,
    )).share!;
  const [now, before] = [await empty(0), await empty(7)];
  const { share } = await one(
    session,
    `SELECT avg(CASE WHEN stock_level > 0 AND stock_level > greatest(90 * daily_demand, reorder_point) THEN 1 ELSE 0 END)
       AS share FROM scores_inventory_plan`,
  );
  const said = (baseline: number | undefined) =>
    baseline === undefined ? "" : `; baseline ${percent(baseline)}`;
  return {
    "out of stock": {
      value: percent(now),
      note: `${points(now - before)} on the count a week before, that of a year before unknown${
        said(outOfStock)
      }`,
    },
    "overstocked": { value: percent(share!), note: `that of a year before unknown${said(overstocked)}` },
  };
}

/** Headlines of `churn`. */
export async function churnHeadlines(
  { session, store, currency, baselines }: ExpectedOptions,
): Promise<Expected> {
  const money = moneyWith(currency);
  const active = (daysAgo: number) =>
    one(
      session,
      `WITH ${DAYS} SELECT count(DISTINCT customer_id) AS customers, any_value(first_sale <= as_of - 90 - ${daysAgo}) AS known
       FROM fact_orders, last_sale
       WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
         AND order_date BETWEEN as_of - 90 - ${daysAgo} AND as_of - 1 - ${daysAgo}`,
    );
  const [now, week, year] = [await active(0), await active(7), await active(364)];
  const change = (then: typeof now, when: string) => {
    const ratio = now.customers! / then.customers! - 1;
    return then.known ? `${ratio >= 0 ? "+" : "−"}${percent(Math.abs(ratio))} on ${when}` : `${when} unknown`;
  };
  const { contacted, at_risk, value } = await one(
    session,
    `SELECT count(*) AS contacted, coalesce(sum(p * spend), 0) AS at_risk,
       coalesce(sum(p * 0.25 * spend * (0.45 - 0.15)) - sum((1 - p) * spend * 0.15) - 0.1 * count(*), 0) AS value
     FROM (SELECT churn_probability AS p, net_sales * greatest(0, 1 - return_share) * 90 / greatest(tenure_days, 90) AS spend,
             recency_days
           FROM scores_churn)
     WHERE recency_days <= 90 AND p > 0.7`,
  );
  return {
    ...await lapsedHeadline(session, baselines.lapsed),
    "active customers": {
      value: count(now.customers!),
      note: `${change(week, "a week before")}, ${change(year, "a year before")}`,
    },
    "at high risk": { value: count(contacted!) },
    "sales at risk": { value: money(at_risk!) },
    "campaign value": { value: money(value!) },
    "model AUC": { value: (await activeAuc(session, store)).toFixed(3), note: "of active customers" },
  };
}

/** AUC by the rank sum of Mann and Whitney, over the active customers of the test date and what they did then. */
async function activeAuc(session: OpenSnapshot, store: ObjectStore): Promise<number> {
  const { files } = await loadChampion(store, "churn");
  const { customerIds, days, values } = readTestPredictions(files, "churn_probability")!;
  const said = customerIds.map((id, row) => `(${sqlString(id)}, ${values[row]})`).join(", ");
  const day = `DATE '${days[0]}'`;
  const { auc, missing } = await one(
    session,
    `WITH said AS (FROM (VALUES ${said}) AS t(customer_id, risk)),
     sales AS (SELECT customer_id, order_date FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'),
     active AS (SELECT DISTINCT customer_id FROM sales WHERE order_date BETWEEN ${day} - 90 AND ${day} - 1),
     stayed AS (SELECT DISTINCT customer_id FROM sales WHERE order_date BETWEEN ${day} AND ${day} + 89),
     ranked AS (
       SELECT risk, customer_id NOT IN (FROM stayed) AS lapsed,
              rank() OVER (ORDER BY risk) + (count(*) OVER (PARTITION BY risk) - 1) / 2 AS place
       FROM active JOIN said USING (customer_id)
     )
     SELECT (sum(place) FILTER (lapsed) - count(*) FILTER (lapsed) * (count(*) FILTER (lapsed) + 1) / 2)
            / (count(*) FILTER (lapsed) * count(*) FILTER (NOT lapsed)) AS auc,
            (SELECT count(*) FROM active) - count(*) AS missing
     FROM ranked`,
  );
  if (missing !== 0) throw new Error(`${missing} active customers have no prediction`);
  return auc!;
}

/** Headlines of `recommendation`: the lists are the model's, what they are worth is counted here. */
export async function recommendationHeadlines({ session }: ExpectedOptions): Promise<Expected> {
  const { as_of } = await one<{ as_of: string }>(session, `WITH ${DAYS} SELECT as_of FROM last_sale`);
  const { cases, personal, popular, recommender } = await backtestRecommender(session, as_of);
  const listed = (ranking: typeof personal) =>
    cases.flatMap(({ customerId, history }) =>
      ranking(history, 10).map((product, i) => `(${sqlString(customerId)}, ${sqlString(product)}, ${i + 1})`)
    ).join(", ");
  const quality = async (ranking: typeof personal) => {
    await session.run(`CREATE OR REPLACE TEMP TABLE lists AS
      SELECT * FROM (VALUES ${listed(ranking)}) AS t(customer_id, product_id, place)`);
    return await one(
      session,
      `WITH sales AS (
         SELECT DISTINCT customer_id, order_date, product_id FROM fact_orders
         WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
       ),
       last_days AS (
         SELECT customer_id, max(order_date) AS order_date FROM sales GROUP BY 1 HAVING count(DISTINCT order_date) > 1
       ),
       bought AS (
         SELECT customer_id, product_id FROM sales JOIN last_days USING (customer_id, order_date)
         WHERE customer_id IN (SELECT customer_id FROM test_products)
           AND product_id IN (SELECT product_id FROM test_products AS t WHERE t.customer_id = sales.customer_id)
       ),
       by_customer AS (
         SELECT customer_id, count(*) AS bought, count(place) AS hits, sum(1 / log2(place + 1)) AS gain
         FROM bought LEFT JOIN lists USING (customer_id, product_id) GROUP BY customer_id
       )
       SELECT count(*) AS customers, avg(hits / bought) AS recall,
              avg(coalesce(gain, 0) / list_sum(list_transform(range(1, least(10, bought) + 1), place -> 1 / log2(place + 1))))
                AS ndcg,
              (SELECT count(DISTINCT product_id) FROM lists) / ${recommender.productIds.length} AS shown
       FROM by_customer`,
    );
  };
  const own = await quality(personal), best = await quality(popular);
  return {
    "recall@10": { value: percent(own.recall!, 1), note: `best sellers ${percent(best.recall!, 1)}` },
    "NDCG@10": { value: own.ndcg!.toFixed(3), note: `best sellers ${best.ndcg!.toFixed(3)}` },
    "times better": { value: `${(own.recall! / best.recall!).toFixed(1)} ×` },
    "catalogue shown": { value: percent(own.shown!), note: `best sellers ${percent(best.shown!, 1)}` },
    "customers judged": { value: count(own.customers!) },
  };
}

/** Headlines of `lifetime_value`: sums of the score table, and the errors of what its latest version foretold. */
export async function lifetimeValueHeadlines(
  { session, store, currency }: ExpectedOptions,
): Promise<Expected> {
  const money = moneyWith(currency);
  const sums = await one(
    session,
    `SELECT count(*) AS customers, sum(expected_value) AS sales, sum(expected_purchases) AS purchases,
       sum(alive_probability) AS alive, sum(expected_value) FILTER (place <= ceil(customers / 10)) AS top
     FROM (SELECT *, count(*) OVER () AS customers,
             row_number() OVER (ORDER BY expected_value DESC, customer_id) AS place FROM scores_lifetime_value)`,
  );
  const latest = (await listVersions(store, "lifetime_value")).find(({ card }) => !isBaseline(card));
  const { card, files } = await loadModelVersion(store, "lifetime_value", latest!.card.version);
  const { customerIds, days, values } = readTestPredictions(files, "purchases")!;
  const said = customerIds.map((id, row) => `(${sqlString(id)}, ${values[row]}::DOUBLE)`).join(", ");
  const errors = await one(
    session,
    `WITH said AS (FROM (VALUES ${said}) AS t(customer_id, expected)),
     made AS (
       SELECT customer_id, count(DISTINCT order_date) AS purchases FROM fact_orders
       WHERE line_type = 'sale' AND order_date >= DATE '${days[0]}' GROUP BY 1
     )
     SELECT sqrt(avg((expected - coalesce(purchases, 0)) ** 2)) AS rmse, sum(expected) AS expected,
            sum(coalesce(purchases, 0)) AS made
     FROM said LEFT JOIN made USING (customer_id)`,
  );
  const whole = (value: number) => Math.round(value).toLocaleString("en-US");
  return {
    "expected sales": { value: money(sums.sales!), note: `of ${whole(sums.customers!)} customers` },
    "expected purchases": { value: whole(sums.purchases!) },
    "still customers": sums.alive === null
      ? { value: "–" }
      : { value: whole(sums.alive!), note: percent(sums.alive! / sums.customers!) },
    "top tenth": { value: percent(sums.top! / sums.sales!) },
    "hold-out RMSE": {
      value: errors.rmse!.toFixed(3),
      note: `repeating the past: ${card.metrics.baseline_rmse!.toFixed(3)}`,
    },
    "expected of made": {
      value: percent(errors.expected! / errors.made!),
      note: `${whole(errors.expected!)} of ${whole(errors.made!)} purchases`,
    },
  };
}

/** Headlines of `inventory`. */
export async function inventoryHeadlines(options: ExpectedOptions): Promise<Expected> {
  const { session, currency, baselines } = options;
  const money = moneyWith(currency);
  const stock = await stockHeadlines(session, baselines);
  if (stock["out of stock"]!.value === "–") {
    const names = ["to order", "cost of those orders", "sales at risk", "money in overstock"];
    return { ...stock, ...Object.fromEntries(names.map((name) => [name, { value: "–" }])) };
  }
  const plan = await one(
    session,
    `SELECT count(*) FILTER (stock_level < reorder_point AND daily_demand > 0) AS to_order,
            count(*) AS positions,
            sum(order_quantity * unit_cost) FILTER (stock_level < reorder_point AND daily_demand > 0) AS cost,
            sum(expected_lost_units * unit_price) AS lost,
            sum(greatest(stock_level, 0) * unit_cost) AS stock,
            sum(greatest(0, stock_level - greatest(90 * daily_demand, reorder_point)) * unit_cost) FILTER (stock_level > 0)
              AS over
     FROM scores_inventory_plan`,
  );
  return {
    ...stock,
    "to order": { value: count(plan.to_order!), note: `of ${plan.positions}` },
    "cost of those orders": { value: money(plan.cost!) },
    "sales at risk": { value: money(plan.lost!) },
    "money in overstock": { value: money(plan.over!), note: `of ${money(plan.stock!)} in stock` },
  };
}

/** Headlines of `data_quality`. */
export async function dataQualityHeadlines({ session }: ExpectedOptions): Promise<Expected> {
  const found = await one(
    session,
    `SELECT (SELECT sum(source_rows) FROM reconciliation)
            + (SELECT count(*) FROM dim_customers WHERE is_current AND NOT is_inferred AND customer_id <> 'UNKNOWN')
            + (SELECT count(*) FROM dim_products WHERE is_current AND NOT is_inferred AND product_id <> 'UNKNOWN') AS read,
            coalesce(sum(rows) FILTER (action = 'dropped'), 0) AS dropped,
            coalesce(sum(rows) FILTER (action = 'repaired'), 0) AS repaired,
            coalesce(sum(rows) FILTER (action = 'kept'), 0) AS kept,
            coalesce(sum(rows) FILTER (action = 'inferred'), 0) AS inferred,
            count(*) FILTER (rows > 0) AS finding, count(*) AS rules
     FROM data_quality`,
  );
  const number = (value: number) => value.toLocaleString("en-US");
  return {
    "rows read": { value: number(found.read!) },
    "dropped": { value: number(found.dropped!), note: percent(found.dropped! / found.read!, 2) },
    "repaired": { value: number(found.repaired!) },
    "kept, but noted": { value: number(found.kept!) },
    "members inferred": { value: number(found.inferred!) },
    "rules that found something": { value: count(found.finding!), note: `of ${found.rules}` },
  };
}
