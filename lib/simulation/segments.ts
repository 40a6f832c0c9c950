import type { Recording } from "./recording.ts";
import type { World } from "./world.ts";

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
  const customers = orders.customer.values();
  const days = orders.day.values();
  const firstLine = orders.firstLine.values();
  const quantity = orders.quantity.values();
  const amount = orders.amount.values();
  const discount = orders.discount.values();
  for (let line = 0; line < orders.lines; line++) {
    const order = recording.orderOfLine[line]!;
    if (recording.ordersWithoutCustomer[order]) continue;
    const customer = customers[order]!;
    spent[customer]! += amount[line]! - discount[line]!;
    if (quantity[line]! < 0 || firstLine[order] !== line) continue;
    count[customer]!++;
    lastDay[customer] = Math.max(lastDay[customer]!, days[order]!);
  }
  const daysSince = (customer: number) => calendar.days - lastDay[customer]!;
  const spending = spent.filter((_, customer) => daysSince(customer) <= AT_RISK_DAYS).sort();
  const third = spending[Math.floor(spending.length / 3)] ?? 0;
  const twoThirds = spending[Math.floor(spending.length * 2 / 3)] ?? 0;
  return {
    orders: count,
    spent,
    segment(customer) {
      if (daysSince(customer) > CHURNED_DAYS) return "Churned";
      if (daysSince(customer) > AT_RISK_DAYS) return "At Risk";
      if (spent[customer]! >= twoThirds) return "High Value";
      return spent[customer]! >= third ? "Medium Value" : "Low Value";
    },
  };
}
