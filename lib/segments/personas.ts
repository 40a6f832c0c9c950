import { InputError } from "shopflow/errors/mod.ts";

/** Names a segment in addresses, tables and audiences. */
export type SegmentId =
  | "champions"
  | "loyal"
  | "potential-loyalists"
  | "new"
  | "promising"
  | "need-attention"
  | "about-to-sleep"
  | "cannot-lose"
  | "at-risk"
  | "hibernating"
  | "no-order";

/** A segment of customers with a name that people know, and what to do for it. */
export interface Persona {
  id: SegmentId;
  name: string;
  /** Scores of recency and of frequency, 1 to 5, of the customers in it; undefined of those who never ordered. */
  cells?: { recency: readonly number[]; frequency: readonly number[] };
  /** Who they are, in words. */
  meaning: string;
  /** What to do for them. */
  action: string;
}

/**
 * The segments from the warmest to the coldest; who goes down this list has moved down. Their cells cover the grid of
 * recency × frequency scores once, so each customer is in exactly one. It is the grid that RFM software has in common
 * (such as Mavenlink's and the R package `rfm`, after Hughes, Strategic Database Marketing, 1994), with frequency alone on
 * its second axis: the money score orders the lists, since who spends much is worth the first call in each segment.
 */
export const PERSONAS: readonly Persona[] = [
  {
    id: "champions",
    name: "Champions",
    cells: { recency: [5], frequency: [4, 5] },
    meaning: "Ordered just now, and more often than most.",
    action: "Thank them, show novelties first, ask for reviews and referrals. No discount: they buy anyway.",
  },
  {
    id: "loyal",
    name: "Loyal",
    cells: { recency: [3, 4], frequency: [4, 5] },
    meaning: "Order often, the last time not long ago.",
    action: "Loyalty programme and matching products; remind them of their usual order when it is due.",
  },
  {
    id: "potential-loyalists",
    name: "Potential loyalists",
    cells: { recency: [4, 5], frequency: [2, 3] },
    meaning: "Ordered lately, and a few times.",
    action:
      "Recommend what goes with their orders; offer membership or free delivery from the next order on.",
  },
  {
    id: "new",
    name: "New",
    cells: { recency: [5], frequency: [1] },
    meaning: "Ordered just now, with as few orders as anybody.",
    action: "Welcome series and help with the first order; aim at the second order within its usual time.",
  },
  {
    id: "promising",
    name: "Promising",
    cells: { recency: [4], frequency: [1] },
    meaning: "Ordered lately, with as few orders as anybody.",
    action: "Remind them of the shop with best sellers of the category they bought from.",
  },
  {
    id: "need-attention",
    name: "Need attention",
    cells: { recency: [3], frequency: [3] },
    meaning: "In the middle, in how lately and in how often they ordered.",
    action: "A limited offer on what they bought before, now, while they still remember the shop.",
  },
  {
    id: "about-to-sleep",
    name: "About to sleep",
    cells: { recency: [3], frequency: [1, 2] },
    meaning: "Ordered seldom, and not lately.",
    action: "One reminder with popular products; no costly offer.",
  },
  {
    id: "cannot-lose",
    name: "Cannot lose them",
    cells: { recency: [1, 2], frequency: [5] },
    meaning: "Among those who ordered most often, but not lately.",
    action: "Call or write in person, find out what went wrong, and win them back: worth a real offer.",
  },
  {
    id: "at-risk",
    name: "At risk",
    cells: { recency: [1, 2], frequency: [3, 4] },
    meaning: "Ordered often, but not lately.",
    action: "Personal e-mail with an offer on their category, tested against a hold-out.",
  },
  {
    id: "hibernating",
    name: "Hibernating",
    cells: { recency: [1, 2], frequency: [1, 2] },
    meaning: "Ordered seldom, long ago.",
    action: "Leave them in the newsletter; spend nothing more, unless a trial shows that it pays.",
  },
  {
    id: "no-order",
    name: "No order yet",
    meaning: "Known to the shop, without an order in the data.",
    action: "A reason to order for the first time: best sellers, free delivery.",
  },
];

/** A persona by its id. @throws {InputError} when there is none of that id. */
export function personaOf(id: string): Persona {
  const found = PERSONAS.find((persona) => persona.id === id);
  if (found !== undefined) return found;
  throw new InputError("Invalid segment", {
    expected: PERSONAS.map(({ id }) => id).join(", "),
    found: JSON.stringify(id),
  });
}

/** SQL of the segment of scores `r` and `f`, which are null of customers who never ordered. */
export function segmentSql(r: string, f: string): string {
  const cases = PERSONAS.flatMap(({ id, cells }) =>
    cells === undefined ? [] : [
      `WHEN ${r} IN (${cells.recency.join(", ")}) AND ${f} IN (${cells.frequency.join(", ")}) THEN '${id}'`,
    ]
  );
  return `CASE WHEN ${r} IS NULL THEN 'no-order' ${cases.join(" ")} END`;
}
