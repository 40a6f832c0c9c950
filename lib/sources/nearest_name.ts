/** Names that are less alike than this are not the same name written in another way. */
const ALIKE = 0.5;

/**
 * The candidate that is most like a name, e.g. `createdAt` for `created_date` or `shop` for `shpo`; undefined when none
 * is much like it.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let best = ALIKE;
  for (const candidate of candidates) {
    const alike = likeness(name, candidate);
    if (alike < best || (alike === best && nearest !== undefined)) continue;
    best = alike;
    nearest = candidate;
  }
  return nearest;
}

/** 0 to 1: by the words that two names share, or by the letters that must be changed. */
function likeness(left: string, right: string): number {
  const [a, b] = [wordsOf(left), wordsOf(right)];
  const shared = a.filter((word) => b.includes(word)).length;
  const [x, y] = [a.join(""), b.join("")];
  return Math.max(
    2 * shared / Math.max(a.length + b.length, 1),
    1 - editDistance(x, y) / Math.max(x.length, y.length, 1),
  );
}

/** `createdAt`, `created_at` and `Created-At` are the same words. */
const wordsOf = (name: string) =>
  name.replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** Letters to insert, delete, replace or exchange with their neighbour (optimal string alignment). */
function editDistance(left: string, right: string): number {
  const distances = Array.from({ length: left.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => i === 0 ? j : distances[i]?.[j] ?? Infinity;
  for (let i = 1; i <= left.length; i++) {
    for (let j = 1; j <= right.length; j++) {
      const changed = left[i - 1] === right[j - 1] ? 0 : 1;
      const isExchanged = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      distances[i]?.push(Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + changed,
        isExchanged ? at(i - 2, j - 2) + 1 : Infinity,
      ));
    }
  }
  return at(left.length, right.length);
}
