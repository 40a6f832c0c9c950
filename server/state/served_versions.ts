import { kindOf, type ModelDefinition } from "shopflow/ml/mod.ts";
import type { ModelCard, ScoreTable } from "shopflow/ml/registry/mod.ts";
import { type Freshness, type FreshnessLimits, freshnessOf } from "shopflow/kpis/mod.ts";
import { servedBy, type ServingState } from "./serving.ts";
import type { LakeState } from "./serving_cache.ts";

/** Until when the orders of the current snapshot go, by the clock; undefined where it has none. */
export function servedFreshness(
  { lastOrderDay }: ServingState,
  now: Date,
  limits: FreshnessLimits,
): Freshness | undefined {
  return lastOrderDay === undefined ? undefined : freshnessOf(lastOrderDay, now, limits);
}

type ServingStatus = "ok" | "degraded" | "unavailable";

/** `unavailable` without a snapshot; `degraded` when something newer could not be loaded, or the lake not be read. */
export function statusOf(serving: ServingState, lake: LakeState): ServingStatus {
  if (serving.snapshot === undefined) return "unavailable";
  return serving.failed.length > 0 || lake.unreachableSince !== undefined ? "degraded" : "ok";
}

/** Everything a state answers from, as /health and the start page show it; models and tables in the order of the list. */
export function servedVersions(
  { snapshot, models, scores }: ServingState,
  definitions: readonly ModelDefinition[],
  now: Date,
) {
  const manifest = snapshot?.manifest;
  const cards = definitions.map(({ name }) => [name, models[name]?.card] as const);
  const tables = definitions.map(({ scoreTable: { name } }) => [name, scores[name]?.table] as const);
  return {
    snapshot: manifest === undefined ? null : {
      id: manifest.id,
      created_at: manifest.createdAt,
      age_seconds: Math.max(0, Math.round((now.getTime() - Date.parse(manifest.createdAt)) / 1000)),
    },
    models: byName(cards, modelVersion),
    scores: byName(tables, scoresVersion),
  };
}

export type ServedVersions = ReturnType<typeof servedVersions>;

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

function byName<T, Shown>(
  entries: (readonly [string, T | undefined])[],
  shown: (value: T) => Shown,
): Record<string, Shown> {
  return Object.fromEntries(
    entries.flatMap(([name, value]) => value === undefined ? [] : [[name, shown(value)]]),
  );
}

/** Ids for commands that people copy. */
export interface ExampleIds {
  customers: [string, string];
  product: string;
}

/** The usual form of ids, in which examples are written. */
const USUAL_IDS: ExampleIds = { customers: ["CUST000001", "CUST000002"], product: "PROD00001" };

/** A path of an example with these ids instead of those of the usual form. */
export const pathWithIds = (path: string, ids: ExampleIds) => replaceIds(path, ids, encodeURIComponent);

/** The JSON of an example with these ids instead of those of the usual form. */
export const jsonWithIds = (json: string, ids: ExampleIds) =>
  replaceIds(json, ids, (id) => JSON.stringify(id).slice(1, -1));

/** All at once: the shop's ids may be of the usual form, too. */
function replaceIds(
  text: string,
  { customers: [first, second], product }: ExampleIds,
  written: (id: string) => string,
): string {
  const given: Record<string, string> = {
    [USUAL_IDS.customers[0]]: first,
    [USUAL_IDS.customers[1]]: second,
    [USUAL_IDS.product]: product,
  };
  return text.replaceAll(new RegExp(Object.keys(given).join("|"), "g"), (id) => written(given[id] ?? id));
}

/** Text as one word of a shell. */
export const shellQuoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Ids that exist in the shop and can be asked about; where nothing was scored yet, ids of the usual form. */
export function exampleIds(state: ServingState, definitions: readonly ModelDefinition[]): ExampleIds {
  // Not every customer has a score; before there are any, those of the shop still get recommendations.
  const customers = scoredCustomers(state, definitions) ?? state.snapshot?.customers.values();
  const products = state.snapshot?.products.keys();
  const first: string | undefined = customers?.next().value;
  return {
    customers: first === undefined ? USUAL_IDS.customers : [first, customers?.next().value ?? first],
    product: products?.next().value ?? USUAL_IDS.product,
  };
}

/** Customers of the first score table that names its customers. */
function scoredCustomers(
  state: ServingState,
  definitions: readonly ModelDefinition[],
): Iterator<string> | undefined {
  for (const definition of definitions) {
    const { scores } = servedBy(state, definition);
    const customers = scores && definition.serving.scoredCustomers?.(scores.rows);
    if (customers !== undefined) return customers;
  }
}
