import type { GroupLeaf } from "./leaf_groups.ts";

/** Products of factors after a player; kept, since it is needed a million times. */
let after = new Float64Array(32);

/**
 * Writes the Shapley values of a leaf's players to `into`, from `at` on.
 *
 * That of player k, value × (agrees(k) − share(k)) × the mean over all orders of players of Π over the others of agrees(j)
 * where j came before k and share(j) where not, is an integral over the moment t at which k comes: the others came before
 * with probability t, so the mean is ∫₀¹ Π (share(j) (1 − t) + agrees(j) t) dt. The product is a polynomial of one degree less
 * than there are players, for which Gauss and Legendre's rule with half as many points is exact; no factor is negative, so
 * nothing cancels.
 *
 * @param agrees 1 for each player at all of whose nodes the row goes the path's way, else 0.
 */
export function writeShapleyValues(
  { value, shares }: Pick<GroupLeaf, "value" | "shares">,
  agrees: ArrayLike<number>,
  into: Float64Array,
  at = 0,
): void {
  const size = shares.length;
  if (after.length <= size) after = new Float64Array(2 * size);
  into.fill(0, at, at + size);
  after[size] = 1;
  const { points, weights } = gaussLegendre(Math.ceil(size / 2));
  for (let i = 0; i < points.length; i++) {
    const t = points[i]!;
    for (let k = size - 1; k >= 0; k--) {
      after[k] = after[k + 1]! * (shares[k]! * (1 - t) + agrees[k]! * t);
    }
    let before = weights[i]!;
    for (let k = 0; k < size; k++) {
      into[at + k]! += before * after[k + 1]!;
      before *= shares[k]! * (1 - t) + agrees[k]! * t;
    }
  }
  for (let k = 0; k < size; k++) into[at + k]! *= value * (agrees[k]! - shares[k]!);
}

interface Rule {
  points: Float64Array;
  weights: Float64Array;
}

const rules: Rule[] = [];

/**
 * Points and weights that integrate polynomials of degree 2 `count` - 1 over 0 to 1 exactly (Press et al., Numerical Recipes,
 * 3rd ed. 2007, section 4.6). The points are the roots of the Legendre polynomial, found by Newton's method.
 */
function gaussLegendre(count: number): Rule {
  return rules[count] ??= computeRule(count);
}

function computeRule(count: number): Rule {
  const rule: Rule = { points: new Float64Array(count), weights: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    let root = Math.cos(Math.PI * (i + 0.75) / (count + 0.5));
    let slope = 1;
    for (let move = 1, step = 0; Math.abs(move) > 1e-15 && step < 100; step++) {
      let [polynomial, previous] = [1, 0];
      for (let degree = 1; degree <= count; degree++) {
        [polynomial, previous] = [
          ((2 * degree - 1) * root * polynomial - (degree - 1) * previous) / degree,
          polynomial,
        ];
      }
      slope = count * (root * polynomial - previous) / (root * root - 1);
      move = polynomial / slope;
      root -= move;
    }
    rule.points[i] = (1 + root) / 2;
    rule.weights[i] = 1 / ((1 - root * root) * slope * slope);
  }
  return rule;
}
