import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { createHash } from "node:crypto";

/** Uniform numbers in [0, 1); also what `d3-random`'s `.source()` takes. */
export type Random = () => number;

/**
 * A reproducible stream of uniform numbers in [0, 1) with 32 bits of resolution.
 * Streams with different names are independent, so a new consumer of randomness does not shift the others.
 */
export function createRandom(seed: number, stream = ""): Random {
  const digest = createHash("sha256").update(`${seed}/${stream}`).digest();
  const generator = xoroshiro128plus(digest.readInt32LE(0));
  return () => (generator.next() >>> 0) / 2 ** 32;
}
