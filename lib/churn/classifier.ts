import { calibrate, type CalibrationMethod, type Calibrator } from "shopflow/ml/evaluation/mod.ts";
import {
  loadTreeClassifier,
  readModelJson,
  type TreeClassifier,
  writeModelJson,
} from "shopflow/ml/classifier/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";

const FILE = "churn.json";
const FORMAT = "shopflow-churn-1";

interface SavedChurn {
  format: typeof FORMAT;
  horizonDays: number;
  calibrator: Calibrator;
}

/** Trees with what makes a churn model of them: how far they look ahead, and how their log-odds become probabilities. */
export interface ChurnClassifier extends TreeClassifier {
  /** Its probability is that of no order in so many days. */
  readonly horizonDays: number;
  readonly calibration: CalibrationMethod;
  /** The calibrated probability of log-odds of the trees. */
  probability(logOdds: number): number;
}

/** How trees are made a churn model. */
export interface ChurnClassifierOptions {
  horizonDays: number;
  calibrator: Calibrator;
}

/** A churn model of trees. Its files are those of the trees and one of its own. */
export function churnClassifier(
  trees: TreeClassifier,
  { horizonDays, calibrator }: ChurnClassifierOptions,
): ChurnClassifier {
  const { ensemble, featureNames, margins } = trees;
  const probability = (margin: number) => calibrate(calibrator, margin);
  return {
    featureNames,
    ensemble,
    horizonDays,
    calibration: calibrator.method,
    probability,
    margins,
    predict: (features) => margins(features).map(probability),
    save: () => ({
      ...trees.save(),
      [FILE]: writeModelJson<SavedChurn>({ format: FORMAT, horizonDays, calibrator }),
    }),
  };
}

/** @throws {ModelError} when the files are not those of a churn model. */
export function loadChurnClassifier(files: Record<string, Uint8Array>): ChurnClassifier {
  const trees = loadTreeClassifier(files);
  const { horizonDays, calibrator } = readModelJson<SavedChurn>(files, FILE, FORMAT);
  if (!(Number.isInteger(horizonDays) && horizonDays > 0)) {
    throw new ModelError("Invalid horizon of a churn model", {
      expected: "a whole number of days above 0",
      found: String(horizonDays),
    });
  }
  return churnClassifier(trees, { horizonDays, calibrator });
}
