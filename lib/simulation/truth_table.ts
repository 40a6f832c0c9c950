import { csvChunks } from "./csv.ts";
import { customerId } from "./identifiers.ts";
import type { World } from "./world.ts";

/**
 * The hidden truth as CSV with a header, for evaluation only; a row a customer and month in which the customer
 * was alive at some time: `customer_id`, `month` (its first day), `alive_at_start` and `alive_at_end` (0 or 1)
 * and `hazard`, the probability to drop out in the month, or in what was left of it at sign-up.
 */
export function truthCsv({ calendar, dropOut: { truth } }: World): Iterable<Uint8Array> {
  return csvChunks(function* () {
    yield "customer_id,month,alive_at_start,alive_at_end,hazard";
    const [customer, month, hazard] = [
      truth.customer.values(),
      truth.month.values(),
      truth.hazard.values(),
    ];
    const [atStart, atEnd] = [truth.aliveAtStart.values(), truth.aliveAtEnd.values()];
    for (let row = 0; row < customer.length; row++) {
      const first = calendar.date(calendar.monthStarts[month[row]!]!);
      yield `${customerId(customer[row]!)},${first},${atStart[row]},${atEnd[row]},${
        (hazard[row]! / 1e6).toFixed(6)
      }`;
    }
  });
}
