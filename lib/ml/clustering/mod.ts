/** Groups of points: k-means, mixtures of normals, how many groups, and whether they come again. */
export { chooseClusters, type ClusterChoice, UNSTABLE } from "./choose_k.ts";
export { pointsOf, standardise } from "./k_means.ts";
