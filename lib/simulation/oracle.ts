import { checkParameters, type SimulationParameters } from "./simulate_shop.ts";
import {
  createWorld,
  DECISIVENESS_PER_ITEM,
  MEAN_FURTHER_ITEMS,
  playHistory,
  REMOVE_CHANCE,
  type World,
} from "./history.ts";
import { customerId } from "./tables/shop_tables.ts";
import { DIRT } from "./tables/dirt.ts";
import { ANNOYANCE_KEPT, MOST_ANNOYANCE } from "./world/drop_out.ts";
import { runningSums } from "./world/records.ts";
import { InputError } from "shopflow/errors/mod.ts";

/** What the hidden truth says of the customers on a day: by customer, the probability of no order in the horizon. */
export interface OracleDay {
  asOf: string;
  /** Of someone who knows rates, moods and who is gone. */
  probability: Map<string, number>;
  /** Of someone who knows the rates and sees the orders, but not who is gone. */
  withoutFate: Map<string, number>;
}

/** Items a cart is counted up to: more than eight come once in a million. */
const MOST_ITEMS = 8;

/**
 * What nobody could foresee better: the probability of no order in the `horizonDays` from a day on, by the processes and
 * the hidden state of the simulated shop on the eve of that day: who is gone, how often each of the others visits, fills a
 * cart and buys, their hazard to drop out and what annoys them. It knows nothing of what was drawn for later: of a fate
 * that is drawn at the start of a month it knows the chance, of the next visit the rate.
 *
 * Visits are a Poisson process, thinned by carts and purchases; with A(t) the orders expected until t while alive and G the
 * day of leaving, P = Σ_g P(G = g) exp(−A(g)) + P(G > end) exp(−A(end)). Two things are taken as their average over the
 * shop until that day: how many carts come to nothing for want of stock, and what will annoy customers later on.
 *
 * @param parameters Of the shop, whose history is played again.
 * @param asOf Days within the history, ascending, as `YYYY-MM-DD`.
 * @throws {InputError} when a parameter is out of range, or a day is not in the history.
 */
export function churnOracle(
  parameters: SimulationParameters,
  { asOf, horizonDays }: { asOf: readonly string[]; horizonDays: number },
): OracleDay[] {
  checkParameters(parameters);
  const { customers, products, seed, until } = parameters;
  const world = createWorld({
    customers: customers + Math.ceil(customers * DIRT.erasedCustomers),
    products: products + Math.ceil(products * DIRT.withdrawnProducts),
    seed,
    until,
  });
  const { calendar } = world;
  const dayOf = new Map(Array.from({ length: calendar.days }, (_, day) => [calendar.date(day), day]));
  const wanted = asOf.map((date) => {
    const day = dayOf.get(date);
    if (day !== undefined && day > 0 && day + horizonDays <= calendar.days) return day;
    throw new InputError("The oracle knows nothing of this day", {
      expected: `a day from ${calendar.date(1)} to ${calendar.date(calendar.days - horizonDays)}`,
      found: date,
    });
  });
  let annoyed = 0;
  const { annoy } = world.dropOut;
  world.dropOut.annoy = (customer, by) => {
    annoyed += by;
    annoy(customer, by);
  };
  const found: OracleDay[] = [];
  playHistory(world, seed, (played) => {
    if (wanted.includes(played + 1)) found.push(oracleDay(world, played + 1, horizonDays, annoyed));
  });
  return found;
}

function oracleDay(world: World, day: number, horizonDays: number, annoyed: number): OracleDay {
  const { calendar, season, population, orders } = world;
  const { signupDay, dropOutDay, dropOutRate, annoyance, visitsPerDay, cartRate, decisiveness } = population;
  const interest = runningSums(season.interest);
  const until = (end: number) => end <= 0 ? 0 : interest[end - 1] ?? 0;
  // What customers did so far beside what their rates let expect: the difference is the shelves.
  let [ordersExpected, cartsExpected, ordersMade] = [0, 0, 0];
  const cartsPerUnit = (customer: number) => visitsPerDay[customer]! * cartRate[customer]!;
  const ordersPerUnit = (customer: number) => cartsPerUnit(customer) * buyChance(decisiveness[customer]!);
  for (let customer = 0; customer < population.size && signupDay[customer]! < day; customer++) {
    const exposure = until(Math.min(day, dropOutDay[customer]!)) - until(signupDay[customer]! + 1);
    if (exposure <= 0) continue;
    ordersExpected += exposure * ordersPerUnit(customer);
    cartsExpected += exposure * cartsPerUnit(customer);
  }
  const lastOrder = new Int32Array(population.size).fill(-1);
  for (let order = 0; order < orders.orders; order++) {
    const customer = orders.customer.at(order);
    const placed = orders.day.at(order);
    if (placed >= day || orders.quantity.at(orders.firstLine.at(order)) < 0) continue;
    lastOrder[customer] = Math.max(lastOrder[customer]!, placed);
    if (placed > signupDay[customer]!) ordersMade++;
  }
  const inStock = ordersMade / ordersExpected;
  const annoyancePerCart = annoyed / cartsExpected;

  const months = calendar.monthStarts.map((start, month) => ({
    start,
    end: calendar.monthStarts[month + 1] ?? Infinity,
  }))
    .filter(({ start, end }) => end > day && start < day + horizonDays && end < Infinity);
  const probability = new Map<string, number>();
  const withoutFate = new Map<string, number>();
  for (let customer = 0; customer < population.size && signupDay[customer]! < day; customer++) {
    const rate = inStock * ordersPerUnit(customer);
    // Survival of those who are there on the eve of the day, by what is known then.
    let [alive, orderless] = [1, 0];
    let mood = annoyance[customer]!;
    for (const { start, end } of months) {
      const from = Math.max(start, day);
      const push = Math.exp(Math.min(MOST_ANNOYANCE, mood));
      let hazard = 1 - Math.exp(-dropOutRate[customer]! * push * (end - from) / (end - start));
      if (start < day) {
        // The fate of this month was drawn by the mood at its start, and is not known.
        const atStart = Math.exp(Math.min(MOST_ANNOYANCE, mood / ANNOYANCE_KEPT));
        const drawn = 1 - Math.exp(-dropOutRate[customer]! * atStart);
        const passed = (day - 1 - start) / (end - start);
        hazard = drawn * (1 - passed) / (1 - drawn * passed);
      } else mood *= ANNOYANCE_KEPT;
      const days = Math.min(end, day + horizonDays) - from;
      for (let gone = from + 1; gone <= from + days; gone++) {
        const leaves = alive * hazard / (end - from);
        orderless += leaves * Math.exp(-rate * (until(gone) - until(day)));
      }
      alive *= 1 - hazard * days / (end - from);
      mood += annoyancePerCart * cartsPerUnit(customer) * (until(end) - until(from));
    }
    orderless += alive * Math.exp(-rate * (until(day + horizonDays) - until(day)));
    const isGone = dropOutDay[customer]! < day;
    const id = customerId(customer);
    probability.set(id, isGone ? 1 : orderless);
    withoutFate.set(id, orderless + (1 - orderless) * (1 - stillThere(customer)));
  }
  return { asOf: calendar.date(day), probability, withoutFate };

  /** Chance that someone is there who did not order since the last order, by rate and mean hazard. */
  function stillThere(customer: number): number {
    const last = Math.max(0, lastOrder[customer]!);
    const silence = until(day) - until(last + 1);
    const rate = inStock * ordersPerUnit(customer);
    const hazard = dropOutRate[customer]! * Math.exp(annoyancePerCart * cartsPerUnit(customer) * 30.4) / 30.4;
    // Competing exponentials: left before any order, or there all the time without one.
    const total = rate + hazard;
    const there = Math.exp(-total * silence);
    return there / (there + hazard / total * (1 - there));
  }
}

/** Chance that a cart, once it has something in it, is bought: over the items that it may hold. */
function buyChance(decisiveness: number): number {
  let [bought, share] = [0, Math.exp(-MEAN_FURTHER_ITEMS)];
  for (let items = 1; items <= MOST_ITEMS; items++) {
    const chance = (count: number) => 1 / (1 + Math.exp(-decisiveness - DECISIVENESS_PER_ITEM * (count - 1)));
    bought += share *
      (items < 2 ? chance(items) : (1 - REMOVE_CHANCE) * chance(items) + REMOVE_CHANCE * chance(items - 1));
    share *= MEAN_FURTHER_ITEMS / items;
  }
  return bought;
}
