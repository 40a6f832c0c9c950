import type { Recording } from "./recording.ts";
import type { World } from "../history.ts";
import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import {
  ADJECTIVES,
  BROWSERS,
  CATEGORIES,
  CATEGORY_WORDS,
  COUNTRIES,
  DEVICES,
  FIRST_NAMES,
  LAST_NAMES,
  PAYMENT_METHODS,
  WAREHOUSES,
} from "../world/words.ts";
import { DIRT } from "./dirt.ts";
import { SNAPSHOT_DAYS } from "../world/stock.ts";
import { EVENT_TYPES, NO_PRODUCT } from "../world/records.ts";

/** Days without an order after which the shop calls a customer churned, and at risk. */
const CHURNED_DAYS = 90;
const AT_RISK_DAYS = 60;

/** What the shop's own reporting derives about customers from their orders at the end of the history. */
export interface CustomerTotals {
  orders: Int32Array;
  /** Paid less paid back, in cents. */
  spent: Float64Array;
  segment(customer: number): string;
}

/** Totals over the orders that carry a customer; segments by recency, then by thirds of spending. */
export function totalsOf({ calendar, population, orders }: World, recording: Recording): CustomerTotals {
  const count = new Int32Array(population.size);
  const spent = new Float64Array(population.size);
  const lastDay = new Int32Array(population.size).fill(-CHURNED_DAYS);
  for (const [line, order] of recording.orderOfLine.entries()) {
    if (recording.ordersWithoutCustomer[order]) continue;
    const customer = orders.customer.at(order);
    spent[customer]! += orders.amount.at(line) - orders.discount.at(line);
    if (orders.quantity.at(line) < 0 || orders.firstLine.at(order) !== line) continue;
    count[customer]!++;
    lastDay[customer] = Math.max(lastDay[customer] ?? 0, orders.day.at(order));
  }
  const daysSince = (customer: number) => calendar.days - (lastDay[customer] ?? 0);
  const spending = spent.filter((_, customer) => daysSince(customer) <= AT_RISK_DAYS).sort();
  const third = spending[Math.floor(spending.length / 3)] ?? 0;
  const twoThirds = spending[Math.floor(spending.length * 2 / 3)] ?? 0;
  return {
    orders: count,
    spent,
    segment(customer) {
      if (daysSince(customer) > CHURNED_DAYS) return "Churned";
      if (daysSince(customer) > AT_RISK_DAYS) return "At Risk";
      const value = spent[customer] ?? 0;
      return value >= twoThirds ? "High Value" : value >= third ? "Medium Value" : "Low Value";
    },
  };
}

/** Nulls come from a stream of their own that starts again with each iteration. */
const dirtOf = (seed: number, table: string): Random => createRandom(seed, `simulation/dirt/${table}`);

/**
 * Rows of the table `customers`, without those who were erased.
 *
 * @param seed Decides which e-mail addresses and cities are missing.
 */
export function customersCsv(world: World, recording: Recording, totals: CustomerTotals, seed: number) {
  const { population, calendar } = world;
  return csvChunks(function* () {
    const random = dirtOf(seed, "customers");
    for (let customer = 0; customer < population.size; customer++) {
      if (recording.erased[customer]) continue;
      const first = FIRST_NAMES[population.firstName[customer]!]!;
      const last = LAST_NAMES[population.lastName[customer]!]!;
      const { name: country, cities } = COUNTRIES[population.country[customer]!]!;
      const email = `${first}.${last}${customer + 1}@example.com`.toLowerCase();
      yield [
        customerId(customer),
        random() < DIRT.missingEmail ? "" : email,
        first,
        last,
        random() < DIRT.missingCity ? "" : cities[population.city[customer]!]!,
        country,
        calendar.date(population.signupDay[customer]!),
        totals.segment(customer),
        totals.orders[customer],
        money(totals.spent[customer]!),
      ].join(",");
    }
  });
}

/**
 * Rows of the table `products`, without those that were withdrawn.
 *
 * @param seed Decides which brands are missing.
 */
export function productsCsv({ catalogue, stock }: World, recording: Recording, seed: number) {
  return csvChunks(function* () {
    const random = dirtOf(seed, "products");
    for (let product = 0; product < catalogue.size; product++) {
      if (recording.withdrawn[product]) continue;
      const category = catalogue.category[product]!;
      const { brands, kinds } = CATEGORY_WORDS[category]!;
      const brand = brands[catalogue.brand[product]!]!;
      const kind = kinds[catalogue.cluster[product]! % kinds.length]!;
      const price = catalogue.price[product]!;
      const cost = catalogue.cost[product]!;
      yield [
        productId(product),
        `${brand} ${ADJECTIVES[product % ADJECTIVES.length]} ${kind} ${100 + product % 900}`,
        CATEGORIES[category],
        random() < DIRT.missingBrand ? "" : brand,
        money(price),
        money(cost),
        ((price - cost) / price * 100).toFixed(2),
        stockStatus(stock, product),
      ].join(",");
    }
  });
}

/** Over all warehouses: nothing left, half of the warehouses due to reorder, or fine. */
function stockStatus(stock: World["stock"], product: number): string {
  const rows = WAREHOUSES.map((_, warehouse) => stock.rowOf(product, warehouse));
  if (rows.every((row) => !stock.isIn(row))) return "Out of Stock";
  const low = rows.filter((row) => stock.isLow(row)).length;
  return low * 2 >= rows.length ? "Low Stock" : "In Stock";
}

/**
 * Rows of the table `orders`, one a line of an order, as they were recorded.
 *
 * @param seed Decides which ways of payment are missing.
 */
export function ordersCsv({ calendar, orders }: World, recording: Recording, seed: number) {
  const { orderRows, orderOfLine, orderNumber, ordersWithoutCustomer } = recording;
  return csvChunks(function* () {
    const missingPayment = createMissing(seed, orders.orders);
    for (const line of orderRows) {
      const order = orderOfLine[line]!;
      const buyer = ordersWithoutCustomer[order] ? "" : customerId(orders.customer.at(order));
      const method = missingPayment[order] ? "" : PAYMENT_METHODS[orders.payment.at(order)];
      yield `${orderId(orderNumber[order]!)},${buyer},${productId(orders.product.at(line))},${
        calendar.date(orders.day.at(order))
      },${money(orders.amount.at(line))},${orders.quantity.at(line)},${
        money(orders.discount.at(line))
      },${method}`;
    }
  });
}

/** By order and not by row, so that a row sent twice is equal both times. */
function createMissing(seed: number, orders: number): Uint8Array {
  const random = dirtOf(seed, "orders");
  return Uint8Array.from({ length: orders }, () => random() < DIRT.missingPayment ? 1 : 0);
}

/** Rows of the table `inventory`: products that were not withdrawn by warehouse, on each of the last days. */
export function inventoryCsv({ calendar, catalogue, stock }: World, recording: Recording) {
  return csvChunks(function* () {
    for (let snapshot = 0; snapshot < SNAPSHOT_DAYS; snapshot++) {
      const date = calendar.date(calendar.days - SNAPSHOT_DAYS + snapshot);
      for (let product = 0; product < catalogue.size; product++) {
        if (recording.withdrawn[product]) continue;
        for (let warehouse = 0; warehouse < WAREHOUSES.length; warehouse++) {
          const row = stock.rowOf(product, warehouse);
          const moved = stock.movements[snapshot]![row]!;
          yield `${productId(product)},${WAREHOUSES[warehouse]},${date},${stock.snapshots[snapshot]![row]},${
            stock.reorderLevel[row]
          },${calendar.date(moved)} 23:00:00`;
        }
      }
    }
  });
}

/** The events table; an event that arrived twice has two ids and is the same otherwise. */
export function eventsCsv({ calendar, events }: World, recording: Recording, seed: number) {
  const { eventRows, sessionsWithoutCustomer } = recording;
  return csvChunks(function* () {
    const random = createRandom(seed, "simulation/dirt/events");
    let rest = "";
    for (const [row, event] of eventRows.entries()) {
      if (row === 0 || event !== eventRows[row - 1]) {
        const visit = events.session.at(event);
        const what = EVENT_TYPES[events.type.at(event)];
        const product = events.product.at(event);
        const shown = product === NO_PRODUCT ? "" : productId(product);
        const visitor = sessionsWithoutCustomer[visit] ? "" : customerId(events.customer.at(visit));
        const page = random() < DIRT.missingPage ? "" : pageOf(what, shown);
        const device = events.device.at(visit);
        const used = random() < DIRT.missingDevice ? "" : DEVICES[device];
        rest = `${visitor},${sessionId(visit)},${what},${
          calendar.timestamp(events.second.at(event))
        },${shown},${page},${used},${BROWSERS[device]?.[events.browser.at(visit)]}`;
      }
      yield `${eventId(row)},${rest}`;
    }
  });
}

function pageOf(type: typeof EVENT_TYPES[number] | undefined, product: string): string {
  if (type === "checkout") return "/checkout";
  if (type === "purchase") return "/checkout/complete";
  if (type === "remove_from_cart") return "/cart";
  return product === "" ? "/" : `/products/${product}`;
}

/**
 * The hidden truth as CSV with a header, for evaluation only; a row a customer and month in which the customer
 * was alive at some time: `customer_id`, `month` (its first day), `alive_at_start` and `alive_at_end` (0 or 1)
 * and `hazard`, the probability to drop out in the month, or in what was left of it at sign-up.
 */
export function truthCsv({ calendar, dropOut: { truth } }: World): Iterable<Uint8Array> {
  return csvChunks(function* () {
    yield "customer_id,month,alive_at_start,alive_at_end,hazard";
    for (const [row, customer] of truth.customer.values().entries()) {
      const first = calendar.date(calendar.monthDays(truth.month.at(row)).start);
      yield `${customerId(customer)},${first},${truth.aliveAtStart.at(row)},${truth.aliveAtEnd.at(row)},${
        (truth.hazard.at(row) / 1e6).toFixed(6)
      }`;
    }
  });
}

/** How many rows a chunk of CSV has; the last one may have fewer. */
export const ROWS_PER_CHUNK = 4000;

/** CSV bytes, some thousand rows a chunk; iterating again gives the same bytes again. */
export function csvChunks(rows: () => Iterable<string>): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      const encoder = new TextEncoder();
      let chunk: string[] = [];
      for (const row of rows()) {
        chunk.push(row);
        if (chunk.length < ROWS_PER_CHUNK) continue;
        yield encoder.encode(chunk.join("\n") + "\n");
        chunk = [];
      }
      if (chunk.length > 0) yield encoder.encode(chunk.join("\n") + "\n");
    },
  };
}

/** Cents as a decimal number. */
export function money(cents: number): string {
  return (cents / 100).toFixed(2);
}

/** Ids as the shop writes them; things are numbered from 0, ids from 1. */
const id = (prefix: string, digits: number) => (number: number) =>
  prefix + String(number + 1).padStart(digits, "0");

/** `CUST000001` for 0. */
export const customerId = id("CUST", 6);
/** `PROD00001` for 0. */
export const productId = id("PROD", 5);
/** `ORD0000001` for 0. */
export const orderId = id("ORD", 7);
/** `EVT00000001` for 0. */
export const eventId = id("EVT", 8);
/** `SES00000001` for 0. */
export const sessionId = id("SES", 8);
/** `TKT0000001` for 0. */
export const ticketId = id("TKT", 7);
/** `AGENT001` for 0. */
export const agentId = id("AGENT", 3);
