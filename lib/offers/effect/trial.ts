/** A randomised trial: who was in which arm, what came out, and what was known before; checked once, here. */
import { InputError, someOf, TooLittleDataError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { chiSquareTail, normalCdf } from "shopflow/ml/statistics/mod.ts";
import { type FeatureMatrix, takeRows } from "shopflow/ml/classifier/mod.ts";
import {
  type Columns,
  encodeFeatures,
  type FeatureEncoding,
  fillMissing,
  matrixColumn,
  numberColumn,
  numberOf,
  openColumns,
  planEncoding,
  type TrialData,
} from "./columns.ts";

/** Which column is what. */
export interface TrialColumns {
  /** Column of the arm each customer was drawn into. */
  treatment: string;
  /** Column of the outcome: 0 or 1 (a rate), or any number (a mean, e.g. money). */
  outcome: string;
  /** The value of `treatment` of those left alone. Default: the one of 0, false, "control" that is there. */
  control?: unknown;
  /** Columns known before the draw, for uplift and for the check of balance: numbers or categories. */
  features?: readonly string[];
  /** Columns of numbers known before the draw that go along with the outcome, for CUPED. */
  covariates?: readonly string[];
  /** Column of the unit that was drawn where rows are smaller than it, e.g. customer_id where a row is an order. */
  cluster?: string;
  /**
   * Probability of each arm, as it was drawn: a share by arm (`{ control: 0.1, offer: 0.9 }`), a column by arm, or with
   * two arms one column with the probability of treatment. Default: the shares found, which no check can question.
   */
  propensity?: string | Readonly<Record<string, number | string>>;
  /** What to do where arms have other sizes than planned (p < 0.001). Default `refuse`. */
  sampleRatioMismatch?: "refuse" | "note";
}

/** A checked trial; rows in the order of the data. */
export interface Trial {
  treatmentName: string;
  outcomeName: string;
  /** Names of the arms; the first is the control, the others by name. */
  arms: readonly string[];
  /** Index into `arms`, one a row. */
  arm: Uint8Array;
  outcome: Float64Array;
  /** Whether all outcomes are 0 or 1. */
  isRate: boolean;
  /** By arm, the probability that each row had of it; above 0 and below 1. */
  propensity: readonly Float64Array[];
  covariates: readonly { name: string; values: Float64Array }[];
  /** Index of the row's cluster; undefined where every row was drawn by itself. */
  clusters?: Int32Array;
  features: FeatureMatrix;
  encoding: FeatureEncoding;
  /** p of the chi-square test of planned shares; undefined where none were planned. */
  sampleRatioPValue?: number;
  /** What a reader of the result must know, in sentences. */
  notes: readonly string[];
}

/** Below this p arms differ in size from the plan by more than chance (Fabijan et al. 2019, KDD, on sample ratio mismatch). */
const MISMATCH = 0.001;

/**
 * Reads a trial from rows or columns.
 *
 * @throws {InputError} when a column is missing, there is no control or no treated arm, the outcome is missing
 * somewhere, a propensity is not between 0 and 1, or the arms' sizes are not those planned.
 * @throws {TooLittleDataError} when the outcome is the same everywhere, or an arm has fewer than two rows.
 */
export function readTrial(data: TrialData, names: TrialColumns): Trial {
  const columns = openColumns(data);
  const outcome = numberColumn(columns, names.outcome, "outcome");
  const { arms, arm } = readArms(columns, names);
  const counts = arms.map((_, index) => arm.reduce((sum, one) => sum + Number(one === index), 0));
  const thin = counts.findIndex((count) => count < 2);
  if (thin >= 0) {
    throw new TooLittleDataError(`The arm ${arms[thin]} is too small to compare`, {
      expected: "at least 2 rows",
      found: String(counts[thin]),
    });
  }
  if (outcome.every((value) => value === outcome[0])) {
    throw new TooLittleDataError(`The outcome ${names.outcome} is the same in all rows`, {
      expected: "an outcome that varies",
      found: `${outcome[0]} in ${outcome.length} rows`,
      remedy: "Wait until outcomes are known, or check the column.",
    });
  }
  const propensity = readPropensity(columns, names, arms, counts);
  const notes: string[] = [];
  const sampleRatioPValue = names.propensity === undefined
    ? undefined
    : checkSampleRatio(arms, counts, propensity, names.sampleRatioMismatch ?? "refuse", notes);
  const encoding = planEncoding(columns, names.features ?? []);
  const features = encodeFeatures(encoding, columns);
  const covariates = (names.covariates ?? []).map((name) => readCovariate(columns, name, notes));
  const trial: Trial = {
    treatmentName: names.treatment,
    outcomeName: names.outcome,
    arms,
    arm,
    outcome,
    isRate: outcome.every((value) => value === 0 || value === 1),
    propensity,
    covariates,
    ...readClusters(columns, names.cluster, arm, notes),
    features,
    encoding,
    ...(sampleRatioPValue !== undefined && { sampleRatioPValue }),
    notes,
  };
  notes.push(...balanceNotes(trial));
  return trial;
}

function readArms(columns: Columns, { treatment, control }: TrialColumns): Pick<Trial, "arms" | "arm"> {
  const column = columns.column(treatment);
  const values = Array.from({ length: columns.rows }, (_, row) => String(column[row] ?? ""));
  const found = [...new Set(values)].sort();
  const empty = values.indexOf("");
  if (empty >= 0) {
    throw new InputError(`The arm of row ${empty} is not known`, {
      expected: `a value in ${treatment}`,
      found: "nothing",
      remedy: "Leave out customers who were not part of the trial.",
    });
  }
  const wanted = control === undefined
    ? ["0", "false", "control", "Control"].find((name) => found.includes(name))
    : String(control);
  if (wanted === undefined || !found.includes(wanted)) {
    throw new InputError("The trial has no control", {
      expected: control === undefined ? "0, false or control" : JSON.stringify(control),
      found: `${treatment}: ${someOf(found)}`,
      remedy: "Say which value of it means left alone: { control: … }.",
    });
  }
  if (found.length < 2 || found.length > 50) {
    throw new InputError(`${treatment} does not split the customers into arms`, {
      expected: "a control and 1 to 49 other arms",
      found: `${found.length} different values`,
    });
  }
  const arms = [wanted, ...found.filter((name) => name !== wanted)];
  const index = new Map(arms.map((name, place) => [name, place]));
  return { arms, arm: Uint8Array.from(values, (value) => index.get(value)!) };
}

function readPropensity(
  columns: Columns,
  { propensity }: TrialColumns,
  arms: readonly string[],
  counts: readonly number[],
): Float64Array[] {
  const rows = columns.rows;
  const constant = (share: number) => new Float64Array(rows).fill(share);
  if (propensity === undefined) return counts.map((count) => constant(count / rows));
  const problem = (found: string) =>
    new InputError("Invalid propensities", {
      expected: "for every row a probability of each arm above 0 and below 1, 1 together",
      found,
      remedy: "A customer who could not get an arm belongs to no comparison with it: leave such rows out.",
    });
  let read: Float64Array[];
  if (typeof propensity === "string") {
    if (arms.length > 2) throw problem(`one column for ${arms.length} arms`);
    const treated = numberColumn(columns, propensity, "propensity");
    read = [treated.map((value) => 1 - value), treated];
  } else {
    const missing = arms.filter((name) => propensity[name] === undefined);
    if (missing.length > 0) throw problem(`none for ${someOf(missing)}`);
    read = arms.map((name) => {
      const share = propensity[name]!;
      return typeof share === "number" ? constant(share) : numberColumn(columns, share, "propensity");
    });
  }
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (const [index, values] of read.entries()) {
      const value = valueAt(values, row);
      if (!(value > 0 && value < 1)) throw problem(`${value} of ${arms[index]} in row ${row}`);
      sum += value;
    }
    if (Math.abs(sum - 1) > 1e-6) throw problem(`${sum} together in row ${row}`);
  }
  return read;
}

/** Pearson's chi-square test of the arms' sizes against those planned. */
function checkSampleRatio(
  arms: readonly string[],
  counts: readonly number[],
  propensity: readonly Float64Array[],
  mismatch: "refuse" | "note",
  notes: string[],
): number {
  const expected = propensity.map((values) => values.reduce((sum, value) => sum + value, 0));
  const statistic = counts.reduce(
    (sum, count, index) => sum + (count - valueAt(expected, index)) ** 2 / valueAt(expected, index),
    0,
  );
  const pValue = chiSquareTail(statistic, arms.length - 1);
  if (pValue >= MISMATCH) return pValue;
  const sizes = (values: readonly number[]) =>
    arms.map((name, index) => `${Math.round(valueAt(values, index))} ${name}`).join(", ");
  const details = {
    expected: `about ${sizes(expected)}`,
    found: `${sizes(counts)} (chi-square test: p = ${pValue.toExponential(1)})`,
  };
  if (mismatch === "refuse") {
    throw new InputError("The arms have other sizes than planned, so the draw or the data is at fault", {
      ...details,
      remedy:
        'Find out which customers are missing and why. { sampleRatioMismatch: "note" } reads the trial anyway.',
    });
  }
  notes.push(
    `The arms have other sizes than planned: expected ${details.expected}, found ${details.found}. ` +
      "Customers are missing from an arm, and the effect may come from that.",
  );
  return pValue;
}

function readCovariate(columns: Columns, name: string, notes: string[]): Trial["covariates"][number] {
  const column = columns.column(name);
  const values = Float64Array.from({ length: columns.rows }, (_, row) => numberOf(column[row]));
  const { filled, missing } = fillMissing(values);
  if (missing === columns.rows) {
    throw new InputError(`The covariate ${name} has no numbers`, {
      expected: "a column of numbers known before the draw",
      found: JSON.stringify(column[0]) ?? "nothing",
    });
  }
  if (missing > 0) notes.push(`${name} is missing in ${missing} rows, which take its mean.`);
  return { name, values: filled };
}

function readClusters(
  columns: Columns,
  name: string | undefined,
  arm: Uint8Array,
  notes: string[],
): Pick<Trial, "clusters"> {
  if (name === undefined) return {};
  const column = columns.column(name);
  const index = new Map<unknown, number>();
  const clusters = new Int32Array(columns.rows);
  const armOf = new Map<number, number>();
  let crossed = 0;
  for (let row = 0; row < columns.rows; row++) {
    const key = column[row];
    if (key === null || key === undefined || key === "") {
      throw new InputError(`The cluster ${name} of row ${row} is not known`, {
        expected: "a value in every row",
        found: String(key),
      });
    }
    const cluster = index.get(key) ?? index.size;
    index.set(key, cluster);
    clusters[row] = cluster;
    const before = armOf.get(cluster) ?? valueAt(arm, row);
    if (before !== valueAt(arm, row)) crossed++;
    armOf.set(cluster, before);
  }
  if (crossed > 0) notes.push(`${crossed} rows are in another arm than the first row of their ${name}.`);
  if (index.size < 40) {
    notes.push(`There are ${index.size} clusters only: below about 40, intervals tend to be too narrow.`);
  }
  return { clusters };
}

/** Features and covariates whose means differ between an arm and the control by more than a fair draw would give. */
function balanceNotes(trial: Trial): string[] {
  const columns = [
    ...trial.features.names.map((name, j) => ({
      name,
      values: fillMissing(matrixColumn(trial.features, j)).filled,
    })),
    ...trial.covariates,
  ];
  const tests = columns.length * (trial.arms.length - 1);
  return columns.flatMap(({ name, values }) =>
    trial.arms.slice(1).flatMap((armName, other) => {
      const [one, zero] = [moments(trial, values, other + 1), moments(trial, values, 0)];
      const spread = Math.sqrt((one.variance + zero.variance) / 2);
      const error = Math.sqrt(one.variance / one.rows + zero.variance / zero.rows);
      const differs = error > 0 ? 2 * normalCdf(-Math.abs(one.mean - zero.mean) / error) : 1;
      // Drawn with unequal probabilities arms may differ; rows of one cluster are no independent evidence.
      const isEvidence = trial.clusters === undefined && isConstant(trial.propensity[0]!);
      return isEvidence && differs * tests < MISMATCH
        ? [
          `${name} differs between ${armName} and ${trial.arms[0]} before the trial (by ${
            ((one.mean - zero.mean) / spread).toFixed(2)
          } standard deviations): was it known before the draw, and was the draw random?`,
        ]
        : [];
    })
  );
}

const isConstant = (values: Float64Array) => values.every((value) => value === values[0]);

function moments(trial: Trial, values: Float64Array, arm: number) {
  let rows = 0, mean = 0, squares = 0;
  for (let row = 0; row < values.length; row++) {
    if (trial.arm[row] !== arm) continue;
    const value = valueAt(values, row);
    rows++;
    const before = value - mean;
    mean += before / rows;
    squares += before * (value - mean);
  }
  return { rows, mean, variance: squares / Math.max(1, rows - 1) };
}

/**
 * The features of other customers, encoded as the trial's are: what a model of the trial scores.
 *
 * @throws {InputError} when a column of the trial's features is missing.
 */
export function featuresLike(trial: Trial, data: TrialData): FeatureMatrix {
  return encodeFeatures(trial.encoding, openColumns(data));
}

/**
 * The part of a trial with one arm and the control. Probabilities are those of the arm among the two.
 *
 * @throws {InputError} when there is no such arm.
 */
export function twoArms(trial: Trial, arm: string): Trial {
  const index = trial.arms.indexOf(arm);
  if (index < 1) {
    throw new InputError(`The trial has no treated arm ${JSON.stringify(arm)}`, {
      expected: someOf(trial.arms.slice(1)),
    });
  }
  const rows = [...trial.arm.keys()].filter((row) => trial.arm[row] === 0 || trial.arm[row] === index);
  return {
    ...trialRows(trial, Uint32Array.from(rows)),
    arms: [trial.arms[0]!, arm],
    arm: Uint8Array.from(rows, (row) => Number(trial.arm[row] === index)),
    propensity: [0, index].map((one) =>
      Float64Array.from(rows, (row) => {
        const [zero, treated] = [trial.propensity[0]![row]!, trial.propensity[index]![row]!];
        return (one === 0 ? zero : treated) / (zero + treated);
      })
    ),
  };
}

/** Some rows of a trial, in the order given. */
export function trialRows(trial: Trial, rows: Uint32Array): Trial {
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => valueAt(values, row));
  const outcome = pick(trial.outcome);
  return {
    ...trial,
    arm: Uint8Array.from(rows, (row) => valueAt(trial.arm, row)),
    outcome,
    propensity: trial.propensity.map(pick),
    covariates: trial.covariates.map(({ name, values }) => ({ name, values: pick(values) })),
    ...(trial.clusters && { clusters: Int32Array.from(rows, (row) => valueAt(trial.clusters!, row)) }),
    features: takeRows(trial.features, rows),
  };
}
