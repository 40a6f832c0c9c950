import { salesPeriod } from "shopflow/business/mod.ts";
import { addDays, interactionsSql } from "shopflow/features/mod.ts";
import { historiesByCustomer, type InteractionColumns, loadRecommender } from "shopflow/models/mod.ts";
import { currentScores, loadChampion, upToDateScores } from "shopflow/registry/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { Pipeline } from "../context.ts";
import { type Cell, publishScoreRows } from "./score_file.ts";

/** Recommendations kept of each customer. */
const RECOMMENDATIONS = 20;
const COLUMNS = [
  ["customer_id", "VARCHAR"],
  ["rank", "INTEGER"],
  ["product_id", "VARCHAR"],
  ["score", "DOUBLE"],
  ["because", "VARCHAR"],
] as const;

/** Recommends products to every customer who bought or looked at something, from the model and the current snapshot. */
export const scoreRecommendation: Pipeline = async (context) => {
  const { store, runtime, force } = context;
  // Read before snapshot and model: scores published after this moment may be of newer ones.
  const replaces = (await currentScores(store, "recommendations"))?.key ?? null;
  const { card, files } = await loadChampion(store, "recommendation");
  using snapshot = await openSnapshot(store);
  const made = { snapshot: snapshot.manifest.id, modelVersion: card.version };
  const before = await upToDateScores(store, "recommendations", made);
  if (before !== undefined && !force) {
    return { status: "unchanged", summary: `${before.rows} recommendations are up to date` };
  }

  const recommender = loadRecommender(files);
  // The snapshot may be newer than the model: what customers did since then counts.
  const asOf = addDays((await salesPeriod(snapshot)).last, 1);
  const columns = await snapshot.columns(interactionsSql(asOf));
  const histories = historiesByCustomer(columns as unknown as InteractionColumns);
  const bar = runtime.progress.start("score recommendations", histories.size, "customers");
  function* rows(): Generator<Cell[]> {
    let done = 0;
    for (const [customerId, history] of histories) {
      let rank = 0;
      for (const { productId, score, because } of recommender.recommend(history, RECOMMENDATIONS)) {
        yield [customerId, ++rank, productId, score, because];
      }
      if (++done % 1000 === 0) bar.update(done);
    }
  }
  const scores = await publishScoreRows(
    context,
    {
      name: "recommendations",
      scoredAt: runtime.now().toISOString(),
      ...made,
      asOf,
    },
    COLUMNS,
    rows(),
    { replaces },
  );
  const summary = `${scores.rows} recommendations for ${histories.size} customers`;
  bar.finish(summary);
  return { status: "done", summary };
};
