import { createRandom } from "shopflow/runtime/mod.ts";
import { csvChunks } from "./csv.ts";
import { DIRT } from "./dirt.ts";
import { EVENT_TYPES, NO_PRODUCT } from "./event_log.ts";
import { customerId, eventId, productId, sessionId } from "./identifiers.ts";
import { BROWSERS, DEVICES } from "./population_words.ts";
import type { Recording } from "./recording.ts";
import type { World } from "./world.ts";

/** The events table; an event that arrived twice has two ids and is the same otherwise. */
export function eventsCsv({ calendar, events }: World, recording: Recording, seed: number) {
  const { eventRows, sessionsWithoutCustomer } = recording;
  return csvChunks(function* () {
    const random = createRandom(seed, "simulation/dirt/events");
    const [customer, device, browser] = [
      events.customer.values(),
      events.device.values(),
      events.browser.values(),
    ];
    const [session, type] = [events.session.values(), events.type.values()];
    const [second, product] = [events.second.values(), events.product.values()];
    let rest = "";
    for (let row = 0; row < eventRows.length; row++) {
      const event = eventRows[row]!;
      if (row === 0 || event !== eventRows[row - 1]) {
        const visit = session[event]!;
        const what = EVENT_TYPES[type[event]!]!;
        const shown = product[event] === NO_PRODUCT ? "" : productId(product[event]!);
        const visitor = sessionsWithoutCustomer[visit] ? "" : customerId(customer[visit]!);
        const page = random() < DIRT.missingPage ? "" : pageOf(what, shown);
        const used = random() < DIRT.missingDevice ? "" : DEVICES[device[visit]!];
        rest = `${visitor},${sessionId(visit)},${what},${
          calendar.timestamp(second[event]!)
        },${shown},${page},${used},${BROWSERS[device[visit]!]![browser[visit]!]}`;
      }
      yield `${eventId(row)},${rest}`;
    }
  });
}

function pageOf(type: typeof EVENT_TYPES[number], product: string): string {
  if (type === "checkout") return "/checkout";
  if (type === "purchase") return "/checkout/complete";
  if (type === "remove_from_cart") return "/cart";
  return product === "" ? "/" : `/products/${product}`;
}
