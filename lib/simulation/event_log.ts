import { GrowingColumn } from "./growing_column.ts";

/** The shop keeps what visitors did for this many days. */
export const EVENT_RETENTION_DAYS = 366;

/** What a visitor can do; the log has the place in this list. */
export const EVENT_TYPES = ["page_view", "add_to_cart", "remove_from_cart", "checkout", "purchase"] as const;
export type EventType = typeof EVENT_TYPES[number];
/** In place of a product where the page shows none. */
export const NO_PRODUCT = -1;

const typeNumber = new Map<EventType, number>(EVENT_TYPES.map((type, number) => [type, number]));

/** What visitors did, as columns in the order of visits. */
export class EventLog {
  /** By session. */
  readonly customer = new GrowingColumn();
  readonly device = new GrowingColumn();
  readonly browser = new GrowingColumn();
  /** By event. */
  readonly session = new GrowingColumn();
  readonly type = new GrowingColumn();
  /** Seconds since the start of the history. */
  readonly second = new GrowingColumn();
  readonly product = new GrowingColumn();

  get sessions(): number {
    return this.customer.length;
  }

  get events(): number {
    return this.session.length;
  }

  /** Starts a session, to which the events recorded next belong. */
  startSession(customer: number, device: number, browser: number): void {
    this.customer.push(customer);
    this.device.push(device);
    this.browser.push(browser);
  }

  record(type: EventType, second: number, product: number): void {
    this.session.push(this.sessions - 1);
    this.type.push(typeNumber.get(type)!);
    this.second.push(second);
    this.product.push(product);
  }
}
