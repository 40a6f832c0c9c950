import { createRandom, type Random } from "shopflow/runtime/mod.ts";
import { CATEGORIES } from "../world/words.ts";
import { DIRT } from "./dirt.ts";
import { agentId, customerId, orderId, productId, ticketId } from "./shop_tables.ts";
import { FAVOURITES } from "../world/population.ts";
import type { Recording } from "./recording.ts";
import type { CustomerTotals } from "./shop_tables.ts";
import { type Issue, ISSUES, NONE, PRIORITIES } from "../world/support_desk.ts";
import type { World } from "../history.ts";

/** A document of the collection `support_tickets`. */
export interface TicketDocument extends Record<string, unknown> {
  /** 24 hexadecimal digits, laid out as an ObjectId: second of creation, then the number of the document. */
  _id: string;
  ticket_id: string;
  customer_id: string;
  customer_segment: string | null;
  created_date: Date;
  resolved_date: Date | null;
  issue_type: Issue;
  issue_category: string;
  priority: string;
  status: "Open" | "In Progress" | "Resolved" | "Closed";
  resolution_hours: number | null;
  satisfaction_score: number | null;
  agent_id: string;
  description: string;
  order_id: string | null;
  product_id: string | null;
}

/** Resolved tickets are closed after this many days; unresolved ones are taken up after this many hours. */
const CLOSED_AFTER_DAYS = 14;
const TAKEN_UP_AFTER_HOURS = 20;

const DESCRIPTIONS: Record<Issue, string[]> = {
  "Product Defect": [
    "The item arrived broken.",
    "It stopped working after a few days.",
    "A part is missing.",
  ],
  "Shipping Delay": ["My parcel has not arrived.", "Tracking has not moved for days.", "Where is my order?"],
  "Billing Issue": [
    "I was charged twice.",
    "The coupon was not taken off.",
    "Please send a correct invoice.",
  ],
  "Account Issue": ["I cannot sign in.", "Please change my address.", "The password mail does not come."],
  "Product Question": ["Is this compatible with mine?", "Which size should I take?", "When will it be back?"],
};

/** The tickets as they stand at the end of the history, oldest first; iterating again gives the same. */
export function ticketDocuments(
  world: World,
  recording: Recording,
  totals: CustomerTotals,
  seed: number,
): Iterable<TicketDocument> {
  return {
    *[Symbol.iterator]() {
      const random = createRandom(seed, "simulation/dirt/tickets");
      let previous: TicketDocument | undefined;
      for (const [row, ticket] of recording.ticketRows.entries()) {
        const again = ticket === recording.ticketRows[row - 1];
        const document = again && previous ? previous : documentOf(ticket, world, recording, totals, random);
        const second = Math.floor(document.created_date.getTime() / 1000);
        const _id = second.toString(16).padStart(8, "0") + row.toString(16).padStart(16, "0");
        yield previous = { ...document, _id, ticket_id: ticketId(row) };
      }
    },
  };
}

function documentOf(
  ticket: number,
  { calendar, catalogue, orders, population, support: { tickets } }: World,
  { orderNumber }: Recording,
  totals: CustomerTotals,
  random: Random,
): TicketDocument {
  const valueOf = (column: keyof typeof tickets) => tickets[column].at(ticket);
  const customer = valueOf("customer");
  const issue = ISSUES[valueOf("issue")]!;
  const [created, resolved] = [valueOf("createdSecond"), valueOf("resolvedSecond")];
  const [order, product, score] = [valueOf("order"), valueOf("product"), valueOf("score")];
  const end = calendar.days * 86_400;
  const isResolved = resolved < end;
  const subject = product !== NONE
    ? catalogue.category[product]!
    : order !== NONE
    ? catalogue.category[orders.product.at(orders.firstLine.at(order))]!
    : catalogue.clusters.category[population.favourites[customer * FAVOURITES]!]!;
  const texts = DESCRIPTIONS[issue];
  return {
    _id: "",
    ticket_id: "",
    customer_id: customerId(customer),
    customer_segment: random() < DIRT.missingTicketSegment ? null : totals.segment(customer),
    created_date: calendar.dateAt(created),
    resolved_date: isResolved ? calendar.dateAt(resolved) : null,
    issue_type: issue,
    issue_category: CATEGORIES[subject]!,
    priority: PRIORITIES[valueOf("priority")]!,
    status: isResolved
      ? resolved < end - CLOSED_AFTER_DAYS * 86_400 ? "Closed" : "Resolved"
      : created < end - TAKEN_UP_AFTER_HOURS * 3600
      ? "In Progress"
      : "Open",
    resolution_hours: isResolved ? Math.max(1, Math.round((resolved - created) / 3600)) : null,
    satisfaction_score: isResolved && score !== NONE ? score : null,
    agent_id: agentId(valueOf("agent")),
    description: texts[Math.floor(random() * texts.length)]!,
    order_id: order === NONE ? null : orderId(orderNumber[order]!),
    product_id: product === NONE ? null : productId(product),
  };
}
