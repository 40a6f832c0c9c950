import {
  CHURN_HORIZON_DAYS,
  CHURN_POPULATION_DAYS,
  churnFeaturesSql,
  type ChurnModel,
  labelledDates,
  loadChurnModel,
  loadRecencyChurnModel,
  readChurnExamples,
  recencyBaseline,
  salesPeriod,
} from "shopflow/churn/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { addDays, daysBetween } from "shopflow/ml/mod.ts";
import { readManifest } from "shopflow/lake/mod.ts";
import {
  BASELINE_PREFIX,
  currentScores,
  isBaseline,
  type ModelVersion,
  publishScores,
  type ScoreTable,
  upToDateScores,
} from "shopflow/ml/registry/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { openSnapshot, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type Pipeline, type PipelineContext, withTemporaryFolder } from "../../context.ts";
import { championScores, type ScoringModel, scoringModel, withoutRemedy } from "./scoring_model.ts";

/** Lines written to the file of predictions at a time. */
const CHUNK = 5000;

/** Least days of data before a date that the baseline learns from: recency has to differ between customers. */
const BASELINE_HISTORY_DAYS = 30;
/** Model version of a table without rows, where the history is too short even for the baseline. */
const NOTHING = `${BASELINE_PREFIX}too-little-data`;

/**
 * Scores the population as of the day after the last order: customers with an order in the year before.
 * Those who never ordered, or not for longer, have no score. Without a champion that can score the baseline does,
 * recency alone; where the history is too short even for that, the table has no rows and says so.
 *
 * @throws {ModelError} when there are no orders.
 */
export const scoreChurn: Pipeline = async (context) => {
  const { config, store, runtime, force } = context;
  // Read before snapshot and model: scores published after this moment may be of newer ones.
  const replaces = (await currentScores(store, "churn"))?.key ?? null;
  const { id: snapshot } = await readManifest(store);
  const unchanged = ({ rows, asOf }: ScoreTable) => `${count(rows)} customers as of ${asOf}`;
  const before = force ? undefined : await championScores(store, "churn", "churn", snapshot);
  if (before !== undefined) return { status: "unchanged", summary: unchanged(before) };
  const { card, files, baselineReason, problems } = await modelOf(context, snapshot);
  const marks = { ...(problems && { problems }) };
  const by = baselineReason === undefined ? "" : `by the baseline, since ${baselineReason}; `;
  const nobody = card.version === NOTHING ? `no customer gets a score: ${baselineReason}` : undefined;
  const current = await upToDateScores(store, "churn", { snapshot, modelVersion: card.version });
  // Why it is the baseline can change, and readers see it.
  if (current !== undefined && current.baselineReason === baselineReason && !force) {
    return { status: "unchanged", summary: nobody ?? by + unchanged(current), ...marks };
  }

  using session = await openSnapshot(store, snapshot);
  const asOf = addDays((await salesPeriod(session)).last, 1);
  await session.run(`CREATE TABLE features AS ${churnFeaturesSql(asOf)}`);
  return await withTemporaryFolder(config.home, async (folder) => {
    const predictions = join(folder, "predictions.jsonl");
    await Deno.writeTextFile(predictions, "");
    const rows = nobody !== undefined
      ? 0
      : await writePredictions(session, loadScorer({ card, files }), predictions, runtime);
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
        ...(baselineReason !== undefined && { baselineReason }),
      },
      parquet,
      { replaces },
    );
    return { status: "done", summary: nobody ?? by + await summary(session, rows, asOf), ...marks };
  });
};

/** What scores; where even the baseline cannot be fitted, a version that has no files and scores nobody. */
async function modelOf(context: PipelineContext, snapshot: string): Promise<ScoringModel> {
  const fitBaseline = async () => {
    using session = await openSnapshot(context.store, snapshot);
    const period = await salesPeriod(session);
    const dates = labelledDates(period, { historyDays: BASELINE_HISTORY_DAYS });
    if (dates.length === 0) {
      throw new TooLittleDataError("There is too little data for any churn score", {
        expected: `at least ${BASELINE_HISTORY_DAYS + CHURN_HORIZON_DAYS} days of orders`,
        found: `${daysBetween(period.first, period.last) + 1} days, from ${period.first} to ${period.last}`,
      });
    }
    const { features, labels } = await readChurnExamples(session, dates);
    const baseline = await recencyBaseline().fit(features, labels);
    return { asOf: addDays(period.last, 1), files: baseline.save() };
  };
  try {
    return await scoringModel(context, "churn", snapshot, fitBaseline);
  } catch (error) {
    if (!(error instanceof TooLittleDataError)) throw error;
    context.runtime.log.warn(`No customer gets a churn score: ${withoutRemedy(error)}.`);
    const card = {
      name: "churn",
      version: NOTHING,
      trainedAt: "",
      snapshot,
      asOf: "",
      parameters: {},
      metrics: {},
    };
    return { card, files: {}, baselineReason: withoutRemedy(error) };
  }
}

const loadScorer = ({ card, files }: ModelVersion): ChurnModel =>
  isBaseline(card) ? loadRecencyChurnModel(files) : loadChurnModel(files);

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
