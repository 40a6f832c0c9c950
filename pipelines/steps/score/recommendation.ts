import {
  historiesByCustomer,
  type Interaction,
  type InteractionColumns,
  interactionsSql,
  loadRecommender,
  popularityBaseline,
  readRecommenderData,
  RECOMMENDER_PARAMETERS,
  recommenderFiles,
  salesTable,
} from "shopflow/recommendation/mod.ts";
import { salesPeriod } from "shopflow/churn/mod.ts";
import { addDays } from "shopflow/ml/mod.ts";
import { currentScores, isBaseline, type ScoreTable, upToDateScores } from "shopflow/ml/registry/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { Pipeline } from "../../context.ts";
import { type Cell, publishScoreRows } from "./score_file.ts";
import { championScores, scoringModel } from "./scoring_model.ts";

/** Recommendations kept of each customer. */
const RECOMMENDATIONS = 20;
const COLUMNS = [
  ["customer_id", "VARCHAR"],
  ["rank", "INTEGER"],
  ["product_id", "VARCHAR"],
  ["score", "DOUBLE"],
  ["because", "VARCHAR"],
] as const;

/**
 * Recommends products to every customer who bought or looked at something, from the model and the current snapshot.
 * Without a champion that can score, everybody gets the baseline: the best sellers.
 */
export const scoreRecommendation: Pipeline = async (context) => {
  const { store, runtime, force } = context;
  // Read before snapshot and model: scores published after this moment may be of newer ones.
  const replaces = (await currentScores(store, "recommendations"))?.key ?? null;
  using snapshot = await openSnapshot(store);
  const unchanged = ({ rows }: ScoreTable) => `${rows} recommendations are up to date`;
  const kept = force
    ? undefined
    : await championScores(store, "recommendations", "recommendation", snapshot.manifest.id);
  if (kept !== undefined) return { status: "unchanged", summary: unchanged(kept) };
  const asOf = addDays((await salesPeriod(snapshot)).last, 1);
  const { card, files, baselineReason, problems } = await scoringModel(
    context,
    "recommendation",
    snapshot.manifest.id,
    async () => {
      const { sales } = await readRecommenderData(snapshot, asOf);
      return { asOf, files: recommenderFiles(popularityBaseline(salesTable(sales), RECOMMENDER_PARAMETERS)) };
    },
  );
  const marks = { ...(problems && { problems }) };
  const by = baselineReason === undefined ? "" : `by the baseline, since ${baselineReason}; `;
  const made = { snapshot: snapshot.manifest.id, modelVersion: card.version };
  const before = await upToDateScores(store, "recommendations", made);
  // Why it is the baseline can change, and readers see it.
  if (before !== undefined && before.baselineReason === baselineReason && !force) {
    return { status: "unchanged", summary: by + unchanged(before), ...marks };
  }

  const recommender = loadRecommender(files);
  const recommend = isBaseline(card)
    ? () => recommender.popular(RECOMMENDATIONS)
    : (history: readonly Interaction[]) => recommender.recommend(history, RECOMMENDATIONS);
  // The snapshot may be newer than the model: what customers did since then counts.
  const columns = await snapshot.columns(interactionsSql(asOf));
  const histories = historiesByCustomer(columns as unknown as InteractionColumns);
  const bar = runtime.progress.start("score recommendations", histories.size, "customers");
  function* rows(): Generator<Cell[]> {
    let done = 0;
    for (const [customerId, history] of histories) {
      let rank = 0;
      for (const { productId, score, because } of recommend(history)) {
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
      ...(baselineReason !== undefined && { baselineReason }),
    },
    COLUMNS,
    rows(),
    { replaces },
  );
  const summary = `${by}${scores.rows} recommendations for ${histories.size} customers`;
  bar.finish(summary);
  return { status: "done", summary, ...marks };
};
