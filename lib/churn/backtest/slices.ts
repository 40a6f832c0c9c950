import { bootstrapIntervals, type Interval, rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";
import { matrixRow } from "shopflow/ml/classifier/mod.ts";
import { mean, valueAt } from "shopflow/ml/mod.ts";
import type { FeatureSession } from "shopflow/ml/features/mod.ts";
import type { ChurnExamples } from "../examples.ts";

/** How well a model does on a part of the customers. */
export interface ChurnSlice {
  /** What customers are split by. */
  by: "country" | "tenure" | "segment";
  part: string;
  customers: number;
  /** Share without an order in the horizon, 0..1. */
  observed: number;
  /** Mean predicted probability. */
  predicted: number;
  /** Undefined where the customers are too few to tell. */
  auc?: Interval;
}

/** Fewer customers of an outcome say nothing of how well a model ranks them. */
const FEWEST_OF_AN_OUTCOME = 20;
/** More countries than a page can hold: the others count together. */
const MOST_COUNTRIES = 8;

const TENURES: readonly [most: number, text: string][] = [
  [90, "up to 90 days"],
  [365, "91 days to a year"],
  [Infinity, "over a year"],
];

/** By what customers did before the date: the shop's own segment knows what they did later, so it is not used. */
function segmentOf(orders: number, tenureDays: number): string {
  if (tenureDays <= 90) return "newcomers: first order within 90 days";
  if (orders <= 1) return "one order";
  return orders <= 4 ? "2 to 4 orders" : "5 orders or more";
}

/**
 * Measures a model by country, by days since the first order and by segment; parts with the most customers first.
 *
 * @param session A session with the curated tables; where customers have no country, nothing is cut by it.
 * @param examples Active customers of a test date.
 * @param probabilities What the model says of them.
 */
export async function churnSlices(
  session: FeatureSession,
  examples: ChurnExamples,
  probabilities: Float64Array,
): Promise<ChurnSlice[]> {
  const { features, customerIds } = examples;
  const column = (name: string) => {
    const place = features.names.indexOf(name);
    return customerIds.map((_, row) => valueAt(matrixRow(features, row), place));
  };
  const [tenure, orders] = [column("tenure_days"), column("order_count")];
  const countries = await countriesOf(session);
  const cuts: [ChurnSlice["by"], string[]][] = [
    ["tenure", tenure.map((days) => TENURES.find(([most]) => days <= most)?.[1] ?? "unknown")],
    ["segment", orders.map((count, row) => segmentOf(count, valueAt(tenure, row)))],
  ];
  if (countries !== undefined) {
    cuts.unshift(["country", mostFrequent(customerIds.map((id) => countries.get(id) ?? "unknown"))]);
  }
  return cuts.flatMap(([by, parts]) => slicesBy(by, parts, examples, probabilities));
}

async function countriesOf(session: FeatureSession): Promise<Map<string, string> | undefined> {
  const { name = [] } = await session.columns(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'dim_customers'",
  );
  if (!name.includes("country")) return undefined;
  const { customer_id = [], country = [] } = await session.columns(
    "SELECT customer_id, country FROM dim_customers WHERE is_current AND country IS NOT NULL",
  );
  return new Map(customer_id.map((id, row) => [String(id), String(country[row])]));
}

function mostFrequent(parts: string[]): string[] {
  const counts = new Map<string, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  const kept = new Set(
    [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MOST_COUNTRIES).map(([part]) =>
      part
    ),
  );
  return parts.map((part) => kept.has(part) ? part : "other countries");
}

function slicesBy(
  by: ChurnSlice["by"],
  parts: string[],
  { labels, customerIds }: ChurnExamples,
  probabilities: Float64Array,
): ChurnSlice[] {
  const rowsOf = new Map<string, number[]>();
  for (const [row, part] of parts.entries()) rowsOf.set(part, [...rowsOf.get(part) ?? [], row]);
  return [...rowsOf].sort(([a, m], [b, n]) => n.length - m.length || (a < b ? -1 : 1)).map(([part, rows]) => {
    const [own, predicted] = [
      Uint8Array.from(rows, (row) => valueAt(labels, row)),
      Float64Array.from(rows, (row) => valueAt(probabilities, row)),
    ];
    const churned = own.reduce((sum, label) => sum + label, 0);
    const slice = { by, part, customers: rows.length, observed: mean(own), predicted: mean(predicted) };
    if (Math.min(churned, rows.length - churned) < FEWEST_OF_AN_OUTCOME) return slice;
    const ranked = rankRows(own, predicted);
    const { auc } = bootstrapIntervals(
      rows.map((row) => valueAt(customerIds, row)),
      (weights) => ({ auc: rankedMetrics(ranked, 1, weights).auc }),
    );
    return { ...slice, auc };
  });
}
