import type { Random } from "shopflow/runtime/mod.ts";

/** Shares of rows that are not as they should be: what pipelines must cope with. */
export const DIRT = {
  /** Order rows sent twice, all columns equal. */
  duplicateOrderRows: 0.003,
  /** Events and tickets sent twice, the second time under a new id. */
  duplicateEvents: 0.002,
  duplicateTickets: 0.005,
  /** Orders and events that reach the database days after they happened. */
  lateOrders: 0.005,
  lateEvents: 0.004,
  /** Orders and sessions that lost their customer. */
  ordersWithoutCustomer: 0.003,
  sessionsWithoutCustomer: 0.005,
  /** Customers whose row was erased on request, and products withdrawn from the catalogue: their ids live on. */
  erasedCustomers: 0.002,
  withdrawnProducts: 0.004,
  /** Values that are missing. */
  missingPayment: 0.002,
  missingEmail: 0.005,
  missingCity: 0.01,
  missingBrand: 0.01,
  missingDevice: 0.004,
  missingPage: 0.002,
  missingTicketSegment: 0.1,
};

/** How many days late rows take at most. */
const LATEST_DAYS = 5;

/** Marks `count` of `size` things, chosen at random. */
export function markSome(size: number, count: number, random: Random): Uint8Array {
  const marks = new Uint8Array(size);
  for (let marked = 0; marked < Math.min(count, size);) {
    const chosen = Math.floor(random() * size);
    if (marks[chosen] === 1) continue;
    marks[chosen] = 1;
    marked++;
  }
  return marks;
}

/** Row numbers in the order in which they reach the database: by day, but for the late ones. */
export function arrivalOrder(
  dayOf: ArrayLike<number>,
  { days, late }: { days: number; late: number },
  random: Random,
): Uint32Array {
  const arrival = Int32Array.from(dayOf, (day) => {
    const delay = random() < late ? 1 + Math.floor(random() * LATEST_DAYS) : 0;
    return Math.min(days - 1, day + delay);
  });
  const place = new Uint32Array(days + 1);
  for (const day of arrival) place[day + 1]!++;
  for (let day = 0; day < days; day++) place[day + 1]! += place[day]!;
  const order = new Uint32Array(arrival.length);
  arrival.forEach((day, row) => order[place[day]!++] = row);
  return order;
}

/** Row numbers with some of them twice in succession. */
export function repeatSome(rows: Uint32Array, share: number, random: Random): Uint32Array {
  const repeated = Uint8Array.from(rows, () => random() < share ? 1 : 0);
  const result = new Uint32Array(rows.length + repeated.reduce((a, b) => a + b, 0));
  let place = 0;
  rows.forEach((row, i) => {
    result[place++] = row;
    if (repeated[i]) result[place++] = row;
  });
  return result;
}
