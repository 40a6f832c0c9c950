/**
 * Share of the relevant products that are among the first `k` of a list.
 *
 * @param relevant at least one product
 */
export function recallAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  return hits(ranked, relevant, k) / relevant.size;
}

/** Share of the first `k` places that hold relevant products; a shorter list is not forgiven. */
export function precisionAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  return hits(ranked, relevant, k) / k;
}

/**
 * Normalised discounted cumulative gain with binary gains (Järvelin and Kekäläinen 2002): a hit at place r counts
 * 1 / log2(r + 1), and the sum is divided by the best possible, min(k, relevant) hits at the top.
 */
export function ndcgAt(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  let gain = 0, best = 0;
  for (let place = 0; place < Math.min(k, ranked.length); place++) {
    if (relevant.has(ranked[place]!)) gain += 1 / Math.log2(place + 2);
  }
  for (let place = 0; place < Math.min(k, relevant.size); place++) best += 1 / Math.log2(place + 2);
  return gain / best;
}

function hits(ranked: readonly string[], relevant: ReadonlySet<string>, k: number): number {
  let found = 0;
  for (let place = 0; place < Math.min(k, ranked.length); place++) {
    if (relevant.has(ranked[place]!)) found++;
  }
  return found;
}
