import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { ADJECTIVES, CATEGORIES, CATEGORY_WORDS } from "./catalogue_words.ts";
import { csvChunks, money } from "./csv.ts";
import { DIRT } from "./dirt.ts";
import { customerId, orderId, productId } from "./identifiers.ts";
import { COUNTRIES, FIRST_NAMES, LAST_NAMES, PAYMENT_METHODS, WAREHOUSES } from "./population_words.ts";
import type { Recording } from "./recording.ts";
import type { CustomerTotals } from "./segments.ts";
import { SNAPSHOT_DAYS } from "./stock.ts";
import type { World } from "./world.ts";

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
  if (rows.every((row) => stock.level[row]! <= 0)) return "Out of Stock";
  const low = rows.filter((row) => stock.level[row]! <= stock.reorderLevel[row]!).length;
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
    const [customer, day, payment] = [orders.customer.values(), orders.day.values(), orders.payment.values()];
    const [product, quantity] = [orders.product.values(), orders.quantity.values()];
    const [amount, discount] = [orders.amount.values(), orders.discount.values()];
    for (const line of orderRows) {
      const order = orderOfLine[line]!;
      const buyer = ordersWithoutCustomer[order] ? "" : customerId(customer[order]!);
      const method = missingPayment[order] ? "" : PAYMENT_METHODS[payment[order]!];
      yield `${orderId(orderNumber[order]!)},${buyer},${productId(product[line]!)},${
        calendar.date(day[order]!)
      },${money(amount[line]!)},${quantity[line]},${money(discount[line]!)},${method}`;
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
