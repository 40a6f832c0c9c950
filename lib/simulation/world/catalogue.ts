import type { Random } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomGamma, randomLogNormal } from "d3-random";
import { CATEGORIES, CATEGORY_WORDS } from "./words.ts";
import { drawFrom, runningSums } from "./records.ts";

/** Products that are bought by the same people: what a recommender can find. */
const PRODUCTS_PER_CLUSTER = 20;
/** Share of a cluster's products that carry its leading brand. */
const LEADING_BRAND_SHARE = 0.6;
/** Spread (log scale) of popularity between clusters and between the products of one. */
const CLUSTER_SPREAD = 0.35;
const PRODUCT_SPREAD = 0.65;
/** Share of products whose complement is in their own cluster; the others' is in the neighbouring cluster. */
const COMPLEMENT_IN_CLUSTER = 0.75;
const MEAN_DEFECT_RATE = 0.03;

/** The products, struct of arrays by product number, with the latent structure behind demand. */
export interface Catalogue {
  size: number;
  category: Uint8Array;
  brand: Uint8Array;
  cluster: Int32Array;
  /** In cents. */
  price: Int32Array;
  cost: Int32Array;
  /** Chance that a piece is defective: comes back and brings a ticket. */
  defectRate: Float32Array;
  /** The product that goes with it, often bought in the same order. */
  complement: Int32Array;
  /** Share of the shop's demand, all products together 1. */
  popularity: Float64Array;
  clusters: Clusters;
}

interface Clusters {
  size: number;
  category: Uint8Array;
  /** Products in the order of clusters; cluster k has positions [offsets[k], offsets[k + 1]). */
  members: Int32Array;
  offsets: Int32Array;
  /** Running sums of popularity in the order of `members`. */
  memberSums: Float64Array;
  /** Running sums of the clusters' popularity. */
  sums: Float64Array;
}

/** Draws a catalogue of `size` products in clusters of about {@link PRODUCTS_PER_CLUSTER}. */
export function createCatalogue(size: number, random: Random): Catalogue {
  const clusterCount = Math.max(CATEGORIES.length, Math.round(size / PRODUCTS_PER_CLUSTER));
  const clusterCategory = shareOut(clusterCount);
  const clusterFame = Float64Array.from({ length: clusterCount }, logNormal(random, CLUSTER_SPREAD));
  const productFame = logNormal(random, PRODUCT_SPREAD);
  const priceFactor = logNormal(random, 0.55);
  const defects = randomGamma.source(random)(1.5, MEAN_DEFECT_RATE / 1.5);

  const catalogue = emptyCatalogue(size);
  const { category, brand, cluster, price, cost, defectRate, popularity } = catalogue;
  for (let product = 0; product < size; product++) {
    const k = cluster[product] = product < clusterCount ? product : Math.floor(random() * clusterCount);
    const words = CATEGORY_WORDS[category[product] = clusterCategory[k]!]!;
    const brands = words.brands.length;
    brand[product] = random() < LEADING_BRAND_SHARE ? k % brands : Math.floor(random() * brands);
    price[product] = Math.max(2, Math.round(words.price * priceFactor())) * 100 - 1;
    cost[product] = Math.round(price[product]! * (0.4 + 0.3 * random()));
    defectRate[product] = Math.min(0.25, defects());
    popularity[product] = clusterFame[k]! * productFame();
  }
  const total = popularity.reduce((a, b) => a + b);
  for (let product = 0; product < size; product++) popularity[product]! /= total;
  const clusters = groupByCluster(catalogue, clusterCategory);
  for (let product = 0; product < size; product++) {
    catalogue.complement[product] = drawComplement(product, cluster[product]!, clusters, random);
  }
  return { ...catalogue, clusters };
}

/** Categories of clusters: one of each first, then in proportion to the shares (Webster's method). */
function shareOut(clusters: number): Uint8Array {
  const given = new Array<number>(CATEGORIES.length).fill(0);
  return Uint8Array.from({ length: clusters }, (_, k) => {
    const claims = CATEGORY_WORDS.map(({ share }, category) => share / (2 * given[category]! + 1));
    const category = k < CATEGORIES.length ? k : claims.indexOf(Math.max(...claims));
    given[category]!++;
    return category;
  });
}

/** Factors around 1 whose logarithm has the given standard deviation. */
function logNormal(random: Random, spread: number): () => number {
  return randomLogNormal.source(random)(0, spread);
}

function emptyCatalogue(size: number): Omit<Catalogue, "clusters"> {
  return {
    size,
    category: new Uint8Array(size),
    brand: new Uint8Array(size),
    cluster: new Int32Array(size),
    price: new Int32Array(size),
    cost: new Int32Array(size),
    defectRate: new Float32Array(size),
    complement: new Int32Array(size),
    popularity: new Float64Array(size),
  };
}

function groupByCluster(
  { size, cluster, popularity }: Omit<Catalogue, "clusters">,
  category: Uint8Array,
): Clusters {
  const members = Int32Array.from({ length: size }, (_, product) => product)
    .sort((a, b) => cluster[a]! - cluster[b]! || a - b);
  const offsets = new Int32Array(category.length + 1);
  for (const k of cluster) offsets[k + 1]!++;
  for (let k = 0; k < category.length; k++) offsets[k + 1]! += offsets[k]!;
  const memberSums = runningSums(Array.from(members, (product) => popularity[product]!));
  const sums = Float64Array.from(category, (_, k) => memberSums[offsets[k + 1]! - 1]!);
  return { size: category.length, category, members, offsets, memberSums, sums };
}

/** Draws a product of a cluster by popularity. */
export function drawFromCluster(clusters: Clusters, cluster: number, random: Random): number {
  const { members, offsets, memberSums } = clusters;
  return members[drawFrom(memberSums, random, offsets[cluster]!, offsets[cluster + 1]!)]!;
}

function drawComplement(product: number, own: number, clusters: Clusters, random: Random): number {
  const other = (own + 1) % clusters.size;
  const drawn = drawFromCluster(clusters, random() < COMPLEMENT_IN_CLUSTER ? own : other, random);
  return drawn === product ? drawFromCluster(clusters, other, random) : drawn;
}
