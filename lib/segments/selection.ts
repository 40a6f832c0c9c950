import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";
import { z } from "zod";
import { funnelCustomersSql, type Step, STEPS } from "./journey/funnel.ts";
import { movesSql, NOT_YET } from "./migration.ts";
import { personaOf, PERSONAS, type SegmentId } from "./personas.ts";
import { rfmSql, SCORES } from "./rfm.ts";

const SEGMENTS = PERSONAS.map(({ id }) => id) as [SegmentId, ...SegmentId[]];
const DAY = z.string().refine(isDay, "a calendar date as YYYY-MM-DD");
const MONTH = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, "a month as YYYY-MM");
const SCORE = z.coerce.number().int().min(1).max(SCORES);
const NAME = z.string().min(1).max(200);

/**
 * Which customers: conditions that all must hold, as the address of a list has them and as an audience keeps them. Every
 * cell of a chart is one.
 */
const shape = z.strictObject({
  /** Customers are as they were before this day; by default the day after the last sale. */
  as_of: DAY.optional(),
  /** The segment on that day. */
  segment: z.enum(SEGMENTS).optional(),
  /** Scores of recency, frequency and money on that day. */
  r: SCORE.optional(),
  f: SCORE.optional(),
  m: SCORE.optional(),
  /** Customers of the first orders of a month; with `age`, those who ordered (or not) so many months later. */
  cohort: MONTH.optional(),
  age: z.coerce.number().int().min(0).max(1200).optional(),
  ordered: z.enum(["yes", "no"]).optional(),
  /** Customers by their segments at the start and the end of a month. */
  month: MONTH.optional(),
  from: z.enum([NOT_YET, ...SEGMENTS]).optional(),
  to: z.enum(SEGMENTS).optional(),
  /** Customers who came as far as a step and no further in the visits of these days, `until` exclusive. */
  furthest: z.enum(STEPS).optional(),
  device: NAME.optional(),
  category: NAME.optional(),
  since: DAY.optional(),
  until: DAY.optional(),
});

export type CustomerSelection = z.infer<typeof shape>;

const ALLOWED: Partial<Record<keyof CustomerSelection, string>> = {
  segment: SEGMENTS.join(", "),
  from: [NOT_YET, ...SEGMENTS].join(", "),
  to: SEGMENTS.join(", "),
  furthest: STEPS.join(", "),
  ordered: "yes or no",
  r: `a whole number from 1 to ${SCORES}`,
  f: `a whole number from 1 to ${SCORES}`,
  m: `a whole number from 1 to ${SCORES}`,
  age: "a whole number of months, 0 or more",
  cohort: "a month as YYYY-MM",
  month: "a month as YYYY-MM",
  as_of: "a calendar date as YYYY-MM-DD",
  since: "a calendar date as YYYY-MM-DD",
  until: "a calendar date as YYYY-MM-DD",
};

/** What makes no sense without another condition. */
const NEEDS: readonly (readonly [keyof CustomerSelection, keyof CustomerSelection])[] = [
  ["age", "cohort"],
  ["ordered", "age"],
  ["age", "ordered"],
  ["from", "month"],
  ["to", "month"],
  ["device", "furthest"],
  ["category", "furthest"],
  ["since", "furthest"],
  ["until", "furthest"],
  ["furthest", "since"],
  ["furthest", "until"],
];

/**
 * A selection of texts by name, such as an address has them; empty ones count as absent.
 *
 * @throws {InputError} on a name that is none, a value that it may not have, or a condition that lacks another.
 */
export function parseSelection(
  given: Readonly<Record<string, string | number | undefined>>,
): CustomerSelection {
  const texts = Object.fromEntries(
    Object.entries(given).filter(([, text]) => text !== undefined && text !== ""),
  );
  const parsed = shape.safeParse(texts);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const name = unknown ?? String(issue?.path[0]);
    throw new InputError(`Invalid condition “${name}” of customers`, {
      expected: unknown !== undefined
        ? `one of ${Object.keys(shape.shape).join(", ")}`
        : ALLOWED[name as keyof CustomerSelection] ?? "a text of 1 to 200 characters",
      found: unknown !== undefined ? unknown : JSON.stringify(texts[name]),
    });
  }
  const selection = parsed.data;
  const lacks = NEEDS.find(([has, needs]) => selection[has] !== undefined && selection[needs] === undefined);
  if (lacks !== undefined) {
    throw new InputError(`The condition “${lacks[0]}” of customers needs “${lacks[1]}”`, {
      expected: `${lacks[0]}=… together with ${lacks[1]}=…`,
      found: `${lacks[0]} alone`,
    });
  }
  if (selection.month !== undefined && selection.from === undefined && selection.to === undefined) {
    throw new InputError("The condition “month” of customers needs “from” or “to”", {
      expected: "month=… together with the segment at its start or its end",
      found: "month alone",
    });
  }
  if (selection.device !== undefined && selection.category !== undefined) {
    throw new InputError("Invalid cell of a funnel", { expected: "a device or a category", found: "both" });
  }
  return selection;
}

/** The address of the page that lists these customers, for the `href` of a chart's cells. */
export function customersPath(selection: CustomerSelection & { snapshot?: string }): string {
  const query = new URLSearchParams(
    Object.entries(selection).filter(([, value]) => value !== undefined).map((
      [name, value],
    ) => [name, String(value)]),
  );
  return query.size === 0 ? "/customers" : `/customers?${query}`;
}

/**
 * SQL of the customers of a selection, `customer_id`, from the curated tables.
 *
 * @param asOf The day that counts where the selection names none.
 */
export function selectionSql(selection: CustomerSelection, asOf: string): string {
  const {
    segment,
    r,
    f,
    m,
    cohort,
    age,
    ordered,
    month,
    from,
    to,
    furthest,
    device,
    category,
    since,
    until,
  } = selection;
  const day = checkAsOf(selection.as_of ?? asOf);
  const states = [
    segment && `segment = '${segment}'`,
    ...Object.entries({ r, f, m }).map(([name, score]) =>
      score === undefined ? undefined : `${name} = ${score}`
    ),
  ].filter((condition) => condition !== undefined);
  const parts = [
    `SELECT customer_id FROM (${rfmSql([day])})${
      states.length === 0 ? "" : ` WHERE ${states.join(" AND ")}`
    }`,
  ];
  if (cohort !== undefined) {
    parts.push(cohortSql(cohort, day, age === undefined ? undefined : { age, ordered: ordered === "yes" }));
  }
  if (month !== undefined) {
    const moves = [from && `from_segment = '${from}'`, to && `to_segment = '${to}'`].filter((condition) =>
      condition
    );
    parts.push(`SELECT customer_id FROM (${movesSql(`${month}-01`)}) WHERE ${moves.join(" AND ")}`);
  }
  if (furthest !== undefined && since !== undefined && until !== undefined) {
    parts.push(funnelCustomersSql({
      furthest,
      from: since,
      until,
      ...(device !== undefined && { device }),
      ...(category !== undefined && { category }),
    }));
  }
  return parts.map((part) => `SELECT customer_id FROM (${part})`).join("\nINTERSECT\n");
}

function cohortSql(cohort: string, asOf: string, later?: { age: number; ordered: boolean }): string {
  const first = `DATE '${cohort}-01'`;
  const has = later && `bool_or(date_trunc('month', order_date) = ${first} + to_months(${later.age}))`;
  return `SELECT customer_id FROM fact_orders
WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date < DATE '${asOf}'
GROUP BY customer_id
HAVING date_trunc('month', min(order_date)) = ${first}${
    later === undefined ? "" : ` AND ${later.ordered ? "" : "NOT "}${has}`
  }`;
}

const FURTHEST: Record<Step, string> = {
  view: "looked, and put nothing into the cart",
  cart: "put something into the cart, and did not check out",
  checkout: "began to check out, and did not purchase",
  purchase: "purchased",
};

/** A selection in words, e.g. `At risk; moved from Loyal in 2024-09`. */
export function selectionText(selection: CustomerSelection): string {
  const {
    segment,
    r,
    f,
    m,
    cohort,
    age,
    ordered,
    month,
    from,
    to,
    furthest,
    device,
    category,
    since,
    until,
  } = selection;
  const scores = [["recency", r], ["frequency", f], ["money", m]].filter(([, score]) => score !== undefined);
  const nameOf = (id: string) => id === NOT_YET ? "not yet a customer" : personaOf(id).name;
  const parts = [
    segment && `segment ${nameOf(segment)}`,
    scores.length > 0 && `score ${scores.map(([name, score]) => `${name} ${score}`).join(", ")}`,
    cohort && `first order in ${cohort}`,
    age !== undefined && cohort &&
    `${ordered === "yes" ? "ordered" : "no order"} ${age} months later, in ${monthAfter(cohort, age)}`,
    month &&
    `in ${month} ${from ? `from ${nameOf(from)}` : ""}${from && to ? " " : ""}${
      to ? `to ${nameOf(to)}` : ""
    }`,
    furthest && since && until &&
    `${FURTHEST[furthest]}${device ? ` on ${device}` : ""}${
      category ? ` in ${category}` : ""
    }, in visits from ${since} to ${addDays(until, -1)}`,
  ].filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? "all customers" : parts.join("; ");
}

/** The month so many months after a month, both as `YYYY-MM`. */
export const monthAfter = (month: string, age: number): string =>
  Temporal.PlainDate.from(`${month}-01`).add({ months: age }).toString().slice(0, 7);

function isDay(text: string): boolean {
  try {
    return checkAsOf(text) === text;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
