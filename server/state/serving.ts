import { currentSnapshotId, type Manifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  columnSlices,
  type ModelDefinition,
  type Served,
  type ShopIndex,
  type TrainingDefinition,
} from "shopflow/ml/mod.ts";
import {
  currentScores,
  isBaseline,
  loadModelVersion,
  type ModelCard,
  scoresPath,
  type ScoreTable,
  servingCard,
} from "shopflow/ml/registry/mod.ts";
import { lastOrderDay, openSession, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";

/** The shop's customers and products in a snapshot. */
export interface ServedSnapshot extends ShopIndex {
  manifest: Manifest;
}

/** A model that answers requests, with where it came from. */
interface ServedModel {
  card: ModelCard;
  model: unknown;
}

/** A score table in memory. */
interface ServedScores {
  table: ScoreTable;
  rows: unknown;
}

/** What the server answers from; each part is absent until a pipeline has produced it. */
export interface Artifacts {
  snapshot?: ServedSnapshot;
  /** Day of the newest order of the current snapshot, where it has any. */
  lastOrderDay?: string | undefined;
  /** By the model's name. */
  models: Record<string, ServedModel>;
  /** By the table's name. */
  scores: Record<string, ServedScores>;
}

/** One consistent state: a request reads it once and is not disturbed by what is published meanwhile. */
export interface ServingState extends Readonly<Artifacts> {
  /** Artifacts whose newest version could not be loaded, named as in `/health`; the previous one is still served. */
  readonly failed: readonly string[];
}

/** The newest version of an artifact in the lake. */
export interface ArtifactVersion {
  version: string;
  load(): Promise<(artifacts: Artifacts) => void>;
}

/** A part of the state, which is found and loaded by itself. */
export interface ArtifactSource {
  /** As `/health` names it, e.g. `scores.churn`. */
  name: string;
  /** Cheap: reads a pointer. */
  find(store: ObjectStore): Promise<ArtifactVersion | undefined>;
}

const SNAPSHOT = "snapshot";
const modelPart = ({ name }: ModelDefinition) => `models.${name}`;
const scoresPart = ({ scoreTable }: ModelDefinition) => `scores.${scoreTable.name}`;

/** What a server of these models answers from. */
export function artifactSources(models: readonly ModelDefinition[]): ArtifactSource[] {
  return [
    { name: SNAPSHOT, find: findSnapshot },
    { name: "orders", find: findLastOrder },
    ...models.flatMap((model) => {
      const { training } = model;
      return training === undefined
        ? []
        : [{ name: modelPart(model), find: (store: ObjectStore) => findModel(store, model.name, training) }];
    }),
    ...models.map((model) => ({
      name: scoresPart(model),
      find: (store: ObjectStore) => findScores(store, model),
    })),
  ];
}

/** What a request about a model is answered from. */
export function servedBy<Model, Scores>(
  { snapshot, models, scores, failed }: ServingState,
  definition: ModelDefinition<Model, Scores>,
): Served<Model, Scores> {
  // Each was loaded by this definition.
  const model = models[definition.name] as Served<Model, Scores>["model"];
  const table = scores[definition.scoreTable.name] as Served<Model, Scores>["scores"];
  return {
    ...(model && { model }),
    ...(table && { scores: table }),
    ...(snapshot && { shop: snapshot }),
    failed: {
      model: failed.includes(modelPart(definition)),
      scores: failed.includes(scoresPart(definition)),
      shop: failed.includes(SNAPSHOT),
    },
  };
}

async function findSnapshot(store: ObjectStore): Promise<ArtifactVersion | undefined> {
  const id = await currentSnapshotId(store);
  return id === undefined ? undefined : {
    version: id,
    async load() {
      const snapshot = await loadShopIndex(store, id);
      return (artifacts) => artifacts.snapshot = snapshot;
    },
  };
}

/** By itself: a damaged file of orders must not keep the shop from being served. */
async function findLastOrder(store: ObjectStore): Promise<ArtifactVersion | undefined> {
  const id = await currentSnapshotId(store);
  return id === undefined ? undefined : {
    version: id,
    async load() {
      const day = await lastOrderDay(store, id);
      return (artifacts) => artifacts.lastOrderDay = day;
    },
  };
}

/** @throws {LakeError} when a file of the snapshot is missing. */
async function loadShopIndex(store: ObjectStore, snapshotId: string): Promise<ServedSnapshot> {
  using snapshot = await openSnapshot(store, snapshotId, {
    threads: 1,
    tables: ["dim_customers", "dim_products"],
  });
  const customers = new Set<string>();
  for await (
    const slice of columnSlices(
      snapshot,
      "SELECT customer_id FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN'",
    )
  ) {
    for (const id of slice.customer_id as string[]) customers.add(id);
  }
  const products = new Map<string, { name: string; category: string | null }>();
  const rows = columnSlices(
    snapshot,
    "SELECT product_id, product_name, category FROM dim_products WHERE is_current",
  );
  for await (const { product_id, product_name, category } of rows) {
    for (const [i, id] of (product_id as string[]).entries()) {
      products.set(id, {
        name: (product_name as (string | null)[])[i] ?? id,
        category: (category as (string | null)[])[i] ?? null,
      });
    }
  }
  return { manifest: snapshot.manifest, customers, products };
}

/** The champion, or without one the baseline, whose version marks every answer. */
async function findModel(
  store: ObjectStore,
  name: string,
  training: TrainingDefinition<unknown>,
): Promise<ArtifactVersion | undefined> {
  const serving = await servingCard(store, name);
  return serving && {
    version: serving.version,
    async load() {
      // By the version that was found: a promotion meanwhile is found by the next look.
      const { card, files } = await loadModelVersion(store, name, serving.version);
      const model = training.load(files, { isBaseline: isBaseline(card) });
      return (artifacts) => artifacts.models = { ...artifacts.models, [name]: { card, model } };
    },
  };
}

async function findScores(
  store: ObjectStore,
  { scoreTable: { name }, serving }: ModelDefinition,
): Promise<ArtifactVersion | undefined> {
  const table = await currentScores(store, name);
  return table && {
    // The same snapshot and model may be scored again with other parameters: the time tells them apart.
    version: `${table.key} ${table.scoredAt}`,
    async load() {
      const path = await scoresPath(store, table);
      using session = await openSession({ threads: 1 });
      const rows = await serving.loadScores(session, `read_parquet(${sqlString(path)})`, table);
      return (artifacts) => artifacts.scores = { ...artifacts.scores, [name]: { table, rows } };
    },
  };
}
