import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import { digammaRising, logRising } from "./gamma_function.ts";
import {
  checkHistories,
  type GroupedHistories,
  groupHistories,
  type PurchaseHistories,
  thinned,
} from "./histories.ts";
import {
  maximise,
  type MeanLogLikelihood,
  observedInformation,
  type SearchStart,
} from "./maximum_likelihood.ts";

/**
 * How customers stop buying: `bg/nbd` after a repeat purchase only, so that whoever never bought again is alive for
 * sure; `mbg/nbd` after any purchase, the first as well.
 */
export type PurchaseModelKind = "bg/nbd" | "mbg/nbd";

/**
 * Purchases of a customer follow a Poisson process of a rate that is gamma distributed over customers (shape `r`, rate
 * `alpha`, in the unit of the histories); after each purchase the customer leaves for good with a probability that is beta
 * distributed (`a`, `b`).
 */
export interface PurchaseParameters {
  r: number;
  alpha: number;
  a: number;
  b: number;
}

/** A purchase model fitted to histories. */
export interface PurchaseModel {
  kind: PurchaseModelKind;
  parameters: PurchaseParameters;
  /** Of the parameters, by the delta method; null where the data do not tell it. */
  standardErrors: Record<keyof PurchaseParameters, number | null>;
  /** Covariance of the log parameters, in the order of {@linkcode PURCHASE_PARAMETERS}. */
  covariance: number[][];
  /** Without the constant ln x! of each customer, as in the papers. */
  logLikelihood: number;
  customers: number;
  /** Customers with a repeat purchase. */
  repeatCustomers: number;
  /** Parameters that the data do not tell, in words; empty when they tell all four. Predictions hold nevertheless. */
  notIdentified: string[];
}

/** The order of the parameters in covariances and gradients. */
export const PURCHASE_PARAMETERS = ["r", "alpha", "a", "b"] as const;

/** What a parameter that runs to 0 or to infinity means. */
const RAN_TO: Record<keyof PurchaseParameters, readonly [toZero: string, toInfinity: string]> = {
  r: ["hardly anybody buys again", "all customers buy at the same rate"],
  alpha: ["customers buy again at once", "all customers buy at the same rate"],
  a: ["nobody leaves", "all customers leave with the same probability"],
  b: ["everybody leaves after a purchase", "all customers leave with the same probability"],
};

/** Log parameters within which a fit searches; `alpha` is counted in mean observation times. */
const RANGES = [[-12, 12], [-12, 12], [-12, 12], [-12, 12]] as const;
/** With more different histories than this, the fit begins with a part of them. */
const MANY_GROUPS = 20_000;

/**
 * Fits BG/NBD (Fader, Hardie and Lee 2005, "Counting your customers the easy way: an alternative to the Pareto/NBD
 * model", Marketing Science 24: 275–284, equation 6) or MBG/NBD (Batislam, Denizel and Filiztekin 2007, International
 * Journal of Research in Marketing 24: 201–209) by maximum likelihood.
 *
 * @throws {InputError} when a history is impossible; see {@linkcode checkHistories}.
 * @throws {TooLittleDataError} when nobody bought again: then nothing tells the rate of purchases.
 * @throws {TooLittleDataError} also when the likelihood has no maximum that can be found.
 */
export function fitPurchaseModel(
  histories: PurchaseHistories,
  { kind = "bg/nbd" }: { kind?: PurchaseModelKind } = {},
): PurchaseModel {
  checkHistories(histories);
  const customers = histories.frequency.length;
  let repeatCustomers = 0, purchases = 0, observed = 0;
  for (let i = 0; i < customers; i++) {
    const x = valueAt(histories.frequency, i);
    if (x > 0) repeatCustomers++;
    purchases += x;
    observed += valueAt(histories.T, i);
  }
  if (repeatCustomers === 0 || observed === 0) {
    throw new TooLittleDataError("Nobody bought again: how often customers buy cannot be estimated", {
      expected: "customers with a repeat purchase and time between them",
      found: `${customers} customers with ${purchases} repeat purchases`,
      remedy: "Take a longer period, or a finer purchase grain.",
    });
  }
  // In mean observation times all log parameters are of the same size, whatever the unit.
  const unit = observed / customers;
  const groups = scaled(groupHistories(histories), unit);
  const rate = purchases / customers;
  let start: SearchStart = { logParameters: Float64Array.of(0, -Math.log(rate), 0, 1) };
  if (groups.place.length > MANY_GROUPS) {
    start = maximise(meanLogLikelihood(thinned(groups, MANY_GROUPS / 2), kind), start, RANGES);
  }
  const likelihood = meanLogLikelihood(groups, kind);
  const maximum = maximise(likelihood, start, RANGES);
  const { covariance, standardErrors } = observedInformation(likelihood, maximum, customers);
  const { logParameters, ranTo } = maximum;
  const estimate = (i: number) => Math.exp(valueAt(logParameters, i)) * (i === 1 ? unit : 1);
  const errorOf = (i: number) => {
    const error = valueAt(standardErrors, i);
    return Number.isFinite(error) ? error * estimate(i) : null;
  };
  const named = <T>(of: (i: number) => T) => ({ r: of(0), alpha: of(1), a: of(2), b: of(3) });
  return {
    kind,
    parameters: named(estimate),
    standardErrors: named(errorOf),
    covariance,
    logLikelihood: maximum.value * customers -
      // ln of the density of purchase times changes with the unit: once a purchase.
      purchases * Math.log(unit),
    customers,
    repeatCustomers,
    notIdentified: PURCHASE_PARAMETERS.flatMap((name, i) => {
      // Where nobody leaves, b has no effect.
      if (name === "b" && ranTo[2] === -1) return ["b: it has no effect where nobody leaves"];
      if (ranTo[i] !== 0) {
        const meaning = RAN_TO[name][ranTo[i] === -1 ? 0 : 1];
        return [`${name} runs to ${ranTo[i] === -1 ? "0" : "infinity"}: ${meaning}`];
      }
      return errorOf(i) === null ? [`${name}: its 95 % interval spans more than a factor of 300`] : [];
    }),
  };
}

/**
 * Fits both models and takes the one with the higher likelihood; they have the same number of parameters.
 *
 * @throws As {@linkcode fitPurchaseModel}.
 */
export function choosePurchaseModel(
  histories: PurchaseHistories,
): { model: PurchaseModel; other: PurchaseModel } {
  const [bg, mbg] = [
    fitPurchaseModel(histories, { kind: "bg/nbd" }),
    fitPurchaseModel(histories, { kind: "mbg/nbd" }),
  ];
  return bg.logLikelihood >= mbg.logLikelihood ? { model: bg, other: mbg } : { model: mbg, other: bg };
}

/** Purchases after which a customer may have left: all repeat purchases, with MBG/NBD the first as well. */
export const exits = (kind: PurchaseModelKind, frequency: number): number =>
  frequency + (kind === "mbg/nbd" ? 1 : 0);

function scaled(groups: GroupedHistories, unit: number): GroupedHistories {
  const divided = (values: Float64Array) => values.map((value) => value / unit);
  return { ...groups, recency: divided(groups.recency), T: divided(groups.T) };
}

/**
 * The mean log-likelihood with its derivatives by ln r, ln alpha, ln a and ln b. A customer with x repeat purchases, who
 * may have left after k of all purchases (BG/NBD: k = x; MBG/NBD: k = x + 1), contributes
 *
 * ln [Γ(r+x)/Γ(r) · αʳ · Γ(a+b)Γ(b+k)/(Γ(b)Γ(a+b+k)) · ((α+T)^−(r+x) + [k>0] a/(b+k−1) (α+t_x)^−(r+x))].
 *
 * What depends on x alone comes from sums that run over the distinct frequencies.
 */
function meanLogLikelihood(groups: GroupedHistories, kind: PurchaseModelKind): MeanLogLikelihood {
  const { frequencies, place, recency, T, weight, customers } = groups;
  const distinct = frequencies.length;
  const [base, byR, byA, byB, logOdds] = Array.from({ length: 5 }, () => new Float64Array(distinct)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return (logParameters, gradient) => {
    const r = Math.exp(logParameters[0]!), alpha = Math.exp(logParameters[1]!);
    const a = Math.exp(logParameters[2]!), b = Math.exp(logParameters[3]!);
    for (let at = 0, x = 0, k = 0, sum = 0, sumR = 0, sumA = 0, sumB = 0; at < distinct; at++) {
      const nextX = frequencies[at]!, nextK = exits(kind, nextX);
      const inB = digammaRising(b + k, nextK - k), inAll = digammaRising(a + b + k, nextK - k);
      sum += logRising(r + x, nextX - x) + logRising(b + k, nextK - k) - logRising(a + b + k, nextK - k);
      sumR += digammaRising(r + x, nextX - x);
      sumA -= inAll;
      sumB += inB - inAll;
      [x, k] = [nextX, nextK];
      base[at] = sum;
      byR[at] = sumR;
      byA[at] = sumA;
      byB[at] = sumB;
      logOdds[at] = k === 0 ? -Infinity : Math.log(a / (b + k - 1));
    }
    // Times are counted from alpha on by log1p: with r and alpha large, r (ln alpha − ln(alpha + T)) would cancel.
    const logAlpha = logParameters[1]!;
    let total = 0, gr = 0, gAlpha = 0, ga = 0, gb = 0;
    for (let i = 0; i < place.length; i++) {
      const at = place[i]!, n = weight[i]!, x = frequencies[at]!;
      const exponent = r + x;
      const end = alpha + T[i]!;
      const logEnd = Math.log1p(T[i]! / alpha);
      let log = base[at]! - x * logAlpha - exponent * logEnd;
      let left = 0, logTime = logEnd, inverseTime = 1 / end;
      if (logOdds[at]! > -Infinity) {
        const last = alpha + recency[i]!;
        const logLast = Math.log1p(recency[i]! / alpha);
        const odds = logOdds[at]! + exponent * (logEnd - logLast);
        // ln(1 + e^odds), and the probability of having left, without overflow.
        const small = Math.exp(-Math.abs(odds));
        log += Math.max(0, odds) + Math.log1p(small);
        left = (odds > 0 ? 1 : small) / (1 + small);
        logTime = (1 - left) * logEnd + left * logLast;
        inverseTime = (1 - left) / end + left / last;
        gb -= n * left / (b + exits(kind, x) - 1);
      }
      total += n * log;
      gr += n * (byR[at]! - logTime);
      gAlpha += n * (r / alpha - exponent * inverseTime);
      ga += n * (byA[at]! + left / a);
      gb += n * byB[at]!;
    }
    gradient[0] = gr * r / customers;
    gradient[1] = gAlpha * alpha / customers;
    gradient[2] = ga * a / customers;
    gradient[3] = gb * b / customers;
    return total / customers;
  };
}
