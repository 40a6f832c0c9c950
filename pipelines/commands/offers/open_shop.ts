import type { Business } from "shopflow/kpis/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { requireScores, scoresPath, type ScoreTable } from "shopflow/ml/registry/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import { type OpenSnapshot, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../context.ts";

/** What lists are drawn from, and their effects read from. */
export interface OfferShop extends Disposable {
  session: OpenSnapshot;
  business: Business;
}

/** The star schema of the current snapshot. @throws {LakeError} when nothing was published. */
export async function openOfferShop(
  { store, config }: Pick<PipelineContext, "store" | "config">,
): Promise<OfferShop> {
  const business = await readBusiness(config.businessFile);
  const session = await openSnapshot(store, undefined, {
    tables: ["dim_customers", "fact_orders"],
  });
  return { session, business, [Symbol.dispose]: () => session[Symbol.dispose]() };
}

/**
 * Makes the current churn scores the view `scores_churn` of a session.
 *
 * @throws {ModelError} when there are none.
 */
export async function openChurnScores(store: ObjectStore, session: OpenSnapshot): Promise<ScoreTable> {
  const scores = await requireScores(store, "churn");
  const path = await scoresPath(store, scores);
  await session.run(`CREATE OR REPLACE VIEW scores_churn AS SELECT * FROM read_parquet(${sqlString(path)})`);
  return scores;
}
