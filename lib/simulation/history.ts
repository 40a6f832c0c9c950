import { type Calendar, createCalendar, createSeason, type Season } from "./world/calendar.ts";
import { type Catalogue, createCatalogue } from "./world/catalogue.ts";
import { createPopulation, createTaste, type Population, type Taste } from "./world/population.ts";
import { createStock, type Stock } from "./world/stock.ts";
import { createSupportDesk, type SupportDesk } from "./world/support_desk.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import {
  drawFrom,
  EVENT_RETENTION_DAYS,
  EventLog,
  type EventType,
  firstAbove,
  NO_PRODUCT,
  OrderBook,
  type OrderLine,
  runningSums,
} from "./world/records.ts";
// @ts-types="@types/d3-random"
import { randomExponential, randomPoisson } from "d3-random";
import { ANNOYANCE, createDropOut, type DropOut } from "./world/drop_out.ts";
import { BROWSERS, DEVICES } from "./world/words.ts";

/** The simulated shop and its customers while the days go by. */
export interface World {
  calendar: Calendar;
  season: Season;
  catalogue: Catalogue;
  population: Population;
  taste: Taste;
  stock: Stock;
  dropOut: DropOut;
  support: SupportDesk;
  orders: OrderBook;
  events: EventLog;
}

/** The world before its first day. Each part has its own stream of random numbers. */
export function createWorld(
  { customers, products, seed, until }: { customers: number; products: number; seed: number; until: string },
): World {
  const stream = (name: string) => createRandom(seed, `simulation/${name}`);
  const calendar = createCalendar(until);
  const season = createSeason(calendar);
  const catalogue = createCatalogue(products, stream("catalogue"));
  const population = createPopulation(customers, { season, catalogue }, stream("population"));
  return {
    calendar,
    season,
    catalogue,
    population,
    taste: createTaste({ catalogue, season, population }, stream("taste")),
    stock: createStock({ calendar, season, catalogue, customers }, stream("stock")),
    dropOut: createDropOut({ calendar, population }, stream("drop-out")),
    support: createSupportDesk(stream("support")),
    orders: new OrderBook(),
    events: new EventLog(),
  };
}

const QUANTITIES = runningSums([0.5, 0.26, 0.13, 0.07, 0.04]);
/** Share of orders with a coupon, and what it takes off, on ordinary days and in the November sale. */
const COUPONS = {
  ordinary: { share: 0.18, discounts: [0.05, 0.1, 0.15] },
  sale: { share: 0.6, discounts: [0.1, 0.15, 0.2] },
};
const OTHER_PAYMENT = 0.1;
/** Share of sound goods that come back, and of defective ones. */
const RETURN_CHANCE = { sound: 0.015, defective: 0.5 };
const RETURN_DAYS = { first: 4, last: 25 };
/** Chance of a ticket for an order, by issue; defects have their own causes. */
const COMPLAINT_CHANCES = [
  { issue: "Shipping Delay", chance: 0.06, firstDay: 3, lastDay: 10 },
  { issue: "Billing Issue", chance: 0.026, firstDay: 0, lastDay: 12 },
  { issue: "Account Issue", chance: 0.02, firstDay: 0, lastDay: 30 },
] as const;
const DEFECT_TICKET_CHANCE = 0.5;

interface Purchases {
  /**
   * Buys a cart at a second (counted since the start): takes the goods out of stock, writes the order, and
   * lets returns and tickets follow. The cart must be in stock.
   */
  buy(customer: number, cart: number[], second: number): OrderLine[];
}

/** Purchases that change the stock, the orders and the support desk of a world. */
function createPurchases(world: World, random: Random): Purchases {
  const { calendar, season, catalogue, population, stock, orders, support } = world;
  const between = (first: number, last: number) => first + Math.floor(random() * (last - first + 1));

  function lineOf(product: number, customer: number, day: number, discountRate: number): OrderLine {
    const row = stock.rowOf(product, population.warehouse[customer]!);
    const quantity = stock.sell(row, 1 + drawFrom(QUANTITIES, random), day);
    const amount = quantity * catalogue.price[product]!;
    return { product, quantity, amount, discount: Math.round(amount * discountRate) };
  }

  function takeBack(customer: number, line: OrderLine, day: number, payment: number): void {
    const returned = day + between(RETURN_DAYS.first, RETURN_DAYS.last);
    if (returned >= calendar.days) return;
    orders.place(customer, returned, payment, [
      { ...line, quantity: -line.quantity, amount: line.discount - line.amount, discount: 0 },
    ]);
  }

  function complain(customer: number, order: number, lines: OrderLine[], second: number): void {
    for (const { issue, chance, firstDay, lastDay } of COMPLAINT_CHANCES) {
      if (random() >= chance) continue;
      support.open({ customer, issue, second: second + between(firstDay * 86_400, lastDay * 86_400), order });
    }
    const payment = orders.payment.at(order);
    for (const line of lines) {
      const defective = random() < catalogue.defectRate[line.product]!;
      if (defective && random() < DEFECT_TICKET_CHANCE) {
        const moment = second + between(2 * 86_400, 20 * 86_400);
        support.open({ customer, issue: "Product Defect", second: moment, order, product: line.product });
      }
      if (random() < (defective ? RETURN_CHANCE.defective : RETURN_CHANCE.sound)) {
        takeBack(customer, line, Math.floor(second / 86_400), payment);
      }
    }
  }

  return {
    buy(customer, cart, second) {
      const day = Math.floor(second / 86_400);
      const coupon = season.isSale(day) ? COUPONS.sale : COUPONS.ordinary;
      const discountRate = random() < coupon.share ? coupon.discounts[between(0, 2)]! : 0;
      const payment = random() < OTHER_PAYMENT ? between(0, 3) : population.payment[customer]!;
      const lines = cart.map((product) => lineOf(product, customer, day, discountRate));
      const order = orders.place(customer, day, payment, lines);
      complain(customer, order, lines, second);
      return lines;
    },
  };
}

/** Customers who sign up mostly do so in order to buy. */
const FIRST_VISIT = { cartRate: 0.9, decisiveness: 0.75 };
/** People who dropped out look in now and then, and buy nothing. */
const GONE_CART_RATE = 0.35;
/** Log-odds to buy that each further item in the cart adds. */
export const DECISIVENESS_PER_ITEM = 0.35;
export const MEAN_FURTHER_ITEMS = 0.4;
const MEAN_FURTHER_VIEWS = 0.1;
/** Chance to open the page of a product before putting it into the cart, as seen in the log. */
const VIEW_BEFORE_CART = 0.28;
const SUBSTITUTE_CHANCE = 0.5;
export const REMOVE_CHANCE = 0.12;
/** Chance that an abandoned cart is abandoned only at the checkout. */
const CHECKOUT_ABANDONED = 0.3;
const QUESTION_CHANCE = 0.004;
const HABITUAL_DEVICE = 0.85;
/** Visits by hour of the day, UTC, from midnight. */
const HOURS = [3, 2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 8, 7, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5];

/** Plays one visit: pages, cart, checkout, purchase, and what goes wrong on the way. */
type Visit = (customer: number, day: number) => void;

/**
 * Visits to the shop of a world. Those of the last {@linkcode EVENT_RETENTION_DAYS} days are in its event log; orders and
 * tickets come of all.
 */
function createVisits(world: World, purchases: Purchases, random: Random): Visit {
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
    const inStock = (product: number) => stock.isIn(stock.rowOf(product, warehouse));
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
    for (const removed of cart.splice(Math.floor(random() * cart.length), 1)) {
      record("remove_from_cart", removed);
    }
  }

  function browse(customer: number, day: number): void {
    for (let views = 1 + furtherViews(); views > 0; views--) {
      record("page_view", random() < 0.25 ? NO_PRODUCT : taste.choose(customer, day));
    }
  }

  return (customer, day) => {
    const gone = population.dropOutDay[customer]! <= day;
    const first = population.signupDay[customer] === day;
    enter(customer, day);
    const cartRate = gone ? GONE_CART_RATE : first ? FIRST_VISIT.cartRate : population.cartRate[customer]!;
    if (random() >= cartRate) return browse(customer, day);
    const cart = fillCart(customer, day);
    if (cart.length === 0) return;
    if (random() < QUESTION_CHANCE) {
      const [product = NO_PRODUCT] = cart;
      support.open({ customer, issue: "Product Question", second, product });
    }
    takeBack(cart);
    const logOdds = population.decisiveness[customer]! + (first ? FIRST_VISIT.decisiveness : 0) +
      DECISIVENESS_PER_ITEM * (cart.length - 1);
    if (gone || random() >= 1 / (1 + Math.exp(-logOdds))) {
      if (random() < CHECKOUT_ABANDONED) record("checkout");
      return;
    }
    record("checkout");
    for (const { product } of purchases.buy(customer, cart, second)) record("purchase", product);
  };
}

/** Visits of someone who dropped out, relative to before; and the chance that such a visit is the last. */
const GONE = { visits: 0.6, lastVisit: 0.2 };

/**
 * Plays the history day by day: deliveries, sign-ups, fates, visits. Orders, events, tickets, stock and
 * truth collect in the world.
 *
 * Visits form a Poisson process for each customer, whose clock runs faster on days of much interest; each
 * customer's next visit waits in the diary of its day.
 */
export function playHistory(world: World, seed: number, onDay: (day: number) => void): void {
  const { calendar, season, population, stock, dropOut, support } = world;
  const random = createRandom(seed, "simulation/visits");
  const purchases = createPurchases(world, createRandom(seed, "simulation/purchases"));
  const visit = createVisits(world, purchases, random);
  const wait = randomExponential.source(random)(1);
  const clock = runningSums(season.interest);
  const end = clock.at(-1) ?? 0;
  const diary = createDiary(calendar.days, population.size);
  const clockOf = new Float64Array(population.size);

  function planNextVisit(customer: number, gone: boolean): void {
    const rate = population.visitsPerDay[customer]! * (gone ? GONE.visits : 1);
    const next = clockOf[customer]! + wait() / rate;
    if (next >= end) return;
    clockOf[customer] = next;
    diary.enter(firstAbove(clock, next), customer);
  }

  let nextToSignUp = 0;
  let month = -1;
  for (let day = 0; day < calendar.days; day++) {
    if (calendar.monthStarts[month + 1] === day) dropOut.reviewMonth(++month);
    for (; nextToSignUp < population.size; nextToSignUp++) {
      const customer = nextToSignUp;
      const signupDay = population.signupDay[customer]!;
      if (signupDay > day) break;
      if (signupDay < 0) {
        planNextVisit(customer, false);
        continue;
      }
      clockOf[customer] = clock[day]!;
      diary.enter(day, customer);
      dropOut.join(customer, month);
    }
    stock.open(day);
    for (const customer of support.treatedBadlyOn(day)) dropOut.annoy(customer, ANNOYANCE.badTicket);
    for (const customer of diary.of(day)) {
      visit(customer, day);
      const gone = population.dropOutDay[customer]! <= day;
      if (!gone || random() >= GONE.lastVisit) planNextVisit(customer, gone);
    }
    stock.close(day);
    onDay(day);
  }
}

interface Diary {
  enter(day: number, customer: number): void;
  /** Customers of a day, also those entered for it meanwhile. */
  of(day: number): Iterable<number>;
}

/** One waiting visit a customer, as linked lists by day in two flat arrays. */
function createDiary(days: number, customers: number): Diary {
  const first = new Int32Array(days).fill(-1);
  const following = new Int32Array(customers);
  return {
    enter(day, customer) {
      following[customer] = first[day]!;
      first[day] = customer;
    },
    *of(day) {
      for (let customer = first[day]; customer !== undefined && customer >= 0; customer = first[day]) {
        first[day] = following[customer]!;
        yield customer;
      }
    },
  };
}
