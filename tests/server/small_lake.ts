import { createHash } from "node:crypto";
import { join } from "node:path";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { publishSnapshot, type SnapshotTable } from "shopflow/lake/mod.ts";
import { churnInputs, saveChurnInputs } from "../../lib/churn/serving/inputs.ts";
import { featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { fitRecommender, RECOMMENDER_PARAMETERS } from "../../lib/recommendation/model.ts";
import { promoteVersion, publishScores, saveModelVersion } from "shopflow/ml/registry/mod.ts";
import type { LifetimeValueModel } from "../../lib/lifetime_value/fit.ts";
import { saveShopModel } from "../../lib/lifetime_value/shop_model.ts";
import { recommenderFiles } from "../../lib/recommendation/files.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { plainChurn } from "../fixtures/plain_churn.ts";

export const AS_OF = "2024-10-01";
export const SCORED_AT = "2024-10-02T04:30:00.000Z";

/** A model of one clear cut, whatever the defaults are. */
const TREES = { rounds: 20, maxDepth: 2, eta: 0.3, minChildWeight: 1, subsample: 1, colsampleByTree: 1 };

/** Versions of the models by name. */
const VERSIONS: Record<string, string> = {
  churn: "churn-1",
  recommendation: "rec-1",
  lifetime_value: "value-1",
};

export interface LakeSize {
  customers: number;
  products: number;
}

/** An empty lake in a temporary folder, removed when the owner ends. */
export async function temporaryLake(): Promise<{ store: ObjectStore } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "server_lake_" });
  return {
    store: createDirectoryStore(folder),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/**
 * Publishes customers CUST000001… and products PROD00001…. The last customer has not bought yet, so nothing
 * is scored for that one. The last product has no inventory.
 */
export async function publishSmallSnapshot(
  store: ObjectStore,
  { customers, products }: LakeSize = { customers: 5, products: 4 },
): Promise<string> {
  const tables = {
    dim_customers: `SELECT ${customerId("i")} AS customer_id, true AS is_current FROM range(1, ${
      customers + 1
    }) AS t(i)
      UNION ALL SELECT 'UNKNOWN', true`,
    dim_products: `SELECT ${productId("i")} AS product_id, 'Product ' || i AS product_name,
      CASE WHEN i % 2 = 0 THEN 'Books' END AS category, true AS is_current FROM range(1, ${
      products + 1
    }) AS t(i)`,
  };
  const published: Record<string, SnapshotTable> = {};
  for (const [name, query] of Object.entries(tables)) {
    const path = await writeParquet(store, query);
    const body = await Deno.readFile(path);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
    await store.moveIn(key, path);
    published[name] = { columns: [], rows: 0, files: [{ key, rows: 0, size: body.length, sha256 }] };
  }
  const now = new Date("2024-10-01T06:00:00Z");
  return (await publishSnapshot(store, { codeVersion: "test", inputs: {}, tables: published }, now)).id;
}

/** Publishes scores of every customer but the last, the same reasons for all; later versions have higher risks. */
export async function publishChurnScores(store: ObjectStore, options: {
  customers?: number;
  /** Ids of the customers, instead of those of the usual form. */
  ids?: string[];
  modelVersion?: string;
  highestRisk?: number;
  baselineReason?: string;
} = {}): Promise<void> {
  const { ids, customers = ids?.length ?? 4, modelVersion = "churn-1", highestRisk = 0.9, baselineReason } =
    options;
  const id = ids === undefined ? customerId("i") : `([${ids.map(sqlString).join(", ")}])[i]`;
  const reasons = Array.from({ length: 6 }, (_, i) => ({
    topic: "last order",
    feature: "recency_days",
    value: 100 + i,
    contribution: 1 / (i + 1),
    effect: "raises",
    text: `Has not ordered for ${100 + i} days: raises the risk.`,
  }));
  await publish(
    store,
    "churn",
    modelVersion,
    customers,
    `
    SELECT ${id} AS customer_id, DATE '${AS_OF}' AS as_of,
      ${highestRisk} / i AS churn_probability, 90 AS horizon_days, ${
      sqlString(JSON.stringify(reasons))
    } AS reasons
    FROM range(1, ${customers + 1}) AS t(i)`,
    baselineReason,
  );
}

/** Publishes `perCustomer` ranked products for every customer but the last. */
export async function publishRecommendations(
  store: ObjectStore,
  { customers, products }: LakeSize = { customers: 4, products: 4 },
  perCustomer = 4,
): Promise<void> {
  await publish(
    store,
    "recommendations",
    "rec-1",
    customers * perCustomer,
    `
    SELECT ${customerId("i")} AS customer_id, r::INTEGER AS rank,
      ${productId(`((i * 7 + r) % ${products} + 1)`)} AS product_id, 1.0 / r AS score,
      CASE WHEN r = 1 THEN ${productId(`(i % ${products} + 1)`)} END AS because
    FROM range(1, ${customers + 1}) AS c(i), range(1, ${perCustomer + 1}) AS n(r)
    ORDER BY r DESC`,
  );
}

/** Publishes a plan for two warehouses and every product but the last. */
export async function publishInventoryPlan(store: ObjectStore, products = 3): Promise<void> {
  await publish(
    store,
    "inventory_plan",
    "plan-1",
    products * 2,
    `
    SELECT ${productId("i")} AS product_id, w AS warehouse_id, DATE '${AS_OF}' AS as_of, 12 AS stock_level,
      1.5 AS daily_demand, 1.2 AS demand_sd, 7 AS lead_time_days, 0.95 AS service_level, 5.2 AS safety_stock,
      15.7 AS reorder_point, 20 AS order_quantity, 8.0 AS days_of_cover, 0.31 AS stockout_risk,
      false AS is_stockout, false AS is_overstock, 'order now' AS action
    FROM range(1, ${products + 1}) AS t(i), (VALUES ('WH-US-EAST'), ('WH-EU-CENTRAL')) AS v(w)`,
  );
}

/** Publishes lifetime values of every customer but the last. */
export async function publishLifetimeValues(store: ObjectStore, customers = 4): Promise<void> {
  await publish(
    store,
    "lifetime_value",
    "value-1",
    customers,
    `
    SELECT ${customerId("i")} AS customer_id, DATE '${AS_OF}' AS as_of, 0.8 AS alive_probability,
      2.5 * i AS expected_purchases, 2.0 * i AS expected_purchases_low, 3.1 * i AS expected_purchases_high,
      40.0 AS expected_amount, 100.0 * i AS expected_value, 75.0 * i AS expected_value_low,
      133.0 * i AS expected_value_high, i::INTEGER AS frequency, 200::INTEGER AS recency_days,
      260::INTEGER AS observed_days, 1 + i::INTEGER AS paid_purchases, 38.5 AS mean_amount
    FROM range(1, ${customers + 1}) AS t(i)`,
  );
}

const VALUE_MODEL: LifetimeValueModel = {
  unit: "day",
  purchases: {
    kind: "bg/nbd",
    parameters: { r: 0.8, alpha: 60, a: 0.5, b: 3 },
    standardErrors: { r: 0.1, alpha: 5, a: 0.1, b: 0.5 },
    covariance: [[0.01, 0, 0, 0], [0, 0.01, 0, 0], [0, 0, 0.04, 0], [0, 0, 0, 0.04]],
    logLikelihood: -5000,
    customers: 1000,
    repeatCustomers: 600,
    notIdentified: [],
  },
  money: {
    parameters: { p: 6, q: 4, gamma: 20 },
    standardErrors: { p: 0.6, q: 0.4, gamma: 2 },
    covariance: [[0.01, 0, 0], [0, 0.01, 0], [0, 0, 0.01]],
    logLikelihood: -3000,
    customers: 1000,
    populationMean: 40,
    notIdentified: [],
  },
};

/** Publishes the segments of all customers: At risk, and the last one without an order. */
export async function publishSegments(store: ObjectStore, customers = 5): Promise<void> {
  await publish(
    store,
    "segments",
    "segments-1",
    customers,
    `
    SELECT ${
      customerId("i")
    } AS customer_id, DATE '${AS_OF}' AS as_of, 'at-risk' AS segment, 'loyal' AS segment_before,
      120 AS recency_days, 7 AS orders, 310.456 AS net_sales, 2 AS r, 4 AS f, 5 AS m FROM range(1, ${customers}) AS t(i)
    UNION ALL
    SELECT ${
      customerId(`${customers}`)
    }, DATE '${AS_OF}', 'no-order', 'not-yet', NULL, 0, 0, NULL, NULL, NULL`,
  );
}

/** Trains small real models and makes them champions. */
export async function trainSmallModels(store: ObjectStore): Promise<void> {
  const recency = Array.from({ length: 60 }, (_, i) => i * 5);
  const names = ["recency_days", "order_count", "tickets_open", "carts_90d"];
  const features = featureMatrix(names, {
    recency_days: recency,
    order_count: recency.map((days) => 1 + days % 4),
    tickets_open: recency.map(() => 0),
    carts_90d: recency.map((days) => days % 3),
  });
  const labels = Uint8Array.from(recency, (days) => days > 150 ? 1 : 0);
  const trees = plainChurn(await xgboostTrainer(TREES).fit(features, labels, { seed: 1 }));
  await publishChampion(store, "churn", { ...trees.save(), ...saveChurnInputs(churnInputs(features)) }, {
    auc: 0.8123,
    log_loss: 0.43,
    baseline_auc: 0.7012,
  });

  const bought = ["PROD00001", "PROD00002", "PROD00001", "PROD00003"];
  const recommender = fitRecommender({
    interactions: { customerIds: ["a", "a", "b", "b"], productIds: bought, weights: [1, 1, 1, 1] },
    sales: { productIds: bought, ageDays: [1, 1, 2, 2], orders: [1, 1, 1, 1] },
  }, RECOMMENDER_PARAMETERS);
  await publishChampion(store, "recommendation", recommenderFiles(recommender), { recall_at_10: 0.21 });
  await publishChampion(
    store,
    "lifetime_value",
    saveShopModel(VALUE_MODEL, { asOf: "2024-01-01", days: 274 }),
    { rmse: 1.8, baseline_rmse: 2 },
  );
}

/** A lake with everything the server answers from. */
export async function publishWholeLake(store: ObjectStore): Promise<void> {
  await publishSmallSnapshot(store);
  await publishChurnScores(store);
  await publishRecommendations(store);
  await publishInventoryPlan(store);
  await publishLifetimeValues(store);
  await publishSegments(store);
  await trainSmallModels(store);
}

/** Stores a version with these files and makes it the champion. */
export async function publishChampion(
  store: ObjectStore,
  name: string,
  files: Record<string, Uint8Array>,
  metrics: Record<string, number>,
): Promise<void> {
  const version = VERSIONS[name]!;
  const card = {
    name,
    version,
    trainedAt: SCORED_AT,
    snapshot: "training-snapshot",
    asOf: AS_OF,
    parameters: {},
    metrics,
  };
  await saveModelVersion(store, { card, files });
  await promoteVersion(store, name, version);
}

async function publish(
  store: ObjectStore,
  name: string,
  modelVersion: string,
  rows: number,
  query: string,
  baselineReason?: string,
) {
  const path = await writeParquet(store, query);
  const table = {
    name,
    rows,
    scoredAt: SCORED_AT,
    snapshot: "scored-snapshot",
    modelVersion,
    asOf: AS_OF,
    ...(baselineReason !== undefined && { baselineReason }),
  };
  await publishScores(store, table, path);
}

async function writeParquet(store: ObjectStore, query: string): Promise<string> {
  const path = join(store.url, `${crypto.randomUUID()}.parquet`);
  using session = await openSession();
  await session.run(`COPY (${query}) TO ${sqlString(path)} (FORMAT parquet)`);
  return path;
}

const customerId = (number: string) => `'CUST' || lpad((${number})::VARCHAR, 6, '0')`;
const productId = (number: string) => `'PROD' || lpad((${number})::VARCHAR, 5, '0')`;
