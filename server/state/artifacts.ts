import { openSession, openSnapshot, type Session, sqlString, type Value } from "shopflow/warehouse/mod.ts";
import type { Manifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Reason } from "shopflow/churn/mod.ts";
import { scoresPath, type ScoreTable } from "shopflow/ml/registry/mod.ts";

/**
 * Reads a query's result a slice of rows at a time, in the query's order, each slice as one array a column.
 * Converting a million rows at once would block every request for a second; between slices they are served.
 */
async function* columnSlices(
  session: Session,
  query: string,
  rowsPerSlice = 10_000,
): AsyncGenerator<Record<string, Value[]>> {
  await session.run(`CREATE OR REPLACE TEMP TABLE sliced AS ${query}`);
  const [size] = await session.rows<{ rows: number }>("SELECT count(*) AS rows FROM sliced");
  for (let from = 0; from < (size?.rows ?? 0); from += rowsPerSlice) {
    yield await session.columns(
      `SELECT * FROM sliced WHERE rowid >= ${from} AND rowid < ${from + rowsPerSlice} ORDER BY rowid`,
    );
  }
  await session.run("DROP TABLE sliced");
}

interface Product {
  name: string;
  category: string | null;
}

/** What the server knows of one snapshot: which customers and products exist. */
export interface Catalogue {
  manifest: Manifest;
  customers: ReadonlySet<string>;
  products: ReadonlyMap<string, Product>;
}

/** @throws {LakeError} when a file of the snapshot is missing. */
export async function loadCatalogue(store: ObjectStore, snapshotId: string): Promise<Catalogue> {
  using snapshot = await openSnapshot(store, snapshotId, {
    threads: 1,
    tables: ["dim_customers", "dim_products"],
  });
  const customers = new Set<string>();
  for await (
    const slice of columnSlices(
      snapshot,
      "SELECT customer_id FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN'",
    )
  ) {
    for (const id of slice.customer_id as string[]) customers.add(id);
  }
  const products = new Map<string, Product>();
  const rows = columnSlices(
    snapshot,
    "SELECT product_id, product_name, category FROM dim_products WHERE is_current",
  );
  for await (const { product_id, product_name, category } of rows) {
    for (const [i, id] of (product_id as string[]).entries()) {
      products.set(id, {
        name: (product_name as (string | null)[])[i] ?? id,
        category: (category as (string | null)[])[i] ?? null,
      });
    }
  }
  return { manifest: snapshot.manifest, customers, products };
}

interface ChurnScore {
  /** 0 to 1. */
  probability: number;
  /** What moved the score most, strongest first. */
  reasons: Reason[];
}

/** The churn score table in memory, by customer. */
export interface ChurnScores {
  table: ScoreTable;
  customerIds(): Iterator<string>;
  of(customerId: string): ChurnScore | undefined;
}

/**
 * Loads a churn score table. In memory a lookup takes microseconds; 100 lookups at once by an index of DuckDB
 * take longer than 100 whole requests do (tests/benchmarks/server_bench.ts).
 */
export async function loadChurnScores(store: ObjectStore, table: ScoreTable): Promise<ChurnScores> {
  const path = await scoresPath(store, table);
  using session = await openSession({ threads: 1 });
  const rowOf = new Map<string, number>();
  const probabilities = new Float64Array(table.rows);
  const reasons: string[] = [];
  const query = `SELECT customer_id, churn_probability, reasons FROM read_parquet(${sqlString(path)})`;
  for await (const slice of columnSlices(session, query, 4000)) {
    probabilities.set(slice.churn_probability as number[], rowOf.size);
    for (const id of slice.customer_id as string[]) rowOf.set(id, rowOf.size);
    reasons.push(...slice.reasons as string[]);
  }
  return {
    table,
    customerIds: () => rowOf.keys(),
    of(customerId) {
      const row = rowOf.get(customerId);
      if (row === undefined) return undefined;
      // Kept as text: parsed reasons of 100,000 customers would take several times the memory.
      return { probability: probabilities[row]!, reasons: JSON.parse(reasons[row]!) as Reason[] };
    },
  };
}

/** What to do about one product in one warehouse. */
export interface PlanRow {
  product_id: string;
  warehouse_id: string;
  as_of: string;
  /** Units. */
  stock_level: number;
  /** Units a day: mean and standard deviation. */
  daily_demand: number;
  demand_sd: number;
  lead_time_days: number;
  /** 0 to 1. */
  service_level: number;
  /** Units. */
  safety_stock: number;
  reorder_point: number;
  order_quantity: number;
  /** Null without demand. */
  days_of_cover: number | null;
  /** Probability that demand over the lead time exceeds the stock. */
  stockout_risk: number;
  is_stockout: boolean;
  is_overstock: boolean;
  action: string;
}

/** The inventory plan in memory, by product. */
export interface InventoryPlan {
  table: ScoreTable;
  /** Rows by warehouse; empty for a product without inventory data. */
  of(productId: string): PlanRow[];
}

const COLUMNS: (keyof PlanRow)[] = [
  "product_id",
  "warehouse_id",
  "as_of",
  "stock_level",
  "daily_demand",
  "demand_sd",
  "lead_time_days",
  "service_level",
  "safety_stock",
  "reorder_point",
  "order_quantity",
  "days_of_cover",
  "stockout_risk",
  "is_stockout",
  "is_overstock",
  "action",
];

/** Loads an inventory plan: a row a product and warehouse, some 20,000 in all. */
export async function loadInventoryPlan(store: ObjectStore, table: ScoreTable): Promise<InventoryPlan> {
  const path = await scoresPath(store, table);
  using session = await openSession({ threads: 1 });
  const rows = await session.rows<PlanRow>(
    `SELECT ${COLUMNS.join(", ")} FROM read_parquet(${sqlString(path)}) ORDER BY product_id, warehouse_id`,
  );
  const byProduct = Map.groupBy(rows, (row) => row.product_id);
  return { table, of: (productId) => byProduct.get(productId) ?? [] };
}

interface ScoredProduct {
  productId: string;
  score: number;
  /** The product of the customer's history that weighs most; null when none does. */
  because: string | null;
}

/** The recommendation score table in memory, by customer. */
export interface RecommendationScores {
  table: ScoreTable;
  /** The first `n` products by rank, or undefined when the customer was not scored. */
  of(customerId: string, n: number): ScoredProduct[] | undefined;
}

/** Loads a recommendation score table: 16 bytes a row in typed arrays, with products as codes. */
export async function loadRecommendationScores(
  store: ObjectStore,
  table: ScoreTable,
): Promise<RecommendationScores> {
  const source = `read_parquet(${sqlString(await scoresPath(store, table))})`;
  using session = await openSession({ threads: 1 });
  const { customerAt, firstRow } = await loadRowRanges(session, source);
  const productIds = await codeProducts(session, source);
  const rows = firstRow.at(-1)!;
  const products = new Int32Array(rows);
  const because = new Int32Array(rows);
  const scores = new Float64Array(rows);
  let row = 0;
  for await (const slice of columnSlices(session, rankedSql(source))) {
    products.set(slice.product as number[], row);
    because.set(slice.because as number[], row);
    scores.set(slice.score as number[], row);
    row += slice.product!.length;
  }
  return {
    table,
    of(customerId, n) {
      const customer = customerAt.get(customerId);
      if (customer === undefined) return undefined;
      const from = firstRow[customer]!;
      const to = Math.min(from + n, firstRow[customer + 1]!);
      return Array.from({ length: to - from }, (_, i) => ({
        productId: productIds[products[from + i]!]!,
        score: scores[from + i]!,
        because: productIds[because[from + i]!] ?? null,
      }));
    },
  };
}

/** Customer `i` owns the rows from `firstRow[i]` up to `firstRow[i + 1]` (exclusive) of the ranked table. */
async function loadRowRanges(session: Session, source: string) {
  const customerAt = new Map<string, number>();
  const firstRow = [0];
  const counts = `SELECT customer_id, count(*) AS items FROM ${source} GROUP BY ALL ORDER BY customer_id`;
  for await (const slice of columnSlices(session, counts)) {
    for (const [i, id] of (slice.customer_id as string[]).entries()) {
      customerAt.set(id, customerAt.size);
      firstRow.push(firstRow.at(-1)! + (slice.items as number[])[i]!);
    }
  }
  return { customerAt, firstRow: Uint32Array.from(firstRow) };
}

/** Numbers the products in a table `product_codes`: reading two million ids as text would take twice the time. */
async function codeProducts(session: Session, source: string): Promise<string[]> {
  await session.run(`CREATE TEMP TABLE product_codes AS
    SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS code
    FROM (SELECT product_id FROM ${source} UNION SELECT because FROM ${source} WHERE because IS NOT NULL)`);
  const { product_id } = await session.columns("SELECT product_id FROM product_codes ORDER BY code");
  return product_id as string[];
}

/** Products as codes, -1 where there is none, by customer and rank. */
const rankedSql = (source: string) => `
  SELECT product.code::INTEGER AS product, coalesce(cause.code, -1)::INTEGER AS because, score
  FROM ${source} AS scored
  JOIN product_codes AS product ON product.product_id = scored.product_id
  LEFT JOIN product_codes AS cause ON cause.product_id = scored.because
  ORDER BY customer_id, rank`;
