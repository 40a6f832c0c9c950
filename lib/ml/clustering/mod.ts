/** Groups of points: k-means, mixtures of normals, how many groups, and whether they come again. */
export { bootstrapStability, chooseClusters, type ClusterChoice, UNSTABLE } from "./choose_k.ts";
export { gaussianMixture } from "./gaussian_mixture.ts";
export { kMeans, pointsOf, standardise } from "./k_means.ts";
export { adjustedRandIndex, silhouette } from "./quality.ts";
