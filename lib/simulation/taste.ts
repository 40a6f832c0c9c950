import type { Random } from "shopflow/runtime/mod.ts";
import { type Catalogue, drawFromCluster } from "./catalogue.ts";
import { FAVOURITES, type Population } from "./population.ts";
import type { Season } from "./season.ts";
import { drawFrom } from "./weighted_choice.ts";

/** Chance that a customer looks in a favourite cluster and not wherever the crowd looks. */
const LOYALTY_TO_FAVOURITES = 0.78;
/** Chance that the next item of a cart goes with the one before. */
const COMPLEMENT_CHANCE = 0.35;
/** How often a thought of something out of season is followed by another thought. */
const SECOND_THOUGHTS = 4;

/** What customers want. */
export interface Taste {
  /** The product a customer turns to on a day, after having put `previous` into the cart. */
  choose(customer: number, day: number, previous?: number): number;
  /** A product that can stand in for one that is out of stock. */
  substitute(product: number): number;
}

/** What the customers of a population want of a catalogue, by season. */
export function createTaste(
  { catalogue, season, population }: { catalogue: Catalogue; season: Season; population: Population },
  random: Random,
): Taste {
  const { clusters } = catalogue;
  const think = (customer: number) =>
    random() < LOYALTY_TO_FAVOURITES
      ? population.favourites[customer * FAVOURITES + Math.floor(random() * FAVOURITES)]!
      : drawFrom(clusters.sums, random);
  return {
    choose(customer, day, previous) {
      if (previous !== undefined && random() < COMPLEMENT_CHANCE) return catalogue.complement[previous]!;
      let cluster = think(customer);
      for (let i = 0; i < SECOND_THOUGHTS; i++) {
        if (random() < season.appetite(clusters.category[cluster]!, day)) break;
        cluster = think(customer);
      }
      return drawFromCluster(clusters, cluster, random);
    },
    substitute: (product) => drawFromCluster(clusters, catalogue.cluster[product]!, random),
  };
}
