/** From here on four to seven terms of Stirling's series reach double precision. */
const FAR = 10;

/**
 * Natural logarithm of Γ(x) for x > 0: Stirling's series (Abramowitz and Stegun 6.1.41), after stepping up by
 * Γ(x + 1) = x Γ(x).
 */
export function logGamma(x: number): number {
  let product = 1;
  for (; x < FAR; x++) product *= x;
  const square = 1 / (x * x);
  const series = 1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x - Math.log(product);
}

/** ψ(x), the derivative of {@linkcode logGamma}, for x > 0 (Abramowitz and Stegun 6.3.18). */
export function digamma(x: number): number {
  let sum = 0;
  for (; x < FAR; x++) sum += 1 / x;
  const square = 1 / (x * x);
  const series = square *
    (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square * (1 / 132)))));
  return Math.log(x) - 0.5 / x - series - sum;
}

/** ψ′(x), the derivative of {@linkcode digamma}, for x > 0 (Abramowitz and Stegun 6.4.12). */
export function trigamma(x: number): number {
  let sum = 0;
  for (; x < FAR; x++) sum += 1 / (x * x);
  const square = 1 / (x * x);
  const series = 1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * (5 / 66))));
  return sum + 1 / x + square / 2 + square / x * series;
}

/** Up to this many factors a product is summed factor by factor, which is exact; beyond, the functions are. */
const SUMMED = 64;

/** ln Γ(x + n) − ln Γ(x): the logarithm of x (x + 1) … (x + n − 1). */
export function logRising(x: number, n: number): number {
  if (n > SUMMED) return logGamma(x + n) - logGamma(x);
  let sum = 0;
  for (let j = 0; j < n; j++) sum += Math.log(x + j);
  return sum;
}

/** ψ(x + n) − ψ(x): the sum of 1 / (x + j) over j < n. */
export function digammaRising(x: number, n: number): number {
  if (n > SUMMED) return digamma(x + n) - digamma(x);
  let sum = 0;
  for (let j = 0; j < n; j++) sum += 1 / (x + j);
  return sum;
}
