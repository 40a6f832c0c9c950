import type { Session } from "shopflow/warehouse/mod.ts";
import type { AsOfDate } from "./as_of_date.ts";
import type { ModelEvidence } from "./card/evidence.ts";
import type { TestPredictions } from "./evaluation/comparison.ts";
import type { ServingDefinition } from "./endpoint.ts";
import type { Comparison, Opponents } from "./evaluation/promotion.ts";
import type { ScoreTable } from "./registry/scores.ts";
import type { ModelVersion } from "./registry/versions.ts";

/** Contents of a model version by file name. */
export type ModelFiles = Record<string, Uint8Array>;

/**
 * Everything that ShopFlow has to know of a model. The pipelines `train` and `score`, the registry, promotion, the
 * server, its OpenAPI document and `deno task models` loop over a list of these (`lib/models`), so that a new model is
 * a folder with a definition and a line in that list.
 *
 * @typeParam Model What its files are loaded as, to score with; undefined of a model without training.
 * @typeParam Scores Its score table in memory.
 */
export interface ModelDefinition<Model = unknown, Scores = unknown> {
  /** Names the model in commands, in the registry (`models/<name>/`) and in `/health`. */
  name: string;
  /** The module that defines it, `new URL(import.meta.url)`: a change of it or of what it imports makes a new version. */
  module: URL;
  /** What its versions depend on besides data and code. */
  parameters: Record<string, unknown>;
  /** The first day of which scores know nothing: by default the day after the last sale. */
  asOf(session: Session): Promise<string>;
  /** Absent where scores are computed by a formula, such as a stock plan. */
  training?: TrainingDefinition<Model>;
  scoreTable: ScoreTableDefinition<Model>;
  /** Absent where what is scored has no outcome that could be looked up later. */
  monitoring?: MonitoringDefinition;
  serving: ServingDefinition<Model, Scores>;
}

/** What a model is meant for. Sentences of Markdown. */
export interface IntendedUse {
  purpose: string;
  notFor: string;
  limits: readonly string[];
}

/** How later runs tell whether a model still works. */
export interface MonitoringDefinition {
  /** Column of the score table that names whom or what is scored, e.g. `customer_id`. */
  subjectColumn: string;
  /** Column of the score table that is compared with the outcome. */
  scoreColumn: string;
  /** Columns of the score table that hold the features which were scored, of the same names as in the evidence. */
  featureColumns: readonly string[];
  /** What the outcome is, in a few words, e.g. `no order in 90 days`. */
  outcome: string;
  /** `probability` of an outcome that is 0 or 1, or an `amount`. */
  kind: "probability" | "amount";
  /** Days from the as-of date on until the outcome is known. */
  horizonDays: number;
  /** Column of the score table that has these days of its version, where versions differ in them. */
  horizonColumn?: string;
  /**
   * The outcomes of scores as of a day, so many days later: a column named as `subjectColumn`, and `outcome` as a DOUBLE; whom it does not
   * have is not counted.
   */
  outcomesSql(asOf: AsOfDate, horizonDays: number): string;
}

/** How versions of a model come about, and what they have to beat. */
export interface TrainingDefinition<Model> {
  /** For model cards: what the scores are meant for, what they must not be used for, and where they are wrong. */
  use?: IntendedUse;
  /** The metric that decides about promotions: its name for people, and in cards. */
  leadingMetric: { label: string; metric: string };
  /** What the baseline is called; cards name its metrics with this prefix, e.g. `popularity_ndcg_at_10`. */
  baselineName: string;
  /**
   * Fits a model on a snapshot and evaluates it on a test set that it has not seen.
   *
   * @throws {TooLittleDataError} where the history is too short: the champion stays, or the baseline serves.
   */
  fit(session: Session): Promise<Challenger>;
  /**
   * Fits the simplest method, which serves while no version is good enough.
   *
   * @throws {TooLittleDataError} where the history is too short even for that: then nothing is scored.
   */
  fitBaseline(session: Session): Promise<ModelFiles>;
  /**
   * Makes a version score.
   *
   * @throws {ModelError} when its files are damaged or of another format.
   */
  load(files: ModelFiles, options: { isBaseline: boolean }): Model;
  /**
   * Features that a version uses and that the code no longer computes.
   *
   * @throws {ModelError} when its files are damaged or of another format.
   */
  missingFeatures(files: ModelFiles): string[];
}

/** A fitted model that wants to become champion. */
export interface Challenger {
  /** The training used only data before this day. */
  asOf: string;
  /** What its card says besides the parameters of the definition, such as the split of the data. */
  parameters?: Record<string, unknown>;
  /** On the test set, those of the baseline among them. */
  metrics: Record<string, number>;
  files: ModelFiles;
  /** What it predicts for each row of the test set, for comparisons with later versions. */
  predictions: TestPredictions;
  /** What happened to each row of `predictions` where these are probabilities of it, 0 or 1: for comparing trials. */
  outcomes?: Uint8Array;
  /** What its model card tells besides, and what later runs are compared with. */
  evidence?: ModelEvidence;
  /** What a person should look at, in sentences. */
  warnings?: readonly string[];
  /** What was fitted, in a few words, e.g. `1,200 products`. */
  summary: string;
  /** Compares it with the baseline, the champion and the reference, pairwise on the same rows. */
  compare(opponents: Opponents): Promise<Comparison>;
}

/** A value of a score table. */
export type Cell = string | number | boolean | null;

/** What a model says of every customer or product, as a table in the lake. */
export interface ScoreTableDefinition<Model> {
  /** Names the table: `scores/<name>/`, and in notebooks the view `scores_<name>`. */
  name: string;
  /** What a row stands for, for the reference: a sentence or two of Markdown. */
  meaning?: string;
  /** Name, DuckDB type and meaning of each column; meanings are text of the reference. */
  columns: readonly (readonly [name: string, type: string, meaning?: string])[];
  /** What is scored, in the singular, e.g. `customer`. */
  subject: string;
  /**
   * Computes the rows, cells in the order of the columns.
   *
   * @param input.model Absent without training.
   */
  score(input: ScoringInput<Model>): Promise<ScoredRows>;
  /** A published table in a few words, e.g. `1,200 customers as of 2024-10-01`. */
  describe(table: Pick<ScoreTable, "rows" | "asOf">): string;
}

/** What scores are computed from. */
export interface ScoringInput<Model> {
  session: Session;
  asOf: string;
  model: Model;
  isBaseline: boolean;
}

/** Scores before they are written. */
export interface ScoredRows {
  rows: Iterable<readonly Cell[]>;
  /** How many rows there will be at most, for the progress bar. */
  maxRows?: number;
  /** The result in a few words; by default that of {@linkcode ScoreTableDefinition.describe}. */
  summary?(rows: number): string;
}

/** The leading metric of a version beside its baseline's, e.g. `AUC 0.812 (baseline 0.701)`; undefined where it has none. */
export function leadingMetricText(
  { training }: Pick<ModelDefinition, "training">,
  metrics: Record<string, number>,
): string | undefined {
  if (training === undefined) return undefined;
  const { leadingMetric: { label, metric }, baselineName } = training;
  const [own, simple] = [metrics[metric], metrics[`${baselineName}_${metric}`]];
  return own === undefined
    ? undefined
    : `${label} ${own.toFixed(3)} (baseline ${simple?.toFixed(3) ?? "unknown"})`;
}

export type { ModelVersion };
