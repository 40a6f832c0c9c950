import { valueAt } from "../vectors.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { checkScores, logLoss } from "./metrics.ts";

/** Turns the log-odds of a model into probabilities that come true. It never changes who is ahead of whom. */
export type Calibrator =
  | { method: "none" }
  | { method: "platt"; slope: number; intercept: number }
  /** Log-odds in ascending order and the probability at each; in between it is interpolated. */
  | { method: "isotonic"; logOdds: number[]; probability: number[] };

export type CalibrationMethod = Calibrator["method"];

const METHODS = ["none", "platt", "isotonic"] as const;
const FOLDS = 5;
/** Newton's method takes under ten steps. */
const STEPS = 50;
/** Least rows of each class for a calibration of its own: with fewer, the correction is noise. */
const FEWEST_OF_A_CLASS = 50;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const logit = (p: number) => Math.log(p / (1 - p));

/** The calibrated probability of log-odds. */
export function calibrate(calibrator: Calibrator, logOdds: number): number {
  if (calibrator.method === "none") return sigmoid(logOdds);
  if (calibrator.method === "platt") {
    return sigmoid(calibrator.intercept + calibrator.slope * logOdds);
  }
  const { logOdds: at, probability } = calibrator;
  let [low, high] = [0, at.length - 1];
  // Beyond what was seen the model's own steps count, so that nobody there is tied.
  for (const end of [low, high]) {
    const beyond = logOdds - valueAt(at, end);
    if (end === low ? beyond <= 0 : beyond >= 0) return sigmoid(logit(valueAt(probability, end)) + beyond);
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (valueAt(at, middle) <= logOdds) low = middle;
    else high = middle;
  }
  const share = (logOdds - valueAt(at, low)) / (valueAt(at, high) - valueAt(at, low));
  return valueAt(probability, low) + share * (valueAt(probability, high) - valueAt(probability, low));
}

/** What was chosen, and how well each method did. */
export interface CalibrationChoice {
  calibrator: Calibrator;
  /** Log-loss of each method on rows that it was not fitted on. Empty where the rows were too few to choose by. */
  logLoss: Partial<Record<CalibrationMethod, number>>;
}

/**
 * Chooses none, Platt's or isotonic calibration by the log-loss on rows that each was not fitted on ({@link FOLDS} folds
 * of whole groups), and fits the choice on all rows. A method with more freedom has to be better than the simpler one by
 * more than the standard error of the difference: else it fits noise.
 *
 * @param rows Of a period that the model did not see: its labels and the model's log-odds; `groups` are customers.
 * @throws {ModelError} on lengths that differ or no rows.
 */
export function chooseCalibration(
  { labels, logOdds, groups }: { labels: Uint8Array; logOdds: Float64Array; groups: readonly string[] },
  { seed = 1 }: { seed?: number } = {},
): CalibrationChoice {
  checkScores(labels, logOdds);
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (Math.min(positives, labels.length - positives) < FEWEST_OF_A_CLASS) {
    return { calibrator: { method: "none" }, logLoss: {} };
  }
  const random = createRandom(seed, "calibration folds");
  const foldOf = new Map<string, number>();
  for (const group of groups) if (!foldOf.has(group)) foldOf.set(group, Math.floor(random() * FOLDS));
  const folds = groups.map((group) => foldOf.get(group) ?? 0);
  const losses = METHODS.map((method) => {
    const loss = new Float64Array(labels.length);
    for (let fold = 0; fold < FOLDS; fold++) {
      const rows = [...labels.keys()];
      const calibrator = fitCalibration(
        method,
        ...pick(labels, logOdds, rows.filter((i) => folds[i] !== fold)),
      );
      for (const i of rows.filter((i) => folds[i] === fold)) {
        loss[i] = logLoss(
          Uint8Array.of(valueAt(labels, i)),
          Float64Array.of(calibrate(calibrator, valueAt(logOdds, i))),
        );
      }
    }
    return { method, loss };
  });
  const best = losses.reduce((chosen, next) => isBetter(next.loss, chosen.loss) ? next : chosen);
  return {
    calibrator: fitCalibration(best.method, labels, logOdds),
    logLoss: Object.fromEntries(losses.map(({ method, loss }) => [method, meanOf(loss)])),
  };
}

function pick(labels: Uint8Array, logOdds: Float64Array, rows: number[]): [Uint8Array, Float64Array] {
  return [
    Uint8Array.from(rows, (i) => valueAt(labels, i)),
    Float64Array.from(rows, (i) => valueAt(logOdds, i)),
  ];
}

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function isBetter(one: Float64Array, other: Float64Array): boolean {
  const gain = other.map((value, i) => value - valueAt(one, i));
  const mean = meanOf(gain);
  const variance = gain.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (gain.length - 1);
  return mean > Math.sqrt(variance / gain.length);
}

/**
 * Fits a calibration to log-odds and what happened.
 *
 * @throws {ModelError} on lengths that differ or no rows.
 */
export function fitCalibration(
  method: CalibrationMethod,
  labels: Uint8Array,
  logOdds: Float64Array,
): Calibrator {
  checkScores(labels, logOdds);
  if (method === "none") return { method };
  return method === "platt" ? platt(labels, logOdds) : isotonic(labels, logOdds);
}

/**
 * Logistic regression of the labels on the log-odds, with targets drawn in from 0 and 1 (Platt 1999, Probabilistic
 * outputs for support vector machines, section 2.2) by Newton's method (Lin, Lin and Weng 2007). A slope of 0 or less
 * would turn the ranking round: then nothing is calibrated.
 */
function platt(labels: Uint8Array, logOdds: Float64Array): Calibrator {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const [high, low] = [(positives + 1) / (positives + 2), 1 / (labels.length - positives + 2)];
  let [slope, intercept] = [1, 0];
  for (let step = 0; step < STEPS; step++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9];
    for (const [i, x] of logOdds.entries()) {
      const p = sigmoid(intercept + slope * x);
      const residual = (labels[i] === 1 ? high : low) - p;
      const weight = p * (1 - p);
      g0 += residual;
      g1 += residual * x;
      h00 += weight;
      h01 += weight * x;
      h11 += weight * x * x;
    }
    const determinant = h00 * h11 - h01 * h01;
    const [move0, move1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    intercept += move0;
    slope += move1;
    if (Math.abs(move0) + Math.abs(move1) < 1e-10) break;
  }
  return slope > 0 && Number.isFinite(slope + intercept)
    ? { method: "platt", slope, intercept }
    : { method: "none" };
}

/**
 * Isotonic regression by pooling adjacent violators (Ayer et al. 1955; Zadrozny and Elkan 2002). Each pooled block stands
 * at its mean log-odds, and values in between are interpolated: a step function would tie customers whom the model tells
 * apart. A block in which all or none are of class 1 gets a share of one more average row: nothing is certain.
 */
function isotonic(labels: Uint8Array, logOdds: Float64Array): Calibrator {
  const order = Uint32Array.from(logOdds.keys()).sort((a, b) => valueAt(logOdds, a) - valueAt(logOdds, b));
  const blocks: { rows: number; positives: number; logOdds: number }[] = [];
  for (const row of order) {
    let block = { rows: 1, positives: valueAt(labels, row), logOdds: valueAt(logOdds, row) };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      const isTied = last.logOdds / last.rows === block.logOdds / block.rows;
      if (!isTied && last.positives / last.rows < block.positives / block.rows) break;
      blocks.pop();
      block = {
        rows: last.rows + block.rows,
        positives: last.positives + block.positives,
        logOdds: last.logOdds + block.logOdds,
      };
    }
    blocks.push(block);
  }
  // The model's order is that of nobody: there is nothing to correct it by.
  if (blocks.length < 2) return { method: "none" };
  const share = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const observed = blocks.map(({ positives, rows }) => positives / rows);
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (observed[0] === 0 && first) observed[0] = Math.min(share / (first.rows + 1), (observed[1] ?? 1) / 2);
  if (observed.at(-1) === 1 && last) {
    observed[observed.length - 1] = Math.max(
      (last.rows + share) / (last.rows + 1),
      (1 + (observed.at(-2) ?? 0)) / 2,
    );
  }
  return {
    method: "isotonic",
    logOdds: blocks.map((block) => block.logOdds / block.rows),
    probability: observed,
  };
}
