import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";
import { type Session, sqlString } from "shopflow/warehouse/mod.ts";

/** The steps of a visit, in their order, by the event that shows each. */
export const STEPS = ["view", "cart", "checkout", "purchase"] as const;
export type Step = typeof STEPS[number];
const EVENTS: Record<Step, string> = {
  view: "page_view",
  cart: "add_to_cart",
  checkout: "checkout",
  purchase: "purchase",
};

/** Days of a funnel: from the first until before the last. */
export interface FunnelDays {
  from: string;
  /** Exclusive. */
  until: string;
}

/**
 * The last days of the events before a day; fewer where the events begin later. Undefined where there are none.
 *
 * @param asOf Events of that day and later do not count.
 */
export async function lastEventDays(
  session: Pick<Session, "rows">,
  asOf: string,
  days: number,
): Promise<FunnelDays | undefined> {
  const [found] = await session.rows<{ first: string | null; last: string | null }>(
    `SELECT min(event_date) AS first, max(event_date) AS last FROM fact_events WHERE event_date < DATE '${
      checkAsOf(asOf)
    }'`,
  );
  if (!found?.first || !found.last) return undefined;
  const until = addDays(found.last, 1), from = addDays(until, -days);
  return { from: from < found.first ? found.first : from, until };
}

/** What visits are split by. */
export type FunnelGrouping = "all" | "device" | "category";

/** A step of a funnel. */
export interface FunnelStep {
  /** Device or category; `all` without a grouping. */
  value: string;
  step: Step;
  /** Visits that came this far or further. */
  visits: number;
  /** Visits that came no further. */
  stopped: number;
  /** Customers who are known and came no further in any of these visits; at `purchase`, those who purchased. */
  stopped_customers: number;
}

/** Steps as numbers, 1 is the first: the furthest of the events of a group. */
const FURTHEST = `max(CASE event_type ${
  STEPS.map((step, i) => `WHEN '${EVENTS[step]}' THEN ${i + 1}`).join(" ")
} END)`;

/**
 * SQL of the visits that began in a time: `customer_id` (UNKNOWN where nobody signed in), `visit`, `began DATE`,
 * `device` (the first that is known, else Unknown), `furthest` (1 view to 4 purchase) and the first time of each step,
 * `view_at` to `purchase_at`, null of a step without an event.
 *
 * A visit is what the tracker calls a session; an event without one is a visit by itself. A visit came as far as its
 * furthest event, even where one before it is missing (some trackers record no view of what is put into the cart from a
 * list), so later steps never have more visits than earlier ones.
 *
 * @throws {InputError} when a day is not a date.
 */
export function visitsSql({ from, until }: FunnelDays): string {
  const first = (step: Step) => `min(event_timestamp) FILTER (event_type = '${EVENTS[step]}') AS ${step}_at`;
  return `SELECT customer_id, coalesce(session_id, event_id) AS visit, min(event_date) AS began,
  coalesce(arg_min(device_type, event_timestamp) FILTER (device_type IS NOT NULL), 'Unknown') AS device,
  ${FURTHEST} AS furthest, ${STEPS.map(first).join(", ")}
FROM fact_events
GROUP BY ALL
HAVING furthest IS NOT NULL AND began >= DATE '${checkAsOf(from)}' AND began < DATE '${checkAsOf(until)}'`;
}

/**
 * SQL of the visits by category of the products in them: `customer_id`, `visit`, `category`, `furthest`. A visit that
 * looked at two categories has two rows. A checkout or purchase that names no product counts for every category of which
 * something was put into the cart.
 */
export function categoryVisitsSql(days: FunnelDays): string {
  return `WITH visits AS (${visitsSql(days)}),
steps AS (
  SELECT customer_id, coalesce(session_id, event_id) AS visit, category, ${FURTHEST} AS step
  FROM fact_events
  JOIN (SELECT product_id, category FROM dim_products WHERE is_current) AS products USING (product_id)
  GROUP BY ALL
),
unnamed AS (
  SELECT customer_id, coalesce(session_id, event_id) AS visit, ${FURTHEST} AS step
  FROM fact_events WHERE product_id IS NULL AND event_type IN ('checkout', 'purchase')
  GROUP BY ALL
)
SELECT steps.customer_id, steps.visit, category,
       CASE WHEN steps.step >= 2 THEN greatest(steps.step, coalesce(unnamed.step, 0)) ELSE steps.step END AS furthest
FROM steps
JOIN visits ON visits.customer_id = steps.customer_id AND visits.visit = steps.visit
LEFT JOIN unnamed ON unnamed.customer_id = steps.customer_id AND unnamed.visit = steps.visit
WHERE steps.step IS NOT NULL`;
}

/** SQL of visits with the value that they are split by: `customer_id`, `visit`, `value`, `furthest`. */
function groupedVisitsSql(by: FunnelGrouping, days: FunnelDays): string {
  if (by === "category") {
    return `SELECT customer_id, visit, category AS value, furthest FROM (${categoryVisitsSql(days)})`;
  }
  return `SELECT customer_id, visit, ${by === "device" ? "device" : "'all'"} AS value, furthest FROM (${
    visitsSql(days)
  })`;
}

/** The funnel of a period, split by device or category, in the order of the steps; empty without events. */
export async function readFunnel(
  session: Pick<Session, "rows">,
  by: FunnelGrouping,
  days: FunnelDays,
): Promise<FunnelStep[]> {
  const rows = await session.rows<Omit<FunnelStep, "step"> & { place: number }>(
    `WITH visits AS (${groupedVisitsSql(by, days)}),
customers AS (
  SELECT customer_id, value, max(furthest) AS furthest FROM visits WHERE customer_id <> 'UNKNOWN' GROUP BY ALL
),
places AS (SELECT unnest([1, 2, 3, 4]) AS place),
counted AS (
  SELECT value, place, count(*) FILTER (furthest >= place) AS visits, count(*) FILTER (furthest = place) AS stopped
  FROM visits CROSS JOIN places GROUP BY ALL
)
SELECT value, CAST(place AS INTEGER) AS place, visits, stopped,
       (SELECT count(*) FROM customers WHERE customers.value = counted.value AND customers.furthest = counted.place)
         AS stopped_customers
FROM counted
ORDER BY max(visits) OVER (PARTITION BY value) DESC, value, place`,
  );
  return rows.map(({ place, ...row }) => ({ ...row, step: STEPS[place - 1]! }));
}

/** Whom a cell of a funnel is about. */
export interface FunnelCell extends FunnelDays {
  furthest: Step;
  device?: string;
  category?: string;
}

/**
 * SQL of the customers of a cell, `customer_id`: those who came as far as a step and no further in any of the visits
 * of these days (on the device, or to the category).
 *
 * @throws {InputError} when both a device and a category are named, or a day is not a date.
 */
export function funnelCustomersSql({ furthest, device, category, ...days }: FunnelCell): string {
  if (device !== undefined && category !== undefined) {
    throw new InputError("Invalid cell of a funnel", { expected: "a device or a category", found: "both" });
  }
  const by = device !== undefined ? "device" : category !== undefined ? "category" : "all";
  const value = device ?? category;
  return `SELECT customer_id FROM (${groupedVisitsSql(by, days)})
WHERE customer_id <> 'UNKNOWN'${value === undefined ? "" : ` AND value = ${sqlString(value)}`}
GROUP BY customer_id
HAVING max(furthest) = ${STEPS.indexOf(furthest) + 1}`;
}

/** What a tracker leaves out, to be said beside a funnel. */
export interface Tracking {
  visits: number;
  /** Visits of which nobody knows whose they are. */
  unknown_visits: number;
  /** Visits with a step whose step before has no event. */
  skipped: number;
  /** Orders of known customers in these days, counted once a customer and day, and those of them with a purchase event. */
  order_days: number;
  tracked_order_days: number;
}

/** How much of what happened the events of a time tell. */
export async function readTracking(session: Pick<Session, "rows">, days: FunnelDays): Promise<Tracking> {
  const [found] = await session.rows<Tracking>(
    `WITH visits AS (${visitsSql(days)}),
order_days AS (
  SELECT DISTINCT customer_id, order_date FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'
    AND order_date >= DATE '${days.from}' AND order_date < DATE '${days.until}'
),
purchases AS (SELECT DISTINCT customer_id, event_date FROM fact_events WHERE event_type = 'purchase')
SELECT count(*) AS visits, count(*) FILTER (customer_id = 'UNKNOWN') AS unknown_visits,
       count(*) FILTER ((furthest > 1 AND view_at IS NULL) OR (furthest > 2 AND cart_at IS NULL)
                        OR (furthest > 3 AND checkout_at IS NULL)) AS skipped,
       (SELECT count(*) FROM order_days) AS order_days,
       (SELECT count(*) FROM order_days JOIN purchases ON purchases.customer_id = order_days.customer_id
                                                      AND event_date = order_date) AS tracked_order_days
FROM visits`,
  );
  return found!;
}

/** How long visits take from one step to the next. */
export interface StepTime {
  from: Step;
  to: Step;
  /** Visits with both events, the second after the first. */
  visits: number;
  /** Seconds: the middle visit, and that of which nine in ten are faster; null without visits. */
  median_seconds: number | null;
  p90_seconds: number | null;
}

/** Times between the first events of successive steps. */
export async function readStepTimes(session: Pick<Session, "rows">, days: FunnelDays): Promise<StepTime[]> {
  const pairs = STEPS.slice(1).map((to, i) => [STEPS[i]!, to] as const);
  const parts = pairs.map(([from, to], i) =>
    `SELECT ${i} AS place, '${from}' AS "from", '${to}' AS "to", count(seconds) AS visits, median(seconds) AS median_seconds,
            quantile_cont(seconds, 0.9) AS p90_seconds
     FROM (SELECT epoch(${to}_at) - epoch(${from}_at) AS seconds FROM visits WHERE ${to}_at >= ${from}_at)`
  );
  const rows = await session.rows<StepTime & { place: number }>(
    `WITH visits AS (${visitsSql(days)}) ${parts.join(" UNION ALL ")} ORDER BY place`,
  );
  return rows.map(({ place: _, ...row }) => row);
}
