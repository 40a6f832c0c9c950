import { InputError, TooLittleDataError } from "shopflow/errors/mod.ts";
import { logGamma } from "shopflow/ml/statistics/mod.ts";
import { digammaRising, logRising } from "./gamma_function.ts";
import { maximise, type MeanLogLikelihood, observedInformation } from "./maximum_likelihood.ts";

/**
 * Amounts of a customer's purchases are gamma distributed (shape `p`) around the customer's own mean, and the rates of
 * these gammas are gamma distributed over customers (shape `q`, rate `gamma`, in the unit of the money).
 */
export interface MoneyParameters {
  p: number;
  q: number;
  gamma: number;
}

/** What is known of customers' spending: arrays of one length. */
export interface SpendingHistories {
  /** Purchases that the mean is of; 0 of a customer of whom nothing is known. */
  count: ArrayLike<number>;
  /** Mean amount of a purchase; where the count is 0 it is not looked at. */
  meanAmount: ArrayLike<number>;
}

/** A Gamma-Gamma model fitted to customers' spending. */
export interface MoneyModel {
  parameters: MoneyParameters;
  /** By the delta method; null where the data do not tell the parameter. */
  standardErrors: Record<keyof MoneyParameters, number | null>;
  /** Covariance of the log parameters, in the order p, q, gamma. */
  covariance: number[][];
  logLikelihood: number;
  /** Customers whose spending it was fitted on. */
  customers: number;
  /** Expected amount of a purchase of a customer of whom nothing is known: pγ/(q−1), without a finite mean the plain mean. */
  populationMean: number;
  /** Parameters that the data do not tell, in words. */
  notIdentified: string[];
}

const RANGES = [[-10, 10], [-10, 10], [-12, 12]] as const;
const NAMES = ["p", "q", "gamma"] as const;
const RAN_TO: Record<keyof MoneyParameters, readonly [toZero: string, toInfinity: string]> = {
  p: ["amounts of one customer have nothing in common", "a customer's purchases all have the same amount"],
  q: ["customers differ without bound", "all customers spend alike"],
  gamma: ["amounts are unbounded", "all customers spend alike"],
};

/**
 * Fits the Gamma-Gamma model (Fader and Hardie 2013, "The Gamma-Gamma model of monetary value", equation 1a) by maximum
 * likelihood.
 *
 * @throws {InputError} when a mean amount is not above 0: returns have to be netted or left out before.
 * @throws {TooLittleDataError} when fewer than two customers have a known amount, or all amounts are equal.
 */
export function fitMoneyModel(spending: SpendingHistories): MoneyModel {
  const { counts, means } = knownSpending(spending);
  const customers = counts.length;
  const plainMean = means.reduce((sum, z) => sum + z, 0) / customers;
  // In mean amounts all log parameters are of the same size, whatever the currency.
  const likelihood = meanLogLikelihood(counts, means.map((z) => z / plainMean));
  const maximum = maximise(likelihood, { logParameters: Float64Array.of(1, 1, 1) }, RANGES);
  const { covariance, standardErrors } = observedInformation(likelihood, maximum, customers);
  const [p, q, scaledGamma] = [...maximum.logParameters].map(Math.exp) as [number, number, number];
  const parameters = { p, q, gamma: scaledGamma * plainMean };
  const errorOf = (i: number) => {
    const error = standardErrors[i]!;
    return Number.isFinite(error) ? error * parameters[NAMES[i]!] : null;
  };
  const notIdentified = NAMES.flatMap((name, i) => {
    const ran = maximum.ranTo[i]!;
    if (ran !== 0) return [`${name} runs to ${ran < 0 ? "0" : "infinity"}: ${RAN_TO[name][ran < 0 ? 0 : 1]}`];
    return errorOf(i) === null ? [`${name}: its 95 % interval spans more than a factor of 300`] : [];
  });
  if (q <= 1) {
    notIdentified.push(
      `q is ${
        q.toFixed(3)
      }, so the mean over customers is not finite: customers without a known amount get ` +
        "the plain mean",
    );
  }
  return {
    parameters,
    standardErrors: { p: errorOf(0), q: errorOf(1), gamma: errorOf(2) },
    covariance,
    logLikelihood: maximum.value * customers - customers * Math.log(plainMean),
    customers,
    populationMean: q > 1 ? p * parameters.gamma / (q - 1) : plainMean,
    notIdentified,
  };
}

/**
 * Places of the customers with a known amount.
 *
 * @throws {InputError} when the arrays differ in length, or a count or an amount is impossible.
 */
function placesOfKnown({ count, meanAmount }: SpendingHistories): number[] {
  if (count.length !== meanAmount.length) {
    throw new InputError("Counts and mean amounts have different lengths", {
      expected: "one of each a customer",
      found: `${count.length} and ${meanAmount.length}`,
    });
  }
  const known: number[] = [], wrong: number[] = [];
  for (let i = 0; i < count.length; i++) {
    const [x, z] = [count[i]!, meanAmount[i]!];
    if (x === 0) continue;
    if (Number.isSafeInteger(x) && x > 0 && z > 0 && z < Infinity) known.push(i);
    else wrong.push(i);
  }
  const [first] = wrong;
  if (first !== undefined) {
    throw new InputError(`Invalid spending of ${wrong.length} of ${count.length} customers`, {
      expected: "a whole number of purchases and a finite mean amount above 0",
      found: `${count[first]} purchases of ${meanAmount[first]} on average, at place ${first}`,
      remedy: "Net returns against their orders, or leave purchases without an amount out (count 0).",
    });
  }
  return known;
}

/** Customers with a known amount, once they are checked. */
function knownSpending(spending: SpendingHistories): { counts: Float64Array; means: Float64Array } {
  const known = placesOfKnown(spending);
  const { count, meanAmount } = spending;
  const counts = Float64Array.from(known, (i) => count[i]!);
  const means = Float64Array.from(known, (i) => meanAmount[i]!);
  if (new Set(means).size < 2) {
    throw new TooLittleDataError("How much customers spend cannot be estimated", {
      expected: "at least two customers whose mean amounts differ",
      found: `${known.length} customers${known.length > 0 ? ` with a mean amount of ${means[0]}` : ""}`,
    });
  }
  return { counts, means };
}

/**
 * The mean log-likelihood with its derivatives by ln p, ln q and ln γ. A customer with the mean z of x purchases contributes
 * ln Γ(px+q) − ln Γ(px) − ln Γ(q) − ln z − px ln(1 + γ/(xz)) − q ln(1 + xz/γ), which is the paper's equation without terms
 * that cancel.
 */
function meanLogLikelihood(counts: Float64Array, means: Float64Array): MeanLogLikelihood {
  const distinct = Float64Array.from(new Set(counts)).sort();
  const places = new Map([...distinct].map((x, place) => [x, place]));
  const place = Uint32Array.from(counts, (x) => places.get(x)!);
  const logMeans = means.map(Math.log);
  const column = () => new Float64Array(distinct.length);
  const [base, psiP, psiQ] = [column(), column(), column()];
  return (logParameters, gradient) => {
    const p = Math.exp(logParameters[0]!),
      q = Math.exp(logParameters[1]!),
      gamma = Math.exp(logParameters[2]!);
    const logGammaQ = logGamma(q);
    for (const [at, x] of distinct.entries()) {
      base[at] = logRising(p * x, q) - logGammaQ;
      psiP[at] = digammaRising(p * x, q);
      psiQ[at] = digammaRising(q, p * x);
    }
    let sum = 0, gp = 0, gq = 0, gGamma = 0;
    for (let i = 0; i < counts.length; i++) {
      const at = place[i]!, x = counts[i]!, total = x * means[i]!;
      const byAmount = Math.log1p(gamma / total), byGamma = Math.log1p(total / gamma);
      sum += base[at]! - logMeans[i]! - p * x * byAmount - q * byGamma;
      gp += x * (psiP[at]! - byAmount);
      gq += psiQ[at]! - byGamma;
      gGamma += (q * total - p * x * gamma) / (gamma + total);
    }
    gradient[0] = gp * p / counts.length;
    gradient[1] = gq * q / counts.length;
    gradient[2] = gGamma / counts.length;
    return sum / counts.length;
  };
}

/** The expected amount of each customer's next purchases. */
export interface SpendingPrediction {
  amount: Float64Array;
  /** Standard error of the logarithm of `amount`: of the estimate, not of a single purchase. */
  logError: Float64Array;
}

/**
 * Expected amount of a purchase, p(γ + xz)/(px + q − 1) (Fader and Hardie 2013, equation 5): the customer's own mean,
 * drawn towards that of all the more, the fewer purchases are known.
 *
 * @throws {InputError} when a mean amount is not above 0; see {@linkcode fitMoneyModel}.
 */
export function predictSpending(
  { parameters: { p, q, gamma }, covariance, populationMean }: MoneyModel,
  spending: SpendingHistories,
): SpendingPrediction {
  placesOfKnown(spending);
  const { count, meanAmount } = spending;
  const customers = count.length;
  const prediction = { amount: new Float64Array(customers), logError: new Float64Array(customers) };
  const [[pp = 0, pq = 0, pg = 0] = [], [, qq = 0, qg = 0] = [], [, , gg = 0] = []] = covariance;
  for (let i = 0; i < customers; i++) {
    const x = count[i]!, total = x > 0 ? x * meanAmount[i]! : 0, below = p * x + q - 1;
    if (below <= 0) {
      prediction.amount[i] = populationMean;
      continue;
    }
    prediction.amount[i] = p * (gamma + total) / below;
    const [byP, byQ, byGamma] = [1 - p * x / below, -q / below, gamma / (gamma + total)];
    const variance = byP * byP * pp + byQ * byQ * qq + byGamma * byGamma * gg +
      2 * (byP * byQ * pq + byP * byGamma * pg + byQ * byGamma * qg);
    prediction.logError[i] = Math.sqrt(Math.max(0, variance));
  }
  return prediction;
}
