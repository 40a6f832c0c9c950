import type { ObjectStore } from "shopflow/lake/mod.ts";
import { scoresPath, type ScoreTable } from "shopflow/registry/mod.ts";
import { openSession, type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { columnSlices } from "./column_slices.ts";

export interface ScoredProduct {
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
