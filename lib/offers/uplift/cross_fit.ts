/** Predictions of a trial's customers by models that did not see them. */
import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import type { XgboostOptions } from "shopflow/ml/classifier/mod.ts";
import { createRandom, type Progress, silentProgress } from "shopflow/runtime/mod.ts";
import { type Trial, trialRows } from "../effect/mod.ts";
import { checkUpliftTrial, fitUplift, type Learner, type UpliftPrediction } from "./learners.ts";

export interface CrossFitOptions {
  /** Default: T alone. */
  learners?: readonly Learner[];
  /** Parts of the customers; each is predicted by models of the others. Default 5. */
  folds?: number;
  /** Default 0. */
  seed?: number;
  /** How trees are grown; fixed defaults otherwise. */
  trees?: Partial<XgboostOptions>;
  progress?: Progress;
}

/**
 * T: it assumes nothing of how the treatment enters, while S tends to take small effects for none. Chosen before any
 * trial was looked at.
 */
export const DEFAULT_LEARNERS: readonly Learner[] = ["T"];
const DEFAULT_FOLDS = 5;

/** Predictions by learner, one a row. */
export type Predictions = ReadonlyMap<Learner, UpliftPrediction>;

export interface CrossFit {
  /** Fold of each row. */
  fold: Uint8Array;
  folds: number;
  /** Of every row, by models fitted on the other folds. */
  predictions: Predictions;
}

/**
 * Splits the customers into folds, and predicts those of each by models fitted on the others.
 *
 * @throws {InputError} when the trial has no features, not two arms, or the folds are not 2 to 255.
 * @throws {TooLittleDataError} when a rate is the same in all rows of an arm of a fold's training.
 */
export async function crossFit(trial: Trial, options: CrossFitOptions = {}): Promise<CrossFit> {
  checkUpliftTrial(trial);
  const { folds = DEFAULT_FOLDS, seed = 0, progress = silentProgress } = options;
  const fold = stratifiedFolds(trial, folds, seed);
  const bar = progress.start("cross-fitting", folds, "folds");
  const predictions = emptyPredictions(trial, options.learners);
  for (let left = 0; left < folds; left++) {
    const rows = rowsWhere(fold, (value) => value === left);
    place(
      predictions,
      rows,
      await predictFrom(trial, rowsWhere(fold, (value) => value !== left), rows, options),
    );
    bar.update(left + 1);
  }
  bar.finish();
  return { fold, folds, predictions };
}

/**
 * For each fold, predictions of the other folds by models that saw neither the row's fold nor that one: with these the
 * folds that a model is trained on can decide something without a look at the fold that is reported. A model without
 * folds i and j serves both, so there are K (K − 1) / 2 fits.
 *
 * @returns One map a fold; its predictions are 0 in the fold itself.
 */
export async function crossFitWithin(
  trial: Trial,
  { fold, folds }: CrossFit,
  options: CrossFitOptions = {},
): Promise<Predictions[]> {
  const { progress = silentProgress } = options;
  const within = Array.from({ length: folds }, () => emptyPredictions(trial, options.learners));
  const bar = progress.start("cross-fitting within training folds", folds * (folds - 1) / 2, "pairs");
  let done = 0;
  for (let i = 0; i < folds; i++) {
    for (let j = i + 1; j < folds; j++) {
      const train = rowsWhere(fold, (value) => value !== i && value !== j);
      const rows = rowsWhere(fold, (value) => value === i || value === j);
      const predicted = await predictFrom(trial, train, rows, options);
      const ofFold = (one: number) => rowsWhere(fold, (value) => value === one);
      place(within[i]!, ofFold(j), pick(predicted, rows, fold, j));
      place(within[j]!, ofFold(i), pick(predicted, rows, fold, i));
      bar.update(++done);
    }
  }
  bar.finish();
  return within;
}

async function predictFrom(
  trial: Trial,
  train: Uint32Array,
  rows: Uint32Array,
  { learners = DEFAULT_LEARNERS, seed = 0, trees }: CrossFitOptions,
): Promise<Predictions> {
  const models = await fitUplift(trialRows(trial, train), learners, { seed, ...trees });
  const { features } = trialRows(trial, rows);
  return new Map(models.map((model) => [model.learner, model.predict(features)]));
}

export const rowsWhere = (fold: Uint8Array, wanted: (fold: number) => boolean): Uint32Array =>
  Uint32Array.from(fold.keys()).filter((row) => wanted(valueAt(fold, row)));

const PARTS = ["control", "treated", "uplift"] as const;

function emptyPredictions(trial: Trial, learners = DEFAULT_LEARNERS): Predictions {
  const empty = () => new Float64Array(trial.arm.length);
  return new Map(
    learners.map((learner) => [learner, { control: empty(), treated: empty(), uplift: empty() }]),
  );
}

function place(target: Predictions, rows: Uint32Array, predicted: Predictions): void {
  for (const [learner, prediction] of predicted) {
    for (const part of PARTS) {
      const values = target.get(learner)![part];
      for (const [index, row] of rows.entries()) values[row] = valueAt(prediction[part], index);
    }
  }
}

/** The predictions of the rows of one fold, of those of `rows`. */
function pick(predicted: Predictions, rows: Uint32Array, fold: Uint8Array, wanted: number): Predictions {
  const isWanted = (_: number, index: number) => fold[valueAt(rows, index)] === wanted;
  return new Map(
    [...predicted].map(([learner, { control, treated, uplift }]) => [learner, {
      control: control.filter(isWanted),
      treated: treated.filter(isWanted),
      uplift: uplift.filter(isWanted),
    }]),
  );
}

/**
 * Splits the rows of a trial into folds at random, with about the same share of each arm and, of a rate, of each outcome
 * in every fold. The rows of a cluster stay together.
 *
 * @returns The fold of each row, 0 to folds − 1; the same trial and seed give the same folds.
 * @throws {InputError} when the folds are not 2 to 255.
 */
export function stratifiedFolds(trial: Trial, folds: number, seed: number): Uint8Array {
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= 255)) {
    throw new InputError("Invalid number of folds", {
      expected: "a whole number from 2 to 255",
      found: String(folds),
    });
  }
  const random = createRandom(seed, "folds");
  // A unit is a cluster, or a row by itself; its stratum is that of its first row.
  const units = new Map<number, number[]>();
  for (let row = 0; row < trial.arm.length; row++) {
    const unit = trial.clusters ? valueAt(trial.clusters, row) : row;
    const rows = units.get(unit);
    if (rows) rows.push(row);
    else units.set(unit, [row]);
  }
  const strata = new Map<string, number[][]>();
  for (const rows of units.values()) {
    const name = `${trial.arm[rows[0]!]}/${trial.isRate ? trial.outcome[rows[0]!] : ""}`;
    const stratum = strata.get(name);
    if (stratum) stratum.push(rows);
    else strata.set(name, [rows]);
  }
  const fold = new Uint8Array(trial.arm.length);
  let next = 0;
  for (const [, stratum] of [...strata].sort(([a], [b]) => a < b ? -1 : 1)) {
    for (let i = stratum.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [stratum[i], stratum[j]] = [stratum[j]!, stratum[i]!];
    }
    // Dealt on from where the stratum before ended, so that small strata do not all fall into the first folds.
    for (const rows of stratum) {
      for (const row of rows) fold[row] = next % folds;
      next++;
    }
  }
  return fold;
}
