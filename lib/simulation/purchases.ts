import type { Random } from "shopflow/runtime/mod.ts";
import type { OrderLine } from "./order_book.ts";
import { drawFrom, runningSums } from "./weighted_choice.ts";
import type { World } from "./world.ts";

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
  { issue: "Shipping Delay", chance: 0.098, firstDay: 3, lastDay: 10 },
  { issue: "Billing Issue", chance: 0.043, firstDay: 0, lastDay: 12 },
  { issue: "Account Issue", chance: 0.033, firstDay: 0, lastDay: 30 },
] as const;
const DEFECT_TICKET_CHANCE = 0.75;

export interface Purchases {
  /**
   * Buys a cart at a moment (seconds since the start): takes the goods out of stock, writes the order, and
   * lets returns and tickets follow. The cart must be in stock.
   */
  buy(customer: number, cart: number[], second: number): OrderLine[];
}

/** Purchases that change the stock, the orders and the support desk of a world. */
export function createPurchases(world: World, random: Random): Purchases {
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
    const payment = orders.payment.values()[order]!;
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
