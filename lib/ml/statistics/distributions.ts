/** The distributions that intervals and tests need: normal, Student's t and chi-square. */
import { ModelError } from "shopflow/errors/mod.ts";

/** Beyond this many standard deviations the tail is smaller than a double can tell from 0 beside 1. */
const FAR = 8.5;

/** Density of the standard normal distribution. */
export function normalDensity(z: number): number {
  return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * P(Z ≤ z) of the standard normal distribution, with an absolute error below 1e-14, by the series
 * ½ + φ(z) (z + z³/3 + z⁵/(3·5) + …) of Marsaglia 2004, "Evaluating the normal distribution", section 2.
 */
export function normalCdf(z: number): number {
  if (z < -FAR) return 0;
  if (z > FAR) return 1;
  let sum = z, term = z, before = 0;
  for (let odd = 3; sum !== before; odd += 2) {
    before = sum;
    term *= z * z / odd;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

/**
 * The z with P(Z ≤ z) = p. Starts from formula 26.2.23 of Abramowitz and Stegun and is polished by Newton's method.
 *
 * @throws {ModelError} when p is not between 0 and 1, both excluded.
 */
export function normalQuantile(p: number): number {
  checkProbability(p);
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(tail));
  const start = t -
    (2.515517 + 0.802853 * t + 0.010328 * t ** 2) /
      (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3);
  let z = p < 0.5 ? -start : start;
  for (let step = 0; step < 3; step++) z -= (normalCdf(z) - p) / normalDensity(z);
  return z;
}

function checkProbability(p: number): void {
  if (p > 0 && p < 1) return;
  throw new ModelError("There is no quantile of this probability", {
    expected: "a number between 0 and 1, both excluded",
    found: String(p),
  });
}

/** Standard deviations from the middle of a normal distribution to the ends of its middle 95 %. */
export const NORMAL_95 = 1.959963984540054;

/**
 * The t with P(T ≤ t) = p of Student's distribution, by bisection of its upper tail.
 *
 * @param df Degrees of freedom, any number above 0; Infinity gives the normal distribution.
 * @throws {ModelError} when p is not between 0 and 1, or df is not above 0.
 */
export function studentQuantile(p: number, df: number): number {
  checkProbability(p);
  if (!(df > 0)) {
    throw new ModelError("Student's distribution needs degrees of freedom", {
      expected: "a number above 0",
      found: String(df),
    });
  }
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  // From here on it equals the normal distribution in ten digits.
  if (df > 1e9) return normalQuantile(p);
  let low = 0, high = Math.max(2, normalQuantile(p));
  while (studentTail(high, df) > 1 - p) [low, high] = [high, high * 2];
  for (let step = 0; step < 200 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, df) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) of Student's distribution for t ≥ 0: ½ I(df / (df + t²); df/2, ½) (Abramowitz and Stegun 26.7.1). */
export function studentTail(t: number, df: number): number {
  return df > 1e9 ? 1 - normalCdf(t) : incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
}

/** P(X > x) of the chi-square distribution: Q(df/2, x/2). */
export function chiSquareTail(x: number, df: number): number {
  return x <= 0 ? 1 : upperGamma(df / 2, x / 2);
}

/**
 * The x with P(X ≤ x) = p of the chi-square distribution, by bisection of its tail.
 *
 * @param df Degrees of freedom, above 0.
 * @throws {ModelError} when p is not between 0 and 1, both excluded.
 */
export function chiSquareQuantile(p: number, df: number): number {
  // Above the tail of a normal distribution with its mean and more than its deviation.
  let low = 0, high = df + 10 * Math.sqrt(2 * df) * Math.max(1, Math.abs(normalQuantile(p)));
  while (chiSquareTail(high, df) > 1 - p) high *= 2;
  for (let step = 0; step < 200 && high - low > 1e-12 * high; step++) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, df) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, 3rd edition, section 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return front / a * continuedFraction((step) => {
    const m = Math.floor(step / 2);
    return step % 2 === 0
      ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
  });
}

/** 1 / (1 + d₁ / (1 + d₂ / (1 + …))) by the modified method of Lentz. */
function continuedFraction(numerator: (step: number) => number): number {
  const awayFrom0 = (value: number) => Math.abs(value) < 1e-300 ? 1e-300 : value;
  let c = 1, d = 0, value = 1;
  for (let step = 1; step < 10_000; step++) {
    const term = numerator(step);
    d = 1 / awayFrom0(1 + term * d);
    c = awayFrom0(1 + term / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return 1 / value;
}

/** Regularised upper incomplete gamma function Q(a, x): its series below a + 1, its fraction above (section 6.2). */
function upperGamma(a: number, x: number): number {
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a, sum = term;
    for (let n = a + 1; term > sum * 1e-16; n++) sum += term *= x / n;
    return 1 - front * sum;
  }
  let b = x + 1 - a, c = 1e300, d = 1 / b, value = d;
  for (let n = 1; n < 10_000; n++) {
    b += 2;
    d = 1 / (-n * (n - a) * d + b);
    c = b - n * (n - a) / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * value;
}

/** ln Γ(x) for x > 0: Stirling's series (Abramowitz and Stegun 6.1.41), after the recurrence has raised x to 10. */
export function logGamma(x: number): number {
  let shift = 0;
  for (; x < 10; x++) shift += Math.log(x);
  const r = 1 / (x * x);
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 +
    (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / x - shift;
}
