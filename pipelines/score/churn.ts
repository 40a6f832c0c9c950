import { salesPeriod } from "shopflow/business/mod.ts";
import { addDays, CHURN_POPULATION_DAYS, churnFeaturesSql } from "shopflow/features/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import { type ChurnModel, loadChurnModel } from "shopflow/models/mod.ts";
import { currentScores, loadChampion, publishScores, upToDateScores } from "shopflow/registry/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { openSnapshot, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import type { Pipeline } from "../context.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

/** Lines written to the file of predictions at a time. */
const CHUNK = 5000;

/**
 * Scores the population as of the day after the last order: customers with an order in the year before.
 * Those who never ordered, or not for longer, have no score.
 *
 * @throws {ModelError} when no churn model was trained or there are no orders.
 */
export const scoreChurn: Pipeline = async ({ config, store, runtime, force }) => {
  // Read before snapshot and model: scores published after this moment may be of newer ones.
  const replaces = (await currentScores(store, "churn"))?.key ?? null;
  const { id: snapshot } = await readManifest(store);
  const { card, files } = await loadChampion(store, "churn");
  const current = await upToDateScores(store, "churn", { snapshot, modelVersion: card.version });
  if (current !== undefined && !force) {
    return { status: "unchanged", summary: `${count(current.rows)} customers as of ${current.asOf}` };
  }

  using session = await openSnapshot(store, snapshot);
  const asOf = addDays((await salesPeriod(session)).last, 1);
  await session.run(`CREATE TABLE features AS ${churnFeaturesSql(asOf)}`);
  return await withTemporaryFolder(config.home, async (folder) => {
    const predictions = join(folder, "predictions.jsonl");
    const rows = await writePredictions(session, loadChurnModel(files), predictions, runtime);
    const parquet = join(folder, "churn.parquet");
    await session.run(`COPY (
      SELECT features.customer_id, DATE ${sqlString(asOf)} AS as_of,
             predictions.churn_probability, predictions.reasons, features.* EXCLUDE (customer_id)
      FROM features
      JOIN read_json(${sqlString(predictions)}, format = 'newline_delimited',
                     columns = {customer_id: 'VARCHAR', churn_probability: 'DOUBLE', reasons: 'VARCHAR'})
        AS predictions ON predictions.customer_id = features.customer_id
      ORDER BY features.customer_id
    ) TO ${sqlString(parquet)} (FORMAT parquet)`);
    await publishScores(
      store,
      {
        name: "churn",
        rows,
        scoredAt: runtime.now().toISOString(),
        snapshot,
        modelVersion: card.version,
        asOf,
      },
      parquet,
      { replaces },
    );
    return { status: "done", summary: await summary(session, rows, asOf) };
  });
};

/** One JSON line a customer of the table `features`; returns how many. */
async function writePredictions(
  session: Session,
  model: ChurnModel,
  path: string,
  { progress }: Runtime,
): Promise<number> {
  const names = model.featureNames;
  const columns = await session.columns(
    `SELECT customer_id, ${names.map(sqlName).join(", ")} FROM features ORDER BY customer_id`,
  );
  const customers = columns.customer_id as string[];
  const values = names.map((name) => columns[name] as (number | null)[]);
  const bar = progress.start("score churn", customers.length, "customers");
  for (let start = 0; start < customers.length; start += CHUNK) {
    const lines = customers.slice(start, start + CHUNK).map((customer_id, i) => {
      const features = Object.fromEntries(names.map((name, j) => [name, values[j]![start + i]!]));
      const { probability, reasons } = model.predict(features);
      return JSON.stringify({
        customer_id,
        churn_probability: probability,
        reasons: JSON.stringify(reasons),
      });
    });
    await Deno.writeTextFile(path, lines.join("\n") + "\n", { append: true });
    bar.update(start + lines.length);
  }
  bar.finish(`${count(customers.length)} customers`);
  return customers.length;
}

async function summary(session: Session, rows: number, asOf: string): Promise<string> {
  const [all] = await session.rows<{ customers: number }>(
    "SELECT count(*) AS customers FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN'",
  );
  const unscored = Math.max(0, (all?.customers ?? 0) - rows);
  return `${count(rows)} customers as of ${asOf}; ${count(unscored)} without an order in the last ` +
    `${CHURN_POPULATION_DAYS} days have no score`;
}

function count(rows: number): string {
  return rows.toLocaleString("en");
}
