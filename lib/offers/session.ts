import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { currentScores, requireScores, scoresPath, type ScoreTable } from "shopflow/ml/registry/mod.ts";
import { type OpenSnapshot, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";

/** What lists are drawn from, and their effects read from. */
export interface OfferSession extends Disposable {
  /** The star schema; where there are churn scores, the view `scores_churn` has them. */
  session: OpenSnapshot;
  /** Undefined before the first scoring. */
  scores: ScoreTable | undefined;
}

/** Tables that lists and their outcomes need. */
const TABLES = ["dim_customers", "fact_orders"];

/**
 * Opens the current snapshot with the current churn scores.
 *
 * @throws {LakeError} when nothing was published.
 */
export async function openOfferSession(store: ObjectStore): Promise<OfferSession> {
  const session = await openSnapshot(store, undefined, { tables: TABLES });
  try {
    const scores = await currentScores(store, "churn");
    if (scores !== undefined) {
      const path = await scoresPath(store, scores);
      await session.run(`CREATE VIEW scores_churn AS SELECT * FROM read_parquet(${sqlString(path)})`);
    }
    return { session, scores, [Symbol.dispose]: () => session[Symbol.dispose]() };
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

/**
 * {@linkcode openOfferSession}, for callers that cannot go on without scores.
 *
 * @throws {ModelError} when there are none.
 */
export async function openScoredSession(store: ObjectStore): Promise<OfferSession & { scores: ScoreTable }> {
  const scores = await requireScores(store, "churn");
  return { ...await openOfferSession(store), scores };
}
