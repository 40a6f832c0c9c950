import type { Random } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomExponential, randomGamma, randomNormal } from "d3-random";
import { type Catalogue, drawFromCluster } from "./catalogue.ts";
import { COUNTRIES, FIRST_NAMES, LAST_NAMES } from "./words.ts";
import type { Season } from "./calendar.ts";
import { drawFrom, runningSums } from "./records.ts";

/** Share of all customers who were already customers when the history starts. */
const EARLIER_SHARE = 0.2;
/** Visits of a living customer in a month: gamma, so that a few come often and many come rarely. */
const VISITS_PER_MONTH = { mean: 2.1, shape: 0.85 };
/**
 * Drop-out rate of a new customer in a month before anything annoys them: gamma. Those with high rates leave
 * early, so the living customers' mean is lower; together with annoyances about 10 % of them leave in a month. With
 * those who stay but buy rarely, about 15 % of the active customers lapse in a month.
 */
const DROP_OUT_RATE = { mean: 0.095, shape: 3 };
/** How much less often frequent visitors drop out: the rate goes with visits to this negative power. */
const LOYALTY_OF_FREQUENT_VISITORS = 0.45;
/** Log-odds that a cart is bought: mean and spread between customers, and what e times as many visits add. */
const DECISIVENESS = { mean: -1.3, spread: 0.6, ofFrequentVisitors: 0.85 };
/** Age of the shop when the history starts. */
const LONGEST_TENURE_MONTHS = 48;
/** Favourite clusters that a customer has at most. */
export const FAVOURITES = 3;
/** Never, as a day number. */
export const NEVER = 2 ** 31 - 1;

/** The customers, struct of arrays by customer number in order of sign-up. */
export interface Population {
  size: number;
  /** Negative for those who signed up before the history. */
  signupDay: Int32Array;
  country: Uint8Array;
  city: Uint8Array;
  warehouse: Uint8Array;
  firstName: Uint8Array;
  lastName: Uint8Array;
  device: Uint8Array;
  /** A number to be taken modulo the browsers of the device in use. */
  browser: Uint8Array;
  payment: Uint8Array;
  visitsPerDay: Float32Array;
  /** Chance that a visit fills a cart. */
  cartRate: Float32Array;
  /** Log-odds that a full cart is bought. */
  decisiveness: Float32Array;
  /** Drop-out hazard in a month without annoyances. */
  dropOutRate: Float32Array;
  /** Favourite clusters, {@link FAVOURITES} a customer; who has fewer has the first one several times. */
  favourites: Int32Array;
  /** What annoyed the customer lately, in log-hazard; fades. */
  annoyance: Float32Array;
  /** First day the customer is gone, {@link NEVER} while alive. */
  dropOutDay: Int32Array;
}

/** Draws `size` customers; their sign-ups follow the season's growth. */
export function createPopulation(
  size: number,
  { season, catalogue }: { season: Season; catalogue: Catalogue },
  random: Random,
): Population {
  const earlier = Math.round(size * EARLIER_SHARE);
  const people = emptyPopulation(size);
  const signups = runningSums(season.signups);
  const gamma = randomGamma.source(random);
  const visits = gamma(VISITS_PER_MONTH.shape, VISITS_PER_MONTH.mean / VISITS_PER_MONTH.shape);
  const decisiveness = randomNormal.source(random)(DECISIVENESS.mean, DECISIVENESS.spread);
  const newRate = gamma(DROP_OUT_RATE.shape, DROP_OUT_RATE.mean / DROP_OUT_RATE.shape);
  // Of customers met at a random moment, rates are seen in proportion to 1 / rate: one less in the gamma's shape.
  const metRate = gamma(DROP_OUT_RATE.shape - 1, DROP_OUT_RATE.mean / DROP_OUT_RATE.shape);
  const unitTenure = randomExponential.source(random)(1);

  const arrivals = Array.from({ length: size }, (_, i) => {
    if (i >= earlier) return { rate: newRate(), day: drawFrom(signups, random) };
    const rate = Math.max(0.01, metRate());
    const months = unitTenure() / rate;
    const tenure = months < LONGEST_TENURE_MONTHS ? months : LONGEST_TENURE_MONTHS * random();
    return { rate, day: -Math.ceil(30.4 * tenure) };
  }).sort((a, b) => a.day - b.day);

  arrivals.forEach(({ rate, day }, customer) => {
    people.signupDay[customer] = day;
    const perMonth = Math.min(30, Math.max(0.1, visits()));
    people.visitsPerDay[customer] = perMonth / 30.4;
    const loyalty = (perMonth / VISITS_PER_MONTH.mean) ** -LOYALTY_OF_FREQUENT_VISITORS;
    people.dropOutRate[customer] = Math.min(1.5, rate * Math.min(2, loyalty));
    people.decisiveness[customer] = decisiveness() +
      DECISIVENESS.ofFrequentVisitors * Math.log(perMonth / VISITS_PER_MONTH.mean);
    people.cartRate[customer] = 0.55 + 0.35 * random();
    drawAddress(people, customer, random);
    drawFavourites(people.favourites, customer, catalogue, random);
  });
  return people;
}

function emptyPopulation(size: number): Population {
  const bytes = () => new Uint8Array(size);
  const floats = () => new Float32Array(size);
  return {
    size,
    signupDay: new Int32Array(size),
    country: bytes(),
    city: bytes(),
    warehouse: bytes(),
    firstName: bytes(),
    lastName: bytes(),
    device: bytes(),
    browser: bytes(),
    payment: bytes(),
    visitsPerDay: floats(),
    cartRate: floats(),
    decisiveness: floats(),
    dropOutRate: floats(),
    favourites: new Int32Array(size * FAVOURITES),
    annoyance: floats(),
    dropOutDay: new Int32Array(size).fill(NEVER),
  };
}

const countrySums = runningSums(COUNTRIES.map(({ share }) => share));
/** In the order of `DEVICES` and of `PAYMENT_METHODS`. */
const deviceSums = runningSums([0.42, 0.48, 0.1]);
const paymentSums = runningSums([0.46, 0.27, 0.17, 0.1]);

function drawAddress(people: Population, customer: number, random: Random): void {
  const below = (limit: number) => Math.floor(random() * limit);
  const country = drawFrom(countrySums, random);
  const { cities, warehouses } = COUNTRIES[country]!;
  people.country[customer] = country;
  people.city[customer] = below(cities.length);
  people.warehouse[customer] = warehouses[below(warehouses.length)]!;
  people.firstName[customer] = below(FIRST_NAMES.length);
  people.lastName[customer] = below(LAST_NAMES.length);
  people.device[customer] = drawFrom(deviceSums, random);
  people.browser[customer] = below(256);
  people.payment[customer] = drawFrom(paymentSums, random);
}

function drawFavourites(
  favourites: Int32Array,
  customer: number,
  { clusters }: Catalogue,
  random: Random,
): void {
  const different = 1 + Math.floor(random() * FAVOURITES);
  const first = customer * FAVOURITES;
  for (let i = 0; i < FAVOURITES; i++) {
    favourites[first + i] = i < different ? drawFrom(clusters.sums, random) : favourites[first]!;
  }
}

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
