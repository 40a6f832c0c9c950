import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { ScoreTable } from "shopflow/registry/mod.ts";
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
  const source = `read_parquet(${sqlString(await store.localPath(table.key))})`;
  using session = await openSession({ threads: 1 });
  const { customerAt, firstRow } = await loadRowRanges(session, source);
  const codes = new Map<string, number>();
  const productIds: string[] = [];
  const codeOf = (productId: string) => {
    const known = codes.get(productId);
    if (known !== undefined) return known;
    codes.set(productId, productIds.length);
    return productIds.push(productId) - 1;
  };
  const rows = firstRow.at(-1)!;
  const products = new Int32Array(rows);
  const because = new Int32Array(rows);
  const scores = new Float64Array(rows);
  let row = 0;
  const ranked = `SELECT product_id, score, because FROM ${source} ORDER BY customer_id, rank`;
  for await (const slice of columnSlices(session, ranked)) {
    scores.set(slice.score as number[], row);
    for (const [i, id] of (slice.product_id as string[]).entries()) {
      const cause = slice.because![i] as string | null;
      products[row + i] = codeOf(id);
      because[row + i] = cause === null ? -1 : codeOf(cause);
    }
    row += slice.product_id!.length;
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
