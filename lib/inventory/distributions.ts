import { normalCdf, normalDensity, normalQuantile } from "shopflow/ml/statistics/mod.ts";
import { ModelError } from "shopflow/errors/mod.ts";

/**
 * Unit normal loss function E[(Z − k)⁺] = φ(k) − k (1 − Φ(k)): the expected shortage in standard deviations
 * (Silver, Pyke and Thomas 2017, "Inventory and production management in supply chains", appendix II).
 */
export function normalLoss(k: number): number {
  return Math.max(0, normalDensity(k) - k * (1 - normalCdf(k)));
}

/** From this mean on, demand that is not too variable is treated as normal (Silver, Pyke and Thomas, 2017, ch. 6 and 9). */
const FAST_MOVER_MEAN = 10;
/** Above this coefficient of variation a normal distribution would put much of its weight on negative demand. */
const MAX_NORMAL_VARIATION = 0.5;

/** Demand over some days, in units. */
export interface DemandDistribution {
  kind: "none" | "poisson" | "negative binomial" | "normal";
  mean: number;
  variance: number;
  /** P(demand > stock). */
  riskOfMoreThan(stock: number): number;
  /** The smallest stock that meets all demand with probability `serviceLevel`; whole units unless normal. */
  stockFor(serviceLevel: number): number;
  /** E[(demand − stock)⁺], units. */
  expectedShortage(stock: number): number;
}

/**
 * The distribution with this mean and variance: normal for products that sell fast and evenly, otherwise negative
 * binomial when the variance exceeds the mean, else Poisson.
 *
 * @param mean units, at least 0
 * @param variance units², at least 0
 * @throws {ModelError} when one of them is negative or not a number.
 */
export function demandDistribution(mean: number, variance: number): DemandDistribution {
  if (!(mean >= 0 && mean < Infinity && variance >= 0 && variance < Infinity)) {
    throw new ModelError("Demand has no such distribution", {
      expected: "a mean and a variance of at least 0",
      found: `${mean} and ${variance}`,
    });
  }
  if (mean === 0) return noDemand;
  if (mean >= FAST_MOVER_MEAN && Math.sqrt(variance) <= MAX_NORMAL_VARIATION * mean) {
    return normalDemand(mean, variance);
  }
  if (variance <= mean) {
    return discreteDemand("poisson", mean, mean, Math.exp(-mean), (k) => mean / (k + 1));
  }
  // Mean r (1 − p) / p and variance r (1 − p) / p², with r failures' real-valued generalisation.
  const p = mean / variance;
  const r = mean * p / (1 - p);
  return discreteDemand("negative binomial", mean, variance, p ** r, (k) => (k + r) / (k + 1) * (1 - p));
}

const noDemand: DemandDistribution = {
  kind: "none",
  mean: 0,
  variance: 0,
  riskOfMoreThan: (stock) => stock < 0 ? 1 : 0,
  stockFor: () => 0,
  expectedShortage: (stock) => Math.max(0, -stock),
};

function normalDemand(mean: number, variance: number): DemandDistribution {
  const sd = Math.sqrt(variance);
  return {
    kind: "normal",
    mean,
    variance,
    riskOfMoreThan: (stock) => sd === 0 ? Number(mean > stock) : 1 - normalCdf((stock - mean) / sd),
    stockFor: (serviceLevel) => mean + normalQuantile(serviceLevel) * sd,
    expectedShortage: (stock) => sd === 0 ? Math.max(0, mean - stock) : sd * normalLoss((stock - mean) / sd),
  };
}

/** A distribution over 0, 1, 2, …, given P(0) and the ratios P(k + 1) / P(k). */
function discreteDemand(
  kind: DemandDistribution["kind"],
  mean: number,
  variance: number,
  atZero: number,
  ratio: (k: number) => number,
): DemandDistribution {
  /** Walks up from 0 while `goesOn` holds; the tail beyond double precision is cut off. */
  function walk(goesOn: (k: number, cumulative: number) => boolean, visit?: (k: number, p: number) => void) {
    let probability = atZero, cumulative = atZero, k = 0;
    visit?.(0, probability);
    while (goesOn(k, cumulative) && (k < mean || probability > 1e-16)) {
      probability *= ratio(k++);
      cumulative += probability;
      visit?.(k, probability);
    }
    return { k, cumulative: Math.min(1, cumulative) };
  }
  return {
    kind,
    mean,
    variance,
    riskOfMoreThan(stock) {
      return stock < 0 ? 1 : 1 - walk((k) => k + 1 <= stock).cumulative;
    },
    stockFor(serviceLevel) {
      return walk((_, cumulative) => cumulative < serviceLevel).k;
    },
    expectedShortage(stock) {
      if (stock < 0) return mean - stock;
      let left = 0;
      walk((k) => k + 1 <= stock, (k, probability) => left += (stock - k) * probability);
      return Math.max(0, mean - stock + left);
    },
  };
}
