import { isBaseline, type ModelCard, type ScoreTable } from "shopflow/ml/registry/mod.ts";
import type { Serving } from "./serving.ts";
import type { LakeState } from "./serving_cache.ts";

type ServingStatus = "ok" | "degraded" | "unavailable";

/** `unavailable` without a snapshot; `degraded` when something newer could not be loaded, or the lake not be read. */
export function statusOf(serving: Serving, lake: LakeState): ServingStatus {
  if (serving.catalogue === undefined) return "unavailable";
  return serving.failed.length > 0 || lake.unreachableSince !== undefined ? "degraded" : "ok";
}

/** Everything a state answers from, as /health and the start page show it. */
export function servedVersions(serving: Serving, now: Date) {
  const { catalogue, churnModel, recommender, churnScores, recommendations, inventoryPlan } = serving;
  const manifest = catalogue?.manifest;
  return {
    snapshot: manifest === undefined ? null : {
      id: manifest.id,
      created_at: manifest.createdAt,
      age_seconds: Math.max(0, Math.round((now.getTime() - Date.parse(manifest.createdAt)) / 1000)),
    },
    models: present({
      churn: churnModel && modelVersion(churnModel.card),
      recommendation: recommender && modelVersion(recommender.card),
    }),
    scores: present({
      churn: churnScores && scoresVersion(churnScores.table),
      recommendations: recommendations && scoresVersion(recommendations.table),
      inventory_plan: inventoryPlan && scoresVersion(inventoryPlan.table),
    }),
  };
}

export type ServedVersions = ReturnType<typeof servedVersions>;

/** Whether a model of this version answers, or a baseline. */
export const kindOf = (version: string): "model" | "baseline" =>
  isBaseline({ version }) ? "baseline" : "model";

const modelVersion = ({ version, asOf, trainedAt, metrics }: ModelCard) => ({
  kind: kindOf(version),
  version,
  as_of: asOf,
  trained_at: trainedAt,
  metrics,
});

const scoresVersion = ({ rows, asOf, scoredAt, modelVersion, snapshot, baselineReason }: ScoreTable) => ({
  rows,
  as_of: asOf,
  scored_at: scoredAt,
  model_kind: kindOf(modelVersion),
  ...(baselineReason !== undefined && { baseline_reason: baselineReason }),
  model_version: modelVersion,
  data_snapshot: snapshot,
});

function present<T>(parts: Record<string, T | undefined>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(parts).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

/** Ids for commands that people copy. */
export interface ExampleIds {
  customers: [string, string];
  product: string;
}

/** The usual form of ids; also what the OpenAPI document shows. */
export const USUAL_IDS: ExampleIds = { customers: ["CUST000001", "CUST000002"], product: "PROD00001" };

/** Ids that exist in the shop and can be asked about; where nothing was scored yet, ids of the usual form. */
export function exampleIds({ churnScores, catalogue }: Serving): ExampleIds {
  // Not every customer has a score; before there are any, those of the shop still get recommendations.
  const scored = churnScores?.customerIds() ?? catalogue?.customers.values();
  const products = catalogue?.products.keys();
  const [first, second] = USUAL_IDS.customers;
  return {
    customers: [scored?.next().value ?? first, scored?.next().value ?? second],
    product: products?.next().value ?? USUAL_IDS.product,
  };
}
