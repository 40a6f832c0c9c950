/** From here on four to seven terms of Stirling's series reach double precision. */
const FAR = 10;

/** ψ(x), the derivative of ln Γ(x), for x > 0 (Abramowitz and Stegun 6.3.18). */
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

/** Up to this many factors a product is taken factor by factor. */
const FEW = 16;

/**
 * ln Γ(x + by) − ln Γ(x), which for a whole `by` is the logarithm of x (x + 1) … (x + by − 1). Far out the two logarithms
 * are equal in all their digits, so the difference is that of Stirling's series, term by term.
 */
export function logRising(x: number, by: number): number {
  let sum = 0;
  if (by <= FEW && Number.isInteger(by)) {
    for (let j = 0; j < by; j++) sum += Math.log(x + j);
    return sum;
  }
  for (; x < FAR; x++) sum += Math.log(x / (x + by));
  const y = x + by;
  return sum + (x - 0.5) * Math.log1p(by / x) + by * Math.log(y) - by + (1 / y - 1 / x) / 12 -
    (y ** -3 - x ** -3) / 360 + (y ** -5 - x ** -5) / 1260 - (y ** -7 - x ** -7) / 1680 +
    (y ** -9 - x ** -9) / 1188;
}

/** ψ(x + by) − ψ(x), which for a whole `by` is the sum of 1 / (x + j) over j < by; see {@linkcode logRising}. */
export function digammaRising(x: number, by: number): number {
  let sum = 0;
  if (by <= FEW && Number.isInteger(by)) {
    for (let j = 0; j < by; j++) sum += 1 / (x + j);
    return sum;
  }
  for (; x < FAR; x++) sum += 1 / x - 1 / (x + by);
  const y = x + by;
  return sum + Math.log1p(by / x) + by / (2 * x * y) - (y ** -2 - x ** -2) / 12 + (y ** -4 - x ** -4) / 120 -
    (y ** -6 - x ** -6) / 252 + (y ** -8 - x ** -8) / 240 - (y ** -10 - x ** -10) / 132;
}
