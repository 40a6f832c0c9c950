/** How many customers a trial needs, what it can detect, or how likely it is to: for rates and for means. */
import { InputError } from "shopflow/errors/mod.ts";
import { normalCdf, normalQuantile, studentQuantile } from "shopflow/ml/statistics/mod.ts";

export interface TrialDesign {
  /** A rate compares shares of customers (bought or not), a mean amounts (spend). */
  measure: "rate" | "mean";
  /** Rate of the control, between 0 and 1; of a mean only the standard deviation matters. */
  baseline?: number;
  /** Of the outcome within an arm; for a mean. */
  standardDeviation?: number;
  /** Least difference worth finding, in the outcome's unit: 0.01 is one point of a rate. */
  effect?: number;
  /** Customers in both arms together. */
  rows?: number;
  /** Probability of finding that effect. Default 0.8, where rows or effect are asked for. */
  power?: number;
  /** Probability of finding an effect where there is none. Default 0.05. */
  alpha?: number;
  /** Two: an effect of either sign counts. One: of the sign of `effect` only. Default 2. */
  sides?: 1 | 2;
  /** Share of the customers who get the offer. Default 0.5. */
  treatedShare?: number;
  /** Correlation of the outcome with what was known before, which CUPED takes off. Default 0. */
  covariateCorrelation?: number;
  /** Rows that are drawn together, and how alike they are within (intra-class correlation). Default 1 and 0. */
  clusterSize?: number;
  clusterCorrelation?: number;
}

export interface TrialPlan {
  rows: number;
  treated: number;
  control: number;
  /** The effect of that power: asked, or the least that can be detected. */
  effect: number;
  power: number;
  /** Expected width of half the interval with confidence 1 − alpha (two-sided): effect ± this. */
  intervalHalfWidth: number;
}

/** Beyond this no shop has customers. */
const MOST_ROWS = 1e12;

/**
 * Solves for what is not given of rows, effect and power.
 *
 * Rates: normal test with the pooled rate under no effect and separate rates under the effect (Fleiss, Levin and Paik
 * 2003, "Statistical methods for rates and proportions", section 4.2), as statsmodels' `power_proportions_2indep`. Means: Student's
 * test, its noncentral distribution approximated by Abramowitz and Stegun 26.7.10, within a row of statsmodels'
 * `TTestIndPower`. CUPED multiplies the variance by 1 − ρ², clusters of m rows by 1 + (m − 1) ρ (Kish's design effect).
 *
 * @throws {InputError} when a number is out of range, or not exactly one of rows, effect and power is left open (power
 * may be left to its default beside one of the others).
 */
export function planTrial(design: TrialDesign): TrialPlan {
  const checked = check(design);
  const { effect, rows } = design;
  if (effect !== undefined && rows !== undefined) return plan(checked, rows, effect);
  const power = design.power ?? 0.8;
  if (rows !== undefined) return plan(checked, rows, leastEffect(checked, rows, power));
  return plan(checked, neededRows(checked, effect!, power), effect!);
}

interface Checked {
  design: TrialDesign;
  alpha: number;
  sides: 1 | 2;
  /** Treated share. */
  share: number;
  /** Factor of the variance by CUPED and clusters. */
  inflation: number;
}

function check(design: TrialDesign): Checked {
  const { alpha = 0.05, sides = 2, treatedShare: share = 0.5 } = design;
  const { covariateCorrelation = 0, clusterSize = 1, clusterCorrelation = 0 } = design;
  const inside = (name: string, value: number | undefined, low: number, high: number, expected: string) => {
    if (value === undefined || (value > low && value < high)) return;
    throw new InputError(`Invalid ${name}`, { expected, found: String(value) });
  };
  const between = (name: string, value: number | undefined) =>
    inside(name, value, 0, 1, "a number between 0 and 1, both excluded");
  between("alpha", alpha);
  between("power", design.power);
  between("treatedShare", share);
  inside("covariateCorrelation", covariateCorrelation, -1, 1, "a number between -1 and 1, both excluded");
  inside("clusterSize", clusterSize, 1 - 1e-12, Infinity, "a number from 1 on");
  inside("clusterCorrelation", clusterCorrelation, -1e-12, 1, "a number from 0 to below 1");
  inside("rows", design.rows, 3, Infinity, "a number from 4 on");
  if (sides !== 1 && sides !== 2) {
    throw new InputError("Invalid sides", { expected: "1 or 2", found: String(sides) });
  }
  if (design.measure === "rate") {
    if (design.baseline === undefined) {
      throw new InputError("A rate needs its baseline", { expected: "baseline" });
    }
    between("baseline", design.baseline);
    if (design.effect !== undefined) {
      inside("effect", design.baseline + design.effect, 0, 1, "a rate between 0 and 1 with the effect added");
    }
  } else if (!(design.standardDeviation! > 0)) {
    throw new InputError("A mean needs its standard deviation", {
      expected: "standardDeviation above 0",
      found: String(design.standardDeviation),
    });
  }
  const open = [design.effect, design.rows].filter((value) => value === undefined).length;
  if (design.effect === 0 || open === 2 || (open === 0 && design.power !== undefined)) {
    throw new InputError("There is nothing to solve for", {
      expected: "rows or an effect other than 0 (with power, default 0.8), or rows and effect without power",
      found: `effect ${design.effect}, rows ${design.rows}, power ${design.power}`,
    });
  }
  return {
    design,
    alpha,
    sides,
    share,
    inflation: (1 - covariateCorrelation ** 2) * (1 + (clusterSize - 1) * clusterCorrelation),
  };
}

/** Standard deviations, of one row of the treated arm, of the difference: if there is no effect, and if there is. */
function deviations({ design, share, inflation }: Checked, effect: number) {
  // Rows of the control a treated row.
  const ratio = (1 - share) / share;
  if (design.measure === "mean") {
    const sd = design.standardDeviation! * Math.sqrt(inflation * (1 + 1 / ratio));
    return { none: sd, some: sd };
  }
  const other = design.baseline!, one = other + effect;
  const pooled = (one + ratio * other) / (1 + ratio);
  return {
    none: Math.sqrt(inflation * pooled * (1 - pooled) * (1 + 1 / ratio)),
    some: Math.sqrt(inflation * (one * (1 - one) + other * (1 - other) / ratio)),
  };
}

/** Probability of finding the effect with this many treated rows, which may be a fraction. */
function powerOf(checked: Checked, treated: number, effect: number): number {
  const { none, some } = deviations(checked, effect);
  const signal = Math.abs(effect) * Math.sqrt(treated);
  const tail = 1 - checked.alpha / checked.sides;
  const upper = (shift: number) => {
    if (checked.design.measure === "rate") return normalCdf((shift - normalQuantile(tail) * none) / some);
    const df = Math.max(1, treated / checked.share - 2), t = studentQuantile(tail, df);
    return normalCdf((shift / some - t * (1 - 1 / (4 * df))) / Math.sqrt(1 + t * t / (2 * df)));
  };
  return upper(signal) + (checked.sides === 2 ? upper(-signal) : 0);
}

function neededRows(checked: Checked, effect: number, power: number): number {
  let low = 1, high = 2;
  while (powerOf(checked, high, effect) < power) {
    if (high > MOST_ROWS) {
      throw new InputError("No trial is large enough", {
        expected: "a larger effect or less power",
        found: `effect ${effect}, power ${power}`,
      });
    }
    [low, high] = [high, high * 2];
  }
  for (let step = 0; step < 100 && high - low > 1e-7 * high; step++) {
    const middle = (low + high) / 2;
    if (powerOf(checked, middle, effect) < power) low = middle;
    else high = middle;
  }
  // The search stops a little above the root, which must not add a row.
  const treated = Math.ceil(high - 1e-6 * high);
  return treated + Math.max(2, Math.ceil(high * (1 - checked.share) / checked.share * (1 - 1e-6)));
}

/** The least effect above 0 that is found with this power. */
function leastEffect(checked: Checked, rows: number, power: number): number {
  const treated = rows * checked.share;
  const most = checked.design.measure === "rate"
    ? 1 - checked.design.baseline! - 1e-12
    : 1e6 * checked.design.standardDeviation!;
  if (powerOf(checked, treated, most) < power) {
    throw new InputError("So few customers can show no effect", {
      expected: "more rows or less power",
      found: `${rows} rows, power ${power}`,
    });
  }
  let low = 0, high = most;
  for (let step = 0; step < 200 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (powerOf(checked, treated, middle) < power) low = middle;
    else high = middle;
  }
  return high;
}

function plan(checked: Checked, rows: number, effect: number): TrialPlan {
  const treated = Math.round(rows * checked.share);
  const control = rows - treated;
  const tail = 1 - checked.alpha / 2;
  const reach = checked.design.measure === "rate"
    ? normalQuantile(tail)
    : studentQuantile(tail, Math.max(1, rows - 2));
  return {
    rows,
    treated,
    control,
    effect,
    power: powerOf(checked, treated, effect),
    intervalHalfWidth: reach * deviations(checked, effect).some / Math.sqrt(treated),
  };
}
