import { createRandom } from "shopflow/runtime/mod.ts";
import { arrivalOrder, DIRT, markSome, repeatSome } from "./dirt.ts";
import type { World } from "../history.ts";

/** What the shop's databases made of the history: rows in the order they arrived, some lost, some twice. */
export interface Recording {
  /** Customers without a row of their own. */
  erased: Uint8Array;
  /** Products without a row of their own. */
  withdrawn: Uint8Array;
  /** Order lines as rows of the orders table. */
  orderRows: Uint32Array;
  orderOfLine: Uint32Array;
  /** Number of each order by arrival. */
  orderNumber: Uint32Array;
  ordersWithoutCustomer: Uint8Array;
  eventRows: Uint32Array;
  sessionsWithoutCustomer: Uint8Array;
  ticketRows: Uint32Array;
}

/** Records the history of a world, with `erased` customers and `withdrawn` products left out of their tables. */
export function recordHistory(
  world: World,
  { seed, erased, withdrawn }: { seed: number; erased: number; withdrawn: number },
): Recording {
  const random = createRandom(seed, "simulation/recording");
  const { calendar: { days }, orders, events, population, catalogue } = world;
  const orderArrival = arrivalOrder(orders.day.values(), { days, late: DIRT.lateOrders }, random);
  const orderNumber = new Uint32Array(orders.orders);
  orderArrival.forEach((order, number) => orderNumber[order] = number);
  const { lines, orderOfLine } = linesOf(world, orderArrival);
  const eventDays = events.second.values().map((second) => Math.min(days - 1, Math.floor(second / 86_400)));
  const eventArrival = arrivalOrder(eventDays, { days, late: DIRT.lateEvents }, random);
  return {
    erased: markSome(population.size, erased, random),
    withdrawn: markSome(catalogue.size, withdrawn, random),
    orderRows: repeatSome(lines, DIRT.duplicateOrderRows, random),
    orderOfLine,
    orderNumber,
    ordersWithoutCustomer: markSome(
      orders.orders,
      Math.round(orders.orders * DIRT.ordersWithoutCustomer),
      random,
    ),
    eventRows: repeatSome(eventArrival, DIRT.duplicateEvents, random),
    sessionsWithoutCustomer: markSome(
      events.sessions,
      Math.round(events.sessions * DIRT.sessionsWithoutCustomer),
      random,
    ),
    ticketRows: repeatSome(ticketsByTime(world), DIRT.duplicateTickets, random),
  };
}

/** Order lines in the order of `orderArrival`. */
function linesOf({ orders }: World, orderArrival: Uint32Array): {
  lines: Uint32Array;
  orderOfLine: Uint32Array;
} {
  const lines = new Uint32Array(orders.lines);
  const orderOfLine = new Uint32Array(orders.lines);
  let place = 0;
  for (const order of orderArrival) {
    const end = order + 1 < orders.orders ? orders.firstLine.at(order + 1) : orders.lines;
    for (let line = orders.firstLine.at(order); line < end; line++) {
      lines[place++] = line;
      orderOfLine[line] = order;
    }
  }
  return { lines, orderOfLine };
}

/** Tickets opened before the end of the history, oldest first. */
function ticketsByTime({ calendar, support: { tickets } }: World): Uint32Array {
  const created = (ticket: number) => tickets.createdSecond.at(ticket);
  const opened = Uint32Array.from({ length: tickets.createdSecond.length }, (_, ticket) => ticket)
    .filter((ticket) => created(ticket) < calendar.days * 86_400);
  return opened.sort((a, b) => created(a) - created(b) || a - b);
}
