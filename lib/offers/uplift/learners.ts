/** Learners of uplift: what contacting a customer adds to the outcome, given what is known of the customer. */
import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import {
  type FeatureMatrix,
  fitTreeRegressor,
  matrixRow,
  XGBOOST_DEFAULTS,
  type XgboostOptions,
  xgboostTrainer,
} from "shopflow/ml/classifier/mod.ts";
import { type Trial, trialRows } from "../effect/mod.ts";

/**
 * - `S`: one model of the outcome with the treatment among its features;
 * - `T`: a model each of the treated and of the control;
 * - `X`: T's models impute each customer's effect, and a model each of those is averaged by the propensity.
 *
 * Künzel, Sekhon, Bickel and Yu 2019, "Metalearners for estimating heterogeneous treatment effects using machine
 * learning", PNAS 116: 4156–4165.
 */
export type Learner = "S" | "T" | "X";
export const LEARNERS: readonly Learner[] = ["S", "T", "X"];

/** What a model says of customers, one number a row, in the outcome's unit. */
export interface UpliftPrediction {
  /** Expected outcome if left alone, and if contacted. */
  control: Float64Array;
  treated: Float64Array;
  /** What the contact adds: the score to rank by. */
  uplift: Float64Array;
}

export interface UpliftModel {
  learner: Learner;
  /** @throws {ModelError} when the features are not those of the trial. */
  predict(features: FeatureMatrix): UpliftPrediction;
}

/**
 * A row of a rate counts rate × (1 − rate) in XGBoost's `minChildWeight`, 0.25 at most, a row of a mean 1: so that their leaves
 * hold about as many rows, a mean's weight is multiplied by this.
 */
const ROWS_OF_WEIGHT = 5;

/** Trees as for churn: small ones learned slowly. Set before any trial was looked at, and not tuned since. */
export const UPLIFT_DEFAULTS: XgboostOptions = XGBOOST_DEFAULTS;

type Outcome = (features: FeatureMatrix) => Float64Array;

/**
 * Fits several learners on one trial of two arms; X shares the models of T.
 *
 * @throws {InputError} when the trial has no features, or not two arms.
 * @throws {TooLittleDataError} when a rate is the same in all rows of an arm.
 */
export async function fitUplift(
  trial: Trial,
  learners: readonly Learner[] = LEARNERS,
  options: Partial<XgboostOptions> = {},
): Promise<UpliftModel[]> {
  checkUpliftTrial(trial);
  const of = async (arm: number) => {
    const rows = Uint32Array.from(trial.arm.keys()).filter((row) => trial.arm[row] === arm);
    const part = trialRows(trial, rows);
    return { part, outcome: await fitOutcome(part.features, part.outcome, trial.isRate, options) };
  };
  const needsArms = learners.some((learner) => learner !== "S");
  const arms = needsArms ? await Promise.all([of(0), of(1)]) : undefined;
  return await Promise.all(learners.map(async (learner) => {
    if (learner === "S") return await fitSingle(trial, options);
    const [zero, one] = arms!;
    const both = (features: FeatureMatrix) => {
      const [control, treated] = [zero!.outcome(features), one!.outcome(features)];
      return { control, treated, uplift: treated.map((value, row) => value - valueAt(control, row)) };
    };
    if (learner === "T") return { learner, predict: both };
    const effectOf = async ({ part }: typeof zero & object, other: Outcome, sign: number) => {
      const expected = other(part.features);
      const imputed = part.outcome.map((value, row) => sign * (value - valueAt(expected, row)));
      return await fitMean(part.features, imputed, options);
    };
    const [ofControl, ofTreated] = await Promise.all([
      effectOf(zero!, one!.outcome, -1),
      effectOf(one!, zero!.outcome, 1),
    ]);
    const share = trial.propensity[1]!.reduce((sum, value) => sum + value, 0) / trial.arm.length;
    return {
      learner,
      predict(features: FeatureMatrix) {
        const [control, treated] = [ofControl(features), ofTreated(features)];
        const uplift = control.map((value, row) => share * value + (1 - share) * valueAt(treated, row));
        return { ...both(features), uplift };
      },
    };
  }));
}

/** @throws {InputError} when the trial has no features, or not two arms. */
export function checkUpliftTrial(trial: Trial): void {
  if (trial.features.names.length > 0 && trial.arms.length === 2) return;
  throw new InputError("Uplift cannot be learned from this trial", {
    expected: "features, and two arms; twoArms(trial, arm) picks one and the control",
    found: `${trial.features.names.length} features, ${trial.arms.length} arms`,
  });
}

async function fitSingle(trial: Trial, options: Partial<XgboostOptions>): Promise<UpliftModel> {
  const outcome = await fitOutcome(
    withTreatment(trial.features, (row) => valueAt(trial.arm, row)),
    trial.outcome,
    trial.isRate,
    options,
  );
  return {
    learner: "S",
    predict(features) {
      const [control, treated] = [0, 1].map((arm) => outcome(withTreatment(features, () => arm))) as [
        Float64Array,
        Float64Array,
      ];
      return { control, treated, uplift: treated.map((value, row) => value - valueAt(control, row)) };
    },
  };
}

const TREATED = "(treated)";

function withTreatment(features: FeatureMatrix, treated: (row: number) => number): FeatureMatrix {
  const width = features.names.length + 1;
  const values = new Float32Array(features.rows * width);
  for (let row = 0; row < features.rows; row++) {
    values.set(matrixRow(features, row), row * width);
    values[row * width + width - 1] = treated(row);
  }
  return { names: [...features.names, TREATED], rows: features.rows, values };
}

async function fitOutcome(
  features: FeatureMatrix,
  outcome: Float64Array,
  isRate: boolean,
  options: Partial<XgboostOptions>,
): Promise<Outcome> {
  if (!isRate) return await fitMean(features, outcome, options);
  const model = await xgboostTrainer(options).fit(features, Uint8Array.from(outcome));
  return (rows) => model.predict(rows);
}

async function fitMean(
  features: FeatureMatrix,
  targets: Float64Array,
  options: Partial<XgboostOptions>,
): Promise<Outcome> {
  const { minChildWeight } = { ...UPLIFT_DEFAULTS, ...options };
  const model = await fitTreeRegressor(features, targets, {
    ...options,
    minChildWeight: ROWS_OF_WEIGHT * minChildWeight,
  });
  return (rows) => model.predict(rows);
}
