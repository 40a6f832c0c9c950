import { ModelError } from "shopflow/errors/mod.ts";
import { type FeatureMatrix, matrixRow } from "../../matrix.ts";
import { type TreeEnsemble, treeMargin } from "../trees.ts";
import { completeTrees } from "./complete_trees.ts";
import { plainMargins } from "./plain.ts";
import { createSimdMargins } from "./simd.ts";

/**
 * How margins are computed. All ways give the same bits.
 *
 * - `simd`: by WebAssembly's vectors, sixteen rows at a time.
 * - `plain`: in TypeScript, without branches.
 * - `scalar`: row by row, node by node.
 */
export const SCORING_WAYS = ["simd", "plain", "scalar"] as const;
export type ScoringWay = typeof SCORING_WAYS[number];

/** Computes the margins of many rows. */
export interface BatchScorer {
  readonly way: ScoringWay;
  /** The log-odds of class 1, one a row: the numbers of {@linkcode treeMargin}. */
  margins(matrix: FeatureMatrix): Float64Array;
}

/**
 * Prepares trees for scoring rows of so many features in the fastest of the given ways that can be had. SIMD needs a runtime that
 * has it; both it and the plain way need trees of at most eight levels, since they complete them.
 *
 * @param options.ways Ways that may be taken, all by default; `scalar` always can.
 * @throws {ModelError} when a tree splits on a feature that the rows do not have.
 */
export function createBatchScorer(
  ensemble: TreeEnsemble,
  width: number,
  { ways = SCORING_WAYS }: { ways?: readonly ScoringWay[] } = {},
): BatchScorer {
  const highest = ensemble.trees.reduce(
    (most, { feature }) => feature.reduce((a, b) => Math.max(a, b), most),
    -1,
  );
  if (highest >= width) {
    throw new ModelError("The rows have too few features for the trees", {
      expected: `at least ${highest + 1} features`,
      found: String(width),
    });
  }
  const complete = ways.some((way) => way !== "scalar") ? completeTrees(ensemble) : undefined;
  if (complete !== undefined && ways.includes("simd")) {
    const margins = createSimdMargins(complete, width);
    if (margins !== undefined) return { way: "simd", margins };
  }
  if (complete !== undefined && ways.includes("plain")) {
    return { way: "plain", margins: (matrix) => plainMargins(complete, matrix) };
  }
  return { way: "scalar", margins: (matrix) => scalarMargins(ensemble, matrix) };
}

/** The margins of all rows, each computed for itself: what every other way has to equal. */
export function scalarMargins(ensemble: TreeEnsemble, matrix: FeatureMatrix): Float64Array {
  return Float64Array.from(
    { length: matrix.rows },
    (_, row) => treeMargin(ensemble, matrixRow(matrix, row)),
  );
}
