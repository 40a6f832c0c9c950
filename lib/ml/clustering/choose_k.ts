import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { mean } from "../vectors.ts";
import { gaussianMixture } from "./gaussian_mixture.ts";
import { type Clustering, kMeans, nearestCentres, type Points, selectRows } from "./k_means.ts";
import { adjustedRandIndex, clusterJaccards, silhouette } from "./quality.ts";

/** What speaks for and against a number of clusters. */
export interface ClusterCount {
  k: number;
  /** Of a sample; see {@linkcode silhouette}. */
  silhouette: number;
  /** Of a mixture of normals with as many components, on the same sample: lower is better. */
  bic: number;
  inertia: number;
  stability: Stability;
  /** Share of points in the smallest cluster. */
  smallest: number;
}

/** How much of the clusters comes again from other draws of the same points. */
export interface Stability {
  /** Adjusted Rand index to the clusters of resampled points: the mean, and the middle 90 % of the draws. */
  randIndex: number;
  low: number;
  high: number;
  /** Of each cluster, the mean share that comes again (Jaccard); below {@linkcode UNSTABLE} it is not to be relied on. */
  jaccards: number[];
  draws: number;
}

/** Jaccard similarity below which a cluster dissolves rather than comes again (Hennig 2007, section 3). */
export const UNSTABLE = 0.6;
/** Mean adjusted Rand index from which clusters count as stable when their number is chosen. */
export const STABLE_RAND_INDEX = 0.8;

interface StabilityOptions {
  seed?: number;
  /** Resamples. Default 25. */
  draws?: number;
}

/**
 * Draws the points again with replacement, clusters each draw, and compares how the clusters of the draw and the given
 * ones group all points (Hennig, Cluster-wise assessment of cluster stability, 2007).
 */
export function bootstrapStability(
  points: Points,
  { k, labels }: Pick<Clustering, "k" | "labels">,
  { seed = 1, draws = 25 }: StabilityOptions = {},
): Stability {
  const indices: number[] = [], jaccards: number[][] = [];
  for (let draw = 0; draw < draws; draw++) {
    const random = createRandom(seed, `cluster stability ${k} ${draw}`);
    const rows = Int32Array.from({ length: points.rows }, () => Math.floor(random() * points.rows));
    const { centres } = kMeans(selectRows(points, rows), k, { seed: seed + draw, restarts: 3 });
    const others = nearestCentres(points, centres);
    indices.push(adjustedRandIndex(labels, others));
    jaccards.push(clusterJaccards(labels, others, k));
  }
  const sorted = indices.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return {
    randIndex: mean(indices),
    low: at(0.05),
    high: at(0.95),
    jaccards: Array.from({ length: k }, (_, cluster) => mean(jaccards.map((of) => of[cluster]!))),
    draws,
  };
}

/** What was looked at, and what was chosen for which reason. */
export interface ClusterChoice {
  counts: ClusterCount[];
  chosen: ClusterCount;
  clustering: Clustering;
  /** One sentence for people. */
  reason: string;
}

/** Points of which clusters are fitted, which are drawn again, and of which pairwise distances are taken, at most. */
const MOST_FITTED = 20_000, MOST_DRAWN = 3000, MOST_PAIRED = 1500;

interface ChoiceOptions extends StabilityOptions {
  ks?: readonly number[];
}

/**
 * Clusters points by k-means, with the number of clusters that has the highest silhouette among those that come again
 * when the points are drawn again ({@linkcode STABLE_RAND_INDEX}); where none does, the most stable, and the reason says
 * that the groups are not to be relied on. Of very many points a seeded sample is fitted, and all are assigned.
 *
 * @param points Standardised, at least 10 for each cluster.
 * @param options.ks Numbers of clusters to look at. Default 2 to 8.
 */
export function chooseClusters(
  points: Points,
  { seed = 1, draws, ks = [2, 3, 4, 5, 6, 7, 8] }: ChoiceOptions = {},
): ClusterChoice {
  const fitted = sample(points, MOST_FITTED, createRandom(seed, "cluster fit"));
  const drawn = sample(fitted, MOST_DRAWN, createRandom(seed, "cluster stability"));
  const paired = sample(fitted, MOST_PAIRED, createRandom(seed, "cluster silhouette"));
  const found = ks.filter((k) => k * 10 <= fitted.rows).map((k) => {
    const clustering = kMeans(fitted, k, { seed });
    const sizes = new Float64Array(k);
    for (const label of clustering.labels) sizes[label]! += 1 / fitted.rows;
    const count: ClusterCount = {
      k,
      silhouette: silhouetteOf(paired, nearestCentres(paired, clustering.centres)),
      bic: gaussianMixture(paired, k, { seed, restarts: 3 }).bic,
      inertia: clustering.inertia,
      stability: bootstrapStability(drawn, { k, labels: nearestCentres(drawn, clustering.centres) }, {
        seed,
        ...(draws !== undefined && { draws }),
      }),
      smallest: Math.min(...sizes),
    };
    return { count, clustering };
  });
  const stable = found.filter(({ count }) => count.stability.randIndex >= STABLE_RAND_INDEX);
  const best = stable.length > 0
    ? stable.reduce((a, b) => b.count.silhouette > a.count.silhouette ? b : a)
    : found.reduce((a, b) => b.count.stability.randIndex > a.count.stability.randIndex ? b : a);
  const { count: chosen, clustering } = best;
  return {
    counts: found.map(({ count }) => count),
    chosen,
    clustering: { ...clustering, labels: nearestCentres(points, clustering.centres) },
    reason: stable.length > 0
      ? `${chosen.k} clusters have the highest silhouette (${
        chosen.silhouette.toFixed(2)
      }) of those that come again when ` +
        `customers are drawn again (adjusted Rand index ${
          chosen.stability.randIndex.toFixed(2)
        }, at least ${STABLE_RAND_INDEX})`
      : `no number of clusters comes again when customers are drawn again (at best an adjusted Rand index of ` +
        `${chosen.stability.randIndex.toFixed(2)}, with ${chosen.k}): these groups are not to be relied on`,
  };
}

/** Points in one cluster have none. */
function silhouetteOf(points: Points, labels: Int32Array): number {
  return new Set(labels).size < 2 ? -1 : silhouette(points, labels);
}

/** Rows drawn without replacement, in their order. */
function sample(points: Points, most: number, random: Random): Points {
  if (points.rows <= most) return points;
  const order = Array.from({ length: points.rows }, (_, row) => row);
  for (let place = 0; place < most; place++) {
    const other = place + Math.floor(random() * (points.rows - place));
    [order[place], order[other]] = [order[other]!, order[place]!];
  }
  return selectRows(points, order.slice(0, most).sort((a, b) => a - b));
}
