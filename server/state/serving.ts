import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type BaselineChurnModel,
  type DeclaredChurnModel,
  loadDeclaredChurnModel,
  loadRecencyChurnModel,
} from "shopflow/churn/mod.ts";
import { loadRecommender, type Recommender } from "shopflow/recommendation/mod.ts";
import {
  currentScores,
  isBaseline,
  loadModelVersion,
  type ModelCard,
  servingCard,
} from "shopflow/ml/registry/mod.ts";
import {
  type Catalogue,
  type ChurnScores,
  type InventoryPlan,
  loadCatalogue,
  loadChurnScores,
  loadInventoryPlan,
  loadRecommendationScores,
  type RecommendationScores,
} from "./artifacts.ts";

/** A model that answers requests, with where it came from. */
interface ServedModel<M> {
  card: ModelCard;
  model: M;
}

/** What the server answers from; each part is undefined until a pipeline has produced it. */
export interface ServedParts {
  catalogue: Catalogue;
  churnModel: ServedModel<DeclaredChurnModel | BaselineChurnModel>;
  recommender: ServedModel<Recommender>;
  churnScores: ChurnScores;
  recommendations: RecommendationScores;
  inventoryPlan: InventoryPlan;
}

/** One consistent state: a request reads it once and is not disturbed by what is published meanwhile. */
export type Serving = Readonly<Partial<ServedParts>> & {
  /** Parts whose newest version could not be loaded; the former one is still served. */
  readonly failed: readonly (keyof ServedParts)[];
};

/** The newest version of a part in the lake. */
export interface FoundPart<T> {
  version: string;
  load(): Promise<T>;
}

/** How each part is found (cheap: reads a pointer) and loaded. */
export const SERVED_PARTS: {
  [K in keyof ServedParts]: (store: ObjectStore) => Promise<FoundPart<ServedParts[K]> | undefined>;
} = {
  async catalogue(store) {
    const id = await currentSnapshotId(store);
    return id === undefined ? undefined : { version: id, load: () => loadCatalogue(store, id) };
  },
  churnModel: (store) =>
    findModel<DeclaredChurnModel | BaselineChurnModel>(
      store,
      "churn",
      loadDeclaredChurnModel,
      loadRecencyChurnModel,
    ),
  recommender: (store) => findModel(store, "recommendation", loadRecommender),
  churnScores: (store) => findScores(store, "churn", loadChurnScores),
  recommendations: (store) => findScores(store, "recommendations", loadRecommendationScores),
  inventoryPlan: (store) => findScores(store, "inventory_plan", loadInventoryPlan),
};

/** The champion, or without one the baseline, whose version marks every answer. */
async function findModel<M>(
  store: ObjectStore,
  name: string,
  load: (files: Record<string, Uint8Array>) => M,
  loadBaseline = load,
): Promise<FoundPart<ServedModel<M>> | undefined> {
  const serving = await servingCard(store, name);
  return serving && {
    version: serving.version,
    async load() {
      const { card, files } = await loadModelVersion(store, name, serving.version);
      return { card, model: isBaseline(card) ? loadBaseline(files) : load(files) };
    },
  };
}

async function findScores<S>(
  store: ObjectStore,
  name: string,
  load: (store: ObjectStore, table: Awaited<ReturnType<typeof currentScores>> & object) => Promise<S>,
): Promise<FoundPart<S> | undefined> {
  const table = await currentScores(store, name);
  // The same snapshot and model may be scored again with other parameters: the time tells them apart.
  return table && { version: `${table.key} ${table.scoredAt}`, load: () => load(store, table) };
}
