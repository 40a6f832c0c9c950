/**
 * 100 requests at once against a shop of 100,000 customers: an iteration ends with the last of the 100 answers,
 * so its time bounds the latency of every one. The floor is an empty route of the same framework; client and
 * server share one process, as they do for the floor. "DuckDB" is what a lookup costs without tables in memory.
 */
import { Hono } from "hono";
import { churnInputs, saveChurnInputs } from "../../lib/churn/serving/inputs.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { requireScores } from "shopflow/ml/registry/mod.ts";
import { createLogger, createRandom, createRuntime } from "shopflow/runtime/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import {
  publishChampion,
  publishChurnScores,
  publishInventoryPlan,
  publishRecommendations,
  publishSmallSnapshot,
  temporaryLake,
} from "../server/small_lake.ts";
import { plainChurn } from "../fixtures/plain_churn.ts";

const AT_ONCE = 100;
const CUSTOMERS = 100_000;
const PRODUCTS = 5000;
const NAMES = CUSTOMER_FEATURES.names;
const random = createRandom(1);

const lake = await temporaryLake();
globalThis.addEventListener("unload", () => Deno.removeSync(lake.store.url, { recursive: true }));
await publishSmallSnapshot(lake.store, { customers: CUSTOMERS, products: PRODUCTS });
await publishChurnScores(lake.store, { customers: CUSTOMERS });
await publishRecommendations(lake.store, { customers: CUSTOMERS, products: PRODUCTS }, 20);
await publishInventoryPlan(lake.store, PRODUCTS);
await publishChampion(lake.store, "churn", await trainLargeModel(), {});

const runtime = createRuntime({ log: createLogger(() => {}) });
const app = createApp({ store: lake.store, runtime });
const before = Deno.memoryUsage().rss;
const started = performance.now();
await app.request("/health");
console.log(
  `loaded ${CUSTOMERS.toLocaleString("en")} customers in ${
    ((performance.now() - started) / 1000).toFixed(1)
  } s, ` +
    `${Math.round((Deno.memoryUsage().rss - before) / 2 ** 20)} MiB more resident`,
);
const server = await listen(app.fetch, { host: "127.0.0.1", port: 0 });
const floor = await listen(new Hono().get("/", (c) => c.json({})).fetch, { host: "127.0.0.1", port: 0 });

const customer = () => `CUST${String(1 + Math.floor(random() * CUSTOMERS)).padStart(6, "0")}`;
const product = () => `PROD${String(1 + Math.floor(random() * PRODUCTS)).padStart(5, "0")}`;
const features = () => ({
  recency_days: Math.floor(90 * random()),
  order_count: 1 + Math.floor(90 * random()),
  net_sales: 100 * random(),
});

const ROUTES: Record<string, () => Promise<Response>> = {
  "GET /health": () => fetch(`${server.url}/health`),
  "POST /predict/churn by customer": () => predict({ customer_id: customer() }),
  "POST /predict/churn by features": () => predict({ features: features() }),
  "GET /recommend": () => fetch(`${server.url}/recommend/${customer()}?n=5`),
  "GET /inventory": () => fetch(`${server.url}/inventory/${product()}`),
};

const group = `${AT_ONCE} requests at once`;
// Async functions, all of them: of any other function Deno.bench would measure the start only.
Deno.bench("an empty route (floor)", { group, baseline: true }, async () => {
  await atOnce(() => fetch(floor.url));
});
for (const [name, request] of Object.entries(ROUTES)) {
  Deno.bench(name, { group }, async () => {
    await atOnce(request);
  });
}

const session = await openSession();
const scores = await lake.store.localPath((await requireScores(lake.store, "churn")).key);
await session.run(`CREATE TABLE churn AS SELECT * FROM read_parquet(${sqlString(scores)})`);
await session.run("CREATE UNIQUE INDEX by_customer ON churn (customer_id)");
Deno.bench("DuckDB: 100 lookups by an index, without HTTP", { group }, async () => {
  const lookUp = () => session.rows("SELECT * FROM churn WHERE customer_id = $1", [customer()]);
  await Promise.all(Array.from({ length: AT_ONCE }, lookUp));
});

function predict(body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${server.url}/predict/churn`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function atOnce(request: () => Promise<Response>): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const answer = await request();
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  }));
}

/** A model with every feature, whose label depends on a few of them. */
async function trainLargeModel(): Promise<Record<string, Uint8Array>> {
  const rows = 4000;
  const columns = Object.fromEntries(
    NAMES.map((name) => [name, Array.from({ length: rows }, () => 100 * random())]),
  );
  const score = (row: number) => NAMES.slice(0, 8).reduce((sum, name) => sum + columns[name]![row]!, 0) / 8;
  const labels = Uint8Array.from(
    { length: rows },
    (_, row) => score(row) + 40 * (random() - 0.5) > 50 ? 1 : 0,
  );
  const features = featureMatrix(NAMES, columns);
  const trees = plainChurn(await xgboostTrainer().fit(features, labels));
  return { ...trees.save(), ...saveChurnInputs(churnInputs(features)) };
}
