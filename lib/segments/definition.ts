import { type Cell, dayAfterLastSale, type ModelDefinition } from "shopflow/ml/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import { movesFrom, NOT_YET } from "./migration.ts";
import { PERSONAS } from "./personas.ts";
import { SCORES } from "./rfm.ts";
import { type CustomerSegments, SEGMENTS_SERVING } from "./serving.ts";

const COLUMNS = [
  ["customer_id", "VARCHAR", "the customer"],
  ["as_of", "DATE", "the day after the last order; data from that day on is not used"],
  ["segment", "VARCHAR", `segment: ${PERSONAS.map(({ id }) => `\`${id}\``).join(", ")}`],
  [
    "segment_before",
    "VARCHAR",
    `segment at the beginning of the last whole month before \`as_of\`; \`${NOT_YET}\`: not yet a customer then`,
  ],
  ["recency_days", "INTEGER", "days since the last order; null without an order"],
  ["orders", "INTEGER", "orders so far"],
  ["net_sales", "DOUBLE", "sales so far, net of discounts and returns"],
  [
    "r",
    "INTEGER",
    `score of recency, 1 to ${SCORES}: ${SCORES} is better than at least 80 % of those with an order`,
  ],
  ["f", "INTEGER", "score of frequency"],
  ["m", "INTEGER", "score of money"],
] as const;

/**
 * The segment of every customer, worked out by rules, so nothing is trained. Segments of earlier days come from the orders
 * before them ({@linkcode readMigrations}), not from score tables of the past, which are not kept for ever.
 */
export const segmentsModel: ModelDefinition<undefined, CustomerSegments> = {
  name: "segments",
  module: new URL(import.meta.url),
  parameters: { scores: SCORES, personas: PERSONAS.map(({ id, cells }) => ({ id, cells })) },
  asOf: dayAfterLastSale,
  scoreTable: {
    name: "segments",
    subject: "customer",
    meaning: "One row per customer, also of those who never ordered: each is in exactly one segment.",
    columns: COLUMNS,
    async score({ session, asOf }) {
      const rows = await session.rows<Record<string, Cell>>(movesFrom(asOf));
      return { rows: rows.map((row) => COLUMNS.map(([name]) => row[name] ?? null)) };
    },
    describe: ({ rows, asOf }) => `segments of ${formatCount(rows)} customers as of ${asOf}`,
  },
  serving: SEGMENTS_SERVING,
};
