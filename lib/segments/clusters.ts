import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { chooseClusters, type ClusterChoice, pointsOf, standardise } from "shopflow/ml/clustering/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { rfmSql } from "./rfm.ts";

/** A cluster of customers, in the units of the shop. */
export interface CustomerCluster {
  /** From 1, the one with the highest median sales first. */
  cluster: number;
  customers: number;
  share: number;
  /** Medians of its customers. */
  recency_days: number;
  orders: number;
  net_sales: number;
  sales_per_order: number;
  /** Share of it that comes again when customers are drawn again (Jaccard). */
  stability: number;
  /** What makes it differ from all customers, in words. */
  words: string;
}

/** The clusters of the customers with an order, and why they are so many. */
export interface CustomerClusters {
  clusters: CustomerCluster[];
  /** Cluster of each customer. */
  members: Map<string, number>;
  choice: ClusterChoice;
}

/** Customers below which clusters would be of single people. */
const FEWEST = 50;

/**
 * Clusters the customers as of a day by what they do: days since the last order, number of orders, and sales an order,
 * each as its logarithm (they are skewed: a few customers order a hundred times) and then standardised. Sales an order
 * and not in all, since those go with the number of orders and would count it twice.
 *
 * @throws {TooLittleDataError} when fewer than 50 customers have ordered.
 */
export async function clusterCustomers(
  session: Pick<Session, "columns">,
  asOf: string,
  options: { seed?: number; ks?: readonly number[]; draws?: number } = {},
): Promise<CustomerClusters> {
  const rows = await session.columns(
    `SELECT customer_id, recency_days, orders, net_sales FROM (${
      rfmSql([asOf])
    }) WHERE orders > 0 ORDER BY customer_id`,
  );
  const ids = rows.customer_id as string[];
  const values = {
    recency_days: rows.recency_days,
    orders: rows.orders,
    net_sales: rows.net_sales,
  } as Record<
    "recency_days" | "orders" | "net_sales",
    number[]
  >;
  if (ids.length < FEWEST) {
    throw new TooLittleDataError("Too few customers for clusters", {
      expected: `at least ${FEWEST} customers with an order before ${asOf}`,
      found: String(ids.length),
    });
  }
  // Who sent back more than was bought counts as one who brought nothing.
  const perOrder = values.net_sales.map((sales, i) => Math.max(0, sales) / values.orders[i]!);
  const points = standardise(
    pointsOf([values.recency_days, values.orders, perOrder].map((column) => column.map(Math.log1p))),
  );
  const choice = chooseClusters(points, options);
  const { k, labels } = choice.clustering;
  const all = medians(ids.map((_, i) => i), values, perOrder);
  const found = Array.from({ length: k }, (_, label) => {
    const members = ids.map((_, i) => i).filter((i) => labels[i] === label);
    return { label, members, medians: medians(members, values, perOrder) };
  }).toSorted((a, b) => b.medians.net_sales - a.medians.net_sales || a.label - b.label);
  const number = new Map(found.map(({ label }, i) => [label, i + 1]));
  return {
    choice,
    members: new Map(ids.map((id, i) => [id, number.get(labels[i]!)!])),
    clusters: found.map(({ label, members, medians }, i) => ({
      cluster: i + 1,
      customers: members.length,
      share: members.length / ids.length,
      ...medians,
      stability: choice.chosen.stability.jaccards[label]!,
      words: inWords(medians, all),
    })),
  };
}

type Medians = Pick<CustomerCluster, "recency_days" | "orders" | "net_sales" | "sales_per_order">;

function medians(
  members: readonly number[],
  values: Record<"recency_days" | "orders" | "net_sales", number[]>,
  perOrder: number[],
): Medians {
  const of = (column: number[]) => {
    const sorted = members.map((i) => column[i]!).sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    return sorted.length === 0 ? 0 : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  };
  return {
    recency_days: of(values.recency_days),
    orders: of(values.orders),
    net_sales: of(values.net_sales),
    sales_per_order: of(perOrder),
  };
}

/** Half as much again, or less than two thirds, is worth a word. */
const APART = 1.5;

function inWords(own: Medians, all: Medians): string {
  const compared = (value: number, usual: number, more: string, less: string) =>
    value + 1 >= (usual + 1) * APART ? more : (value + 1) * APART <= usual + 1 ? less : undefined;
  const words = [
    compared(own.recency_days, all.recency_days, "not lately", "lately"),
    compared(own.orders, all.orders, "often", "seldom"),
    compared(own.sales_per_order, all.sales_per_order, "large orders", "small orders"),
  ].filter((word) => word !== undefined);
  return words.length === 0 ? "as most customers" : words.join(", ");
}
