/** Headlines of `segments` and `customer_journey`, computed by SQL of its own; see expected_headlines.ts. */
import type { OpenSnapshot } from "shopflow/warehouse/mod.ts";
import type { Expected, ExpectedOptions } from "./expected_headlines.ts";

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;
const count = (value: number) => value.toLocaleString("en-US");

async function one(session: OpenSnapshot, query: string): Promise<Record<string, number>> {
  const [row] = await session.rows<Record<string, number>>(query);
  if (row === undefined) throw new Error(`no row: ${query}`);
  return row;
}

async function day(session: OpenSnapshot, query: string): Promise<string> {
  const [row] = await session.rows<{ day: string }>(query);
  return row!.day;
}

const LATEST =
  "SELECT max(order_date) + 1 AS day FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'";

/** The place of each customer in the list of segments, 1 the warmest and 11 without an order, by counting who is worse. */
async function createPlaces(session: OpenSnapshot, name: string, asOf: string): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP TABLE ${name} AS
WITH people AS (
  SELECT customer_id, DATE '${asOf}' - max(CASE WHEN line_type = 'sale' THEN order_date END) AS days,
         count(DISTINCT CASE WHEN line_type = 'sale' THEN order_id END) AS orders, sum(net_amount) AS sales
  FROM fact_orders WHERE customer_id <> 'UNKNOWN' AND order_date < DATE '${asOf}' GROUP BY customer_id
),
buyers AS (SELECT * FROM people WHERE orders > 0),
scored AS (
  SELECT *, 1 + floor(5.0 * (SELECT count(*) FROM buyers AS b WHERE b.days > a.days) / (SELECT count(*) FROM buyers)) AS r,
         1 + floor(5.0 * (SELECT count(*) FROM buyers AS b WHERE b.orders < a.orders) / (SELECT count(*) FROM buyers)) AS f
  FROM buyers AS a
)
SELECT customer_id, sales, CASE
    WHEN r = 5 AND f >= 4 THEN 1 WHEN r >= 3 AND f >= 4 THEN 2 WHEN r >= 4 AND f >= 2 THEN 3 WHEN r = 5 THEN 4 WHEN r = 4 THEN 5
    WHEN r = 3 AND f = 3 THEN 6 WHEN r = 3 THEN 7 WHEN f = 5 THEN 8 WHEN f >= 3 THEN 9 ELSE 10 END AS place
FROM scored
UNION ALL
SELECT customer_id, 0, 11 FROM dim_customers
WHERE is_current AND NOT is_inferred AND signup_date < DATE '${asOf}' AND customer_id <> 'UNKNOWN'
  AND customer_id NOT IN (SELECT customer_id FROM buyers)`);
}

/** Headlines of `segments`. */
export async function segmentsHeadlines({ session, currency }: ExpectedOptions): Promise<Expected> {
  const money = (amount: number) => `${currency}${Math.round(amount).toLocaleString("en-US")}`;
  const asOf = await day(session, LATEST);
  await createPlaces(session, "places", asOf);
  const now = await one(
    session,
    `SELECT count(*) FILTER (place < 11) AS buyers, count(*) FILTER (place = 11) AS others,
       count(*) FILTER (place <= 2) AS best, sum(sales) FILTER (place <= 2) / sum(sales) AS best_sales,
       count(*) FILTER (place IN (8, 9)) AS slipping, sum(sales) FILTER (place IN (8, 9)) AS slipping_sales FROM places`,
  );
  const end = await day(session, `SELECT CAST(date_trunc('month', DATE '${asOf}') AS DATE) AS day`);
  const start = await day(session, `SELECT CAST(DATE '${end}' - INTERVAL 1 MONTH AS DATE) AS day`);
  await createPlaces(session, "places_before", start);
  await createPlaces(session, "places_after", end);
  const moved = await one(
    session,
    `SELECT count(*) FILTER (b.place > a.place) AS down, count(*) FILTER (b.place < a.place) AS up
     FROM places_before AS a JOIN places_after AS b USING (customer_id) WHERE a.place < 11`,
  );
  return {
    "customers with an order": { value: now.buyers!, note: `${count(now.others!)} more have none` },
    "champions and loyal": {
      value: now.best!,
      note: `${percent(now.best! / now.buyers!)} of them, with ${
        percent(now.best_sales!)
      } of net sales so far`,
    },
    "to win back": { value: now.slipping!, note: `they brought ${money(now.slipping_sales!)} so far` },
    "moved down": { value: moved.down!, note: `in ${start.slice(0, 7)}; ${count(moved.up!)} moved up` },
  };
}

/** Headlines of `customer_journey`. */
export async function journeyHeadlines({ session }: ExpectedOptions): Promise<Expected> {
  const asOf = await day(session, LATEST);
  const back = await one(
    session,
    `WITH orders AS (
       SELECT DISTINCT customer_id, order_id, order_date FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
     ),
     placed AS (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY order_date, order_id) AS place FROM orders),
     waits AS (
       SELECT coalesce(b.order_date, DATE '${asOf}' - 1) - a.order_date AS days, b.order_date IS NOT NULL AS came
       FROM placed AS a LEFT JOIN placed AS b ON b.customer_id = a.customer_id AND b.place = 2 WHERE a.place = 1
     ),
     steps AS (
       SELECT days, count(*) FILTER (came) AS came, (SELECT count(*) FROM waits AS w WHERE w.days >= waits.days) AS known
       FROM waits WHERE days <= 90 GROUP BY days
     )
     SELECT 1 - exp(sum(ln(1 - came / known))) AS share FROM steps`,
  );
  const again = { "order again within 90 days": { value: percent(back.share!, 1), note: "95 % interval" } };
  const { events } = await one(
    session,
    `SELECT count(*) AS events FROM fact_events WHERE event_date < DATE '${asOf}'`,
  );
  if (events === 0) {
    return {
      "visits": { value: "–" },
      "visits that purchase": { value: "–" },
      "carts left": { value: "–" },
      ...again,
    };
  }
  const visits = await one(
    session,
    `WITH visits AS (
       SELECT list(event_type) AS types, min(event_date) AS began FROM fact_events
       GROUP BY customer_id, coalesce(session_id, event_id)
     ),
     latest AS (SELECT max(event_date) AS last FROM fact_events WHERE event_date < DATE '${asOf}')
     SELECT count(*) AS looked, count(*) FILTER (list_has_any(types, ['add_to_cart', 'checkout', 'purchase'])) AS carts,
       count(*) FILTER (list_has_any(types, ['checkout', 'purchase'])) AS checkouts,
       count(*) FILTER (list_contains(types, 'purchase')) AS purchases
     FROM visits, latest
     WHERE began > last - 90 AND began <= last AND list_has_any(types, ['page_view', 'add_to_cart', 'checkout', 'purchase'])`,
  );
  const { looked, carts, checkouts, purchases } = visits as Record<
    "looked" | "carts" | "checkouts" | "purchases",
    number
  >;
  return {
    "visits": { value: looked, note: "in 90 days" },
    "visits that purchase": {
      value: percent(purchases / looked, 1),
      note: `${count(purchases)} of ${count(looked)}`,
    },
    "carts left": {
      value: percent((carts - purchases) / carts, 1),
      note: `${percent((checkouts - purchases) / checkouts, 1)} of those that check out`,
    },
    ...again,
  };
}
