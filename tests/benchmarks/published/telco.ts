import {
  bestRounds,
  logisticTrainer,
  type XgboostOptions,
  xgboostTrainer,
} from "shopflow/ml/classifier/mod.ts";
import { auc } from "shopflow/ml/evaluation/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { readTelcoChurn, rowsOf, telcoSplits } from "../../fixtures/telco_churn.ts";
import type { PublishedComparison } from "./comparison.ts";

const SOURCE = "InterpretML's benchmark, Telco churn, 3 stratified shuffle splits";
/** Small trees, from those that only add up to those with interactions of three. */
const CANDIDATES: Partial<XgboostOptions>[] = [
  { maxDepth: 1, eta: 0.1, minChildWeight: 10, colsampleByTree: 0.5 },
  { maxDepth: 2, eta: 0.05, minChildWeight: 10, colsampleByTree: 0.5 },
  { maxDepth: 3, eta: 0.05, minChildWeight: 20, colsampleByTree: 0.5 },
];
const MOST_ROUNDS = 400;
const VALIDATION_SHARE = 0.25;

/** The share of the rows with the lowest random numbers, of each class the same, for the validation. */
function validationRows(labels: Uint8Array, seed: number): { fit: number[]; check: number[] } {
  const random = createRandom(seed, "telco validation");
  const drawn = Array.from(labels.keys(), (row) => [random(), row] as const).sort(([a], [b]) => a - b);
  const check = [0, 1].flatMap((label) => {
    const members = drawn.map(([, row]) => row).filter((row) => labels[row] === label);
    return members.slice(0, Math.round(members.length * VALIDATION_SHARE));
  });
  const isCheck = new Set(check);
  return { fit: [...labels.keys()].filter((row) => !isCheck.has(row)), check };
}

/** Churn of single customers: early stopping and the choice of the trees on a quarter of each training set. */
export const telco: PublishedComparison = {
  name: "telco",
  about:
    "7,043 customers of a telephone company, 26.5 % churned; AUROC, mean of 3 stratified shuffle splits, 25 % test",
  async results() {
    const { features, labels } = await readTelcoChurn();
    const areas = { trees: 0, logistic: 0 };
    const splits = telcoSplits();
    for (const [seed, { train, test }] of splits.entries()) {
      const [training, own] = [rowsOf(features, train), Uint8Array.from(train, (row) => labels[row]!)];
      const { fit, check } = validationRows(own, seed);
      const pick = (rows: number[]) => Uint8Array.from(rows, (row) => own[row]!);
      let best = { loss: Infinity, options: {} as Partial<XgboostOptions> };
      for (const candidate of CANDIDATES) {
        const options = { ...candidate, rounds: MOST_ROUNDS, seed };
        const trees = await xgboostTrainer(options).fit(rowsOf(training, fit), pick(fit));
        const stop = bestRounds(trees, rowsOf(training, check), pick(check));
        if (stop.logLoss < best.loss) {
          best = { loss: stop.logLoss, options: { ...options, rounds: stop.rounds } };
        }
      }
      const tested = rowsOf(features, test);
      const outcomes = Uint8Array.from(test, (row) => labels[row]!);
      const trees = await xgboostTrainer(best.options).fit(training, own);
      const logistic = await logisticTrainer().fit(training, own);
      areas.trees += auc(outcomes, trees.predict(tested)) / splits.length;
      areas.logistic += auc(outcomes, logistic.predict(tested)) / splits.length;
    }
    const result = (name: string, ours: number, published: number, method: string, tolerance: number) =>
      ({ name, ours, published, source: `${method}; ${SOURCE}`, better: "higher", tolerance }) as const;
    return [
      result("AUROC, trees", areas.trees, 0.852, "explainable boosting 0.852 ± 0.006, the best", 0),
      result(
        "AUROC, logistic regression",
        areas.logistic,
        0.849,
        "logistic regression 0.849 ± 0.005",
        0.0005,
      ),
    ];
  },
};
