import {
  columnSlices,
  defineEndpoint,
  EntityId,
  notReady,
  RequestError,
  type Served,
  type ServingDefinition,
  Versions,
  versionsOfScores,
} from "shopflow/ml/mod.ts";
import { z } from "zod";
import { directionOf, NOT_YET } from "./migration.ts";
import { personaOf, PERSONAS, type SegmentId } from "./personas.ts";
import type { RfmRow } from "./rfm.ts";

/** What is kept of a customer. */
interface CustomerSegment extends Omit<RfmRow, "as_of" | "customer_id"> {
  segment_before: SegmentId | typeof NOT_YET;
}

/** The segments in memory, by customer. */
export type CustomerSegments = ReadonlyMap<string, CustomerSegment>;

const SCORE = z.number().int().nullable();
const Answer = Versions.extend({
  customer_id: z.string(),
  segment: z.string().meta({ description: PERSONAS.map(({ id }) => id).join(", "), example: "at-risk" }),
  name: z.string().meta({ description: "Name of the segment", example: "At risk" }),
  meaning: z.string().meta({ description: "Who is in it" }),
  action: z.string().meta({ description: "What to do" }),
  segment_before: z.string().meta({
    description: `Segment at the beginning of the last whole month; ${NOT_YET}: not yet a customer then`,
  }),
  direction: z.enum(["up", "down", "stayed", "came"]).meta({
    description: "Which way the customer moved since",
  }),
  recency_days: z.number().nullable().meta({
    description: "Days since the last order; null without an order",
  }),
  orders: z.number(),
  net_sales: z.number().meta({ description: "Sales so far, net of discounts and returns" }),
  r: SCORE.meta({ description: "Score of recency, 1 to 5; null without an order" }),
  f: SCORE.meta({ description: "Score of frequency" }),
  m: SCORE.meta({ description: "Score of money" }),
});

/** `GET /segments/{customer_id}`: the segment of a customer and what to do; 404 for one that does not exist. */
const segmentOfCustomer = defineEndpoint({
  method: "get",
  path: "/segments/{customer_id}",
  summary: "Segment of a customer",
  description:
    "The segment of a customer by recency and frequency, what to do for it, and which way the customer moved.",
  example: { question: "Who is this customer?", path: "/segments/CUST000001" },
  params: z.object({ customer_id: EntityId.meta({ example: "CUST000001" }) }),
  answer: { description: "The segment", schema: Answer },
  refusals: [404],
  respond(
    { scores, failed }: Served<undefined, CustomerSegments>,
    { params: { customer_id } },
  ): z.infer<typeof Answer> {
    if (scores === undefined) throw notReady("Segments are", { failed: failed.scores });
    const found = scores.rows.get(customer_id);
    if (found === undefined) {
      throw new RequestError(404, "customer_not_found", "There is no such customer in a segment", {
        found: customer_id,
        remedy: `Use a customer_id of dim_customers that signed up or ordered before ${scores.table.asOf}.`,
      });
    }
    const { name, meaning, action } = personaOf(found.segment);
    return {
      customer_id,
      ...found,
      net_sales: Number(found.net_sales.toFixed(2)),
      name,
      meaning,
      action,
      direction: directionOf({ from: found.segment_before, to: found.segment }),
      ...versionsOfScores(scores.table),
    };
  },
});

/** How the server answers from the segments. */
export const SEGMENTS_SERVING: ServingDefinition<undefined, CustomerSegments> = {
  endpoints: [segmentOfCustomer],
  async loadScores(session, source) {
    const byCustomer = new Map<string, CustomerSegment>();
    const query =
      `SELECT customer_id, segment, segment_before, recency_days, orders, net_sales, r, f, m FROM ${source}`;
    for await (const slice of columnSlices(session, query)) {
      const { customer_id: ids, ...columns } = slice;
      const names = Object.keys(columns);
      for (const [i, id] of (ids as string[]).entries()) {
        byCustomer.set(
          id,
          Object.fromEntries(names.map((name) => [name, columns[name]![i]])) as unknown as CustomerSegment,
        );
      }
    }
    return byCustomer;
  },
  scoredCustomers: (segments) => segments.keys(),
};
