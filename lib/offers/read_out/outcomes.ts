import { addDays, checkAsOf, dayAfterLastSale } from "shopflow/ml/mod.ts";
import { COVARIATES } from "../draw/population.ts";
import { type Draw, type OfferEvent, standing } from "../ledger/events.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** What a customer of a trial did, in currency and numbers of orders, with what was known at the draw. */
export interface TrialRow {
  customer_id: string;
  draw: string;
  /** 1: offered, 0: held out. */
  offered: 0 | 1;
  /** Probability that the customer would be offered, as it was drawn. */
  probability: number;
  /** What the rule ranked by. */
  score: number;
  /** Whether there was an order in the outcome window. */
  ordered: 0 | 1;
  orders: number;
  /** Before discounts, net of returns. */
  gross_sales: number;
  /** After discounts, net of returns. */
  net_sales: number;
  /** net sales − cost of goods (1 − margin of gross sales) − contact cost of those offered. */
  profit: number;
  /** What the contact cost; 0 of those held out. */
  contact_cost: number;
  /** Net sales of as many days before the offer. */
  earlier_sales: number;
  /** Covariates of the draw, by {@linkcode COVARIATES}; null where one was not known. */
  [covariate: string]: string | number | null;
}

/** A list of a trial, and whether its outcomes are known. */
export interface TrialDraw {
  draw: Draw;
  /** The day from which its outcomes are known: when the data has every day of the outcome window. */
  knownFrom: string;
  isKnown: boolean;
}

/** The outcomes of a trial, as far as they are known. */
export interface TrialOutcomes {
  trial: string;
  /** Its lists in the order in which they start. */
  draws: TrialDraw[];
  /** Outcomes are known of the days before this one. */
  dataUntil: string;
  /** A row a customer: of the first list that the customer was on. Lists whose outcomes are not known have none. */
  rows: readonly TrialRow[];
  /** Customers left out, since an earlier list of the trial had them already. */
  repeated: number;
  /** Customers with a row whom another trial made an offer within their outcome window. */
  offeredElsewhere: { offered: number; heldOut: number };
  /** Customers with a row who are of the global control, where another trial made offers before: to others, not to them. */
  withoutEarlierOffers: number;
}

/** Names of the trials in a ledger, in the order of their first lists; cancelled lists make none. */
export const trialsIn = (events: readonly OfferEvent[]): string[] => [
  ...new Set(standing(events).map(({ request }) => request.trial)),
];

/** The day on which the outcomes of a list are known. */
export const knownFrom = ({ startsOn, request }: Pick<Draw, "startsOn" | "request">): string =>
  addDays(startsOn, request.offer.outcomeDays);

/**
 * Joins the lists of a trial with the orders of the star schema. A customer counts once, in the group and with the window
 * of the first list: later ones of the same trial keep the group, so each customer is one unit of the draw.
 *
 * @param session A session with the curated tables.
 * @param events All events of the ledger.
 */
export async function readTrialOutcomes(
  session: Pick<Session, "rows">,
  events: readonly OfferEvent[],
  trial: string,
): Promise<TrialOutcomes> {
  const dataUntil = await dayAfterLastSale(session);
  const draws = standing(events).filter(({ request }) => request.trial === trial)
    .sort((a, b) => a.startsOn < b.startsOn ? -1 : a.startsOn > b.startsOn ? 1 : 0)
    .map((draw): TrialDraw => ({ draw, knownFrom: knownFrom(draw), isKnown: knownFrom(draw) <= dataUntil }));
  const others = standing(events).filter(({ request }) => request.trial !== trial);
  const offeredElsewhere = { offered: 0, heldOut: 0 };
  let withoutEarlierOffers = 0;
  const rows: TrialRow[] = [];
  const seen = new Set<string>();
  let repeated = 0;
  for (const { draw, isKnown } of draws) {
    const outcomes = isKnown ? await readOutcomes(session, draw) : undefined;
    const elsewhere = new Set(
      others.filter(({ startsOn }) => startsOn >= draw.startsOn && startsOn < knownFrom(draw))
        .flatMap(({ customers }) => customers.filter(({ arm }) => arm === "offered"))
        .map(({ customerId }) => customerId),
    );
    for (const customer of draw.customers) {
      if (seen.has(customer.customerId)) {
        repeated++;
        continue;
      }
      seen.add(customer.customerId);
      if (outcomes === undefined) continue;
      rows.push(rowOf(draw, customer, outcomes.get(customer.customerId)));
      if (elsewhere.has(customer.customerId)) {
        offeredElsewhere[customer.arm === "offered" ? "offered" : "heldOut"]++;
      }
      if (customer.arm === "global control" && others.some(({ startsOn }) => startsOn < draw.startsOn)) {
        withoutEarlierOffers++;
      }
    }
  }
  return { trial, draws, dataUntil, rows, repeated, offeredElsewhere, withoutEarlierOffers };
}

interface Outcome {
  customer_id: string;
  orders: number;
  gross_sales: number;
  net_sales: number;
  earlier_sales: number;
}

/** What customers bought in the outcome window of a list, and in as many days before. Those without orders are absent. */
async function readOutcomes(
  session: Pick<Session, "rows">,
  { startsOn, request: { offer } }: Draw,
): Promise<Map<string, Outcome>> {
  const days = Math.trunc(offer.outcomeDays);
  const start = `DATE '${checkAsOf(startsOn)}'`;
  const rows = await session.rows<Outcome>(`
    SELECT customer_id,
           count(DISTINCT order_id) FILTER (order_date >= ${start} AND line_type = 'sale') AS orders,
           CAST(coalesce(sum(order_amount) FILTER (order_date >= ${start}), 0) AS DOUBLE) AS gross_sales,
           CAST(coalesce(sum(net_amount) FILTER (order_date >= ${start}), 0) AS DOUBLE) AS net_sales,
           CAST(coalesce(sum(net_amount) FILTER (order_date < ${start}), 0) AS DOUBLE) AS earlier_sales
    FROM fact_orders
    WHERE order_date >= ${start} - ${days} AND order_date < ${start} + ${days} AND customer_id <> 'UNKNOWN'
    GROUP BY customer_id`);
  return new Map(rows.map((row) => [row.customer_id, row]));
}

const NOTHING: Omit<Outcome, "customer_id"> = { orders: 0, gross_sales: 0, net_sales: 0, earlier_sales: 0 };

function rowOf(
  { id, treatmentProbability, request: { offer } }: Draw,
  { customerId, arm, score, covariates }: Draw["customers"][number],
  { orders, gross_sales, net_sales, earlier_sales }: Omit<Outcome, "customer_id"> = NOTHING,
): TrialRow {
  const offered = arm === "offered" ? 1 : 0;
  const contact_cost = offered * offer.contactCost;
  return {
    customer_id: customerId,
    draw: id,
    offered,
    probability: treatmentProbability,
    score,
    ordered: orders > 0 ? 1 : 0,
    orders,
    gross_sales,
    net_sales,
    profit: net_sales - (1 - offer.margin) * gross_sales - contact_cost,
    contact_cost,
    earlier_sales,
    ...Object.fromEntries(COVARIATES.map((name) => [name, covariates[name] ?? null])),
  };
}
