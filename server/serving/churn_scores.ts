import type { Reason } from "shopflow/models/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { scoresPath, type ScoreTable } from "shopflow/registry/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { columnSlices } from "./column_slices.ts";

export interface ChurnScore {
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
