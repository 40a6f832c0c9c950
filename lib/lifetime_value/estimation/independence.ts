import { mean } from "shopflow/ml/mod.ts";
import { NORMAL_95 } from "shopflow/ml/statistics/mod.ts";
import type { SpendingHistories } from "./gamma_gamma.ts";

/** A correlation with its 95 % interval. */
interface Correlation {
  value: number;
  low: number;
  high: number;
}

/** Whether how often customers buy has to do with how much they spend. */
export interface Independence {
  customers: number;
  /** Of purchases and mean amount; null with fewer than ten customers, or where either does not vary. */
  pearson: Correlation | null;
  /** Of their ranks: large orders of a few customers do not decide it. */
  spearman: Correlation | null;
  verdict: "not known" | "independent" | "weak" | "dependent";
  /** The verdict in words, with the numbers. */
  text: string;
}

const FEWEST = 10;
/** Correlations below this are small in the convention of Cohen (1988). */
const WEAK = 0.3;

/**
 * Value is purchases times amount, which holds where the two are independent over customers (Fader and Hardie 2013,
 * section 1). Measured among customers with a known amount: by Pearson's correlation and, for the verdict, Spearman's, with
 * the intervals of Fisher (1921) and of Bonett and Wright (2000, Psychometrika 65: 23–28).
 */
export function checkIndependence({ count, meanAmount }: SpendingHistories): Independence {
  const known = Array.from(count).flatMap((x, i) => x > 0 ? [i] : []);
  const x = known.map((i) => count[i]!), z = known.map((i) => meanAmount[i]!);
  const customers = known.length;
  const plain = correlation(x, z), ofRanks = correlation(ranks(x), ranks(z));
  if (customers < FEWEST || plain === undefined || ofRanks === undefined) {
    const text = `Whether frequency and amount are independent is not known: ${customers} customers with ` +
      `an amount, ${FEWEST} with different frequencies and amounts are needed.`;
    return { customers, pearson: null, spearman: null, verdict: "not known", text };
  }
  const pearson = fisherInterval(plain, customers, 1);
  const spearman = fisherInterval(ofRanks, customers, 1 + ofRanks ** 2 / 2);
  const includesZero = spearman.low <= 0 && spearman.high >= 0;
  const isWeak = Math.abs(spearman.value) < WEAK;
  const verdict = includesZero ? "independent" : isWeak ? "weak" : "dependent";
  const numbers = `rank correlation ${format(spearman)}, Pearson ${format(pearson)}, ${customers} customers`;
  const direction = spearman.value > 0 ? "more" : "less";
  const text = {
    independent: `No sign that frequent customers spend more or less a purchase (${numbers}).`,
    weak:
      `Frequent customers spend slightly ${direction} a purchase (${numbers}): a weak relation; values of ` +
      `frequent customers are a little too ${spearman.value > 0 ? "low" : "high"}.`,
    dependent:
      `Frequent customers spend ${direction} a purchase (${numbers}): the model assumes that they do ` +
      `not, so values of frequent customers are rather too ${
        spearman.value > 0 ? "low" : "high"
      }, and those ` +
      `of rare ones too ${spearman.value > 0 ? "high" : "low"}.`,
  }[verdict];
  return { customers, pearson, spearman, verdict, text };
}

const format = ({ value, low, high }: Correlation) =>
  `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

function correlation(x: readonly number[], y: readonly number[]): number | undefined {
  const [mx, my] = [mean(x), mean(y)];
  let xx = 0, yy = 0, xy = 0;
  for (const [i, value] of x.entries()) {
    const dx = value - mx, dy = y[i]! - my;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : undefined;
}

function fisherInterval(value: number, customers: number, inflation: number): Correlation {
  const centre = Math.atanh(Math.min(1 - 1e-12, Math.max(-1 + 1e-12, value)));
  const reach = NORMAL_95 * Math.sqrt(inflation / (customers - 3));
  return { value, low: Math.tanh(centre - reach), high: Math.tanh(centre + reach) };
}

/** Ranks from 1; equal values share their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const ranked: number[] = Array(values.length).fill(0);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (const i of order.slice(start, end)) ranked[i] = (start + 1 + end) / 2;
    start = end;
  }
  return ranked;
}
