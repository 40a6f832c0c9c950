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
 * The z with P(Z ≤ z) = p: the safety factor of a service level. Starts from formula 26.2.23 of Abramowitz and
 * Stegun and is polished by Newton's method.
 *
 * @throws {ModelError} when p is not between 0 and 1, both excluded.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) {
    throw new ModelError("There is no quantile of this probability", {
      expected: "a number between 0 and 1, both excluded",
      found: String(p),
    });
  }
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(tail));
  const start = t -
    (2.515517 + 0.802853 * t + 0.010328 * t ** 2) /
      (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3);
  let z = p < 0.5 ? -start : start;
  for (let step = 0; step < 3; step++) z -= (normalCdf(z) - p) / normalDensity(z);
  return z;
}

/**
 * Unit normal loss function E[(Z − k)⁺] = φ(k) − k (1 − Φ(k)): the expected shortage in standard deviations
 * (Silver, Pyke and Thomas 2017, "Inventory and production management in supply chains", appendix II).
 */
export function normalLoss(k: number): number {
  return Math.max(0, normalDensity(k) - k * (1 - normalCdf(k)));
}
