import type { Random } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomPoisson } from "d3-random";
import { ANNOYANCE } from "./drop_out.ts";
import { EVENT_RETENTION_DAYS, type EventType, NO_PRODUCT } from "./event_log.ts";
import type { Purchases } from "./purchases.ts";
import { BROWSERS, DEVICES } from "./population_words.ts";
import { drawFrom, runningSums } from "./weighted_choice.ts";
import type { World } from "./world.ts";

/** Customers who sign up mostly do so in order to buy. */
const FIRST_VISIT = { cartRate: 0.9, decisiveness: 1.6 };
/** People who dropped out look in now and then, and buy nothing. */
const LAPSED_CART_RATE = 0.35;
/** Log-odds to buy that each further item in the cart adds. */
const DECISIVENESS_PER_ITEM = 0.35;
const MEAN_FURTHER_ITEMS = 1.6;
const MEAN_FURTHER_VIEWS = 0.4;
/** Chance to open the page of a product before putting it into the cart, as seen in the log. */
const VIEW_BEFORE_CART = 0.67;
const SUBSTITUTE_CHANCE = 0.5;
const REMOVE_CHANCE = 0.12;
/** Chance that an abandoned cart is abandoned only at the checkout. */
const CHECKOUT_ABANDONED = 0.3;
const QUESTION_CHANCE = 0.006;
const HABITUAL_DEVICE = 0.85;
/** Visits by hour of the day, UTC, from midnight. */
const HOURS = [3, 2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 8, 7, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5];

/** Plays one visit: pages, cart, checkout, purchase, and what goes wrong on the way. */
type Visit = (customer: number, day: number) => void;

/**
 * Visits to the shop of a world. Those of the last {@linkcode EVENT_RETENTION_DAYS} days are in its event log; orders and
 * tickets come of all.
 */
export function createVisits(world: World, purchases: Purchases, random: Random): Visit {
  const { calendar, population, taste, stock, events, dropOut, support } = world;
  const hours = runningSums(HOURS);
  const furtherItems = randomPoisson.source(random)(MEAN_FURTHER_ITEMS);
  const furtherViews = randomPoisson.source(random)(MEAN_FURTHER_VIEWS);
  const logged = calendar.days - EVENT_RETENTION_DAYS;
  const lastSecond = calendar.days * 86_400 - 1;
  let second = 0;
  let recording = false;

  function record(type: EventType, product = NO_PRODUCT): void {
    if (recording) events.record(type, second, product);
    second = Math.min(lastSecond, second + 15 + Math.floor(random() * 120));
  }

  function enter(customer: number, day: number): void {
    second = day * 86_400 + drawFrom(hours, random) * 3600 + Math.floor(random() * 3000);
    recording = day >= logged;
    if (!recording) return;
    const habitual = random() < HABITUAL_DEVICE;
    const device = habitual ? population.device[customer]! : Math.floor(random() * DEVICES.length);
    events.startSession(customer, device, population.browser[customer]! % BROWSERS[device]!.length);
  }

  /** Looks for items until the cart is full; an empty shelf annoys and may be answered by a substitute. */
  function fillCart(customer: number, day: number): number[] {
    const warehouse = population.warehouse[customer]!;
    const inStock = (product: number) => stock.level[stock.rowOf(product, warehouse)]! > 0;
    const cart: number[] = [];
    for (let wanted = 1 + furtherItems(); wanted > 0; wanted--) {
      let product = taste.choose(customer, day, cart.at(-1));
      if (random() < VIEW_BEFORE_CART) record("page_view", product);
      if (!inStock(product)) {
        dropOut.annoy(customer, ANNOYANCE.stockout);
        if (random() >= SUBSTITUTE_CHANCE) continue;
        product = taste.substitute(product);
        if (!inStock(product)) continue;
      }
      if (cart.includes(product)) continue;
      cart.push(product);
      record("add_to_cart", product);
    }
    return cart;
  }

  function takeBack(cart: number[]): void {
    if (cart.length < 2 || random() >= REMOVE_CHANCE) return;
    const [removed] = cart.splice(Math.floor(random() * cart.length), 1);
    record("remove_from_cart", removed!);
  }

  function browse(customer: number, day: number): void {
    for (let views = 1 + furtherViews(); views > 0; views--) {
      record("page_view", random() < 0.25 ? NO_PRODUCT : taste.choose(customer, day));
    }
  }

  return (customer, day) => {
    const lapsed = population.dropOutDay[customer]! <= day;
    const first = population.signupDay[customer] === day;
    enter(customer, day);
    const cartRate = lapsed
      ? LAPSED_CART_RATE
      : first
      ? FIRST_VISIT.cartRate
      : population.cartRate[customer]!;
    if (random() >= cartRate) return browse(customer, day);
    const cart = fillCart(customer, day);
    if (cart.length === 0) return;
    if (random() < QUESTION_CHANCE) {
      support.open({ customer, issue: "Product Question", second, product: cart[0] });
    }
    takeBack(cart);
    const logOdds = population.decisiveness[customer]! + (first ? FIRST_VISIT.decisiveness : 0) +
      DECISIVENESS_PER_ITEM * (cart.length - 1);
    if (lapsed || random() >= 1 / (1 + Math.exp(-logOdds))) {
      if (random() < CHECKOUT_ABANDONED) record("checkout");
      return;
    }
    record("checkout");
    for (const { product } of purchases.buy(customer, cart, second)) record("purchase", product);
  };
}
