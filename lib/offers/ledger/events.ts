import { addDays } from "shopflow/ml/mod.ts";
import type { Offer } from "../offer.ts";
import type { HeldOutBy, Randomisation } from "../draw/assignment.ts";
import type { AppliedRule } from "../draw/rules.ts";

/** A customer on a list. */
export interface ListedCustomer {
  customerId: string;
  /** Offered, or chosen by the rule and held out. */
  arm: "offered" | HeldOutBy;
  /** What the rule ranked by. */
  score: number;
  /** What the offer was expected to cost, in currency; 0 for those who were held out. */
  expectedCost: number;
  /** What was known of the customer, by name; null where it was not. */
  covariates: Record<string, number | null>;
}

/** The parameters of a draw. Drawing again under the same id with other parameters is refused. */
export interface DrawRequest {
  offer: Offer;
  trial: string;
  rule: string;
  holdOut: number;
  seed: number;
  budget: number | null;
  /** Most customers on the list. */
  most: number | null;
  audience: string | null;
  activeOnly: boolean;
}

/** A list that was drawn, whole: everything that is needed to read its effect later. */
export interface Draw {
  kind: "draw";
  id: string;
  request: DrawRequest;
  rule: AppliedRule;
  randomisation: Randomisation;
  /** Of every customer on the list: to be offered. */
  treatmentProbability: number;
  quietDays: number;
  /** The customers were seen as they were before this day. */
  asOf: string;
  /** First day on which the offer can be used, and first of the outcome. */
  startsOn: string;
  drawnAt: string;
  /** Where the churn scores came from. */
  model: { name: string; version: string };
  snapshot: string;
  /** Customers by why they are not on the list. */
  notListed: { reason: string; customers: number }[];
  customers: ListedCustomer[];
}

/** A list that is not sent after all. */
export interface Cancellation {
  kind: "cancelled";
  draw: string;
  at: string;
  reason: string;
}

/** A list was written out for sending. */
export interface Export {
  kind: "exported";
  draw: string;
  at: string;
  /** Customers in the file. */
  customers: number;
}

/** An event of the ledger. */
export type OfferEvent = Draw | Cancellation | Export;

/** A list with what happened to it. */
export interface DrawState {
  draw: Draw;
  cancelled?: Cancellation;
  /** The first time that it was written out. */
  exported?: Export;
}

/** Lists with what happened to them, in the order in which they were drawn. */
export function drawStates(events: readonly OfferEvent[]): DrawState[] {
  const states = new Map<string, DrawState>();
  for (const event of events) {
    if (event.kind === "draw") states.set(event.id, { draw: event });
    else {
      const state = states.get(event.draw);
      if (state === undefined) continue;
      if (event.kind === "cancelled") state.cancelled ??= event;
      else state.exported ??= event;
    }
  }
  return [...states.values()];
}

/** Lists that count: those that were not cancelled. */
export const standing = (events: readonly OfferEvent[]): Draw[] =>
  drawStates(events).filter(({ cancelled }) => cancelled === undefined).map(({ draw }) => draw);

/** How many customers of a list are in which arm. */
export function armCounts({ customers }: Pick<Draw, "customers">): { offered: number; heldOut: number } {
  const offered = customers.filter(({ arm }) => arm === "offered").length;
  return { offered, heldOut: customers.length - offered };
}

/** Who got the offer of a list: a list never changes, and applications ask many times. */
const offeredBy = new WeakMap<Draw, ReadonlySet<string>>();

/** The offers that a customer can use on a day, those of the newest list first. */
export function offersOfCustomer(
  events: readonly OfferEvent[],
  customerId: string,
  on: string,
): { draw: Draw; validUntil: string }[] {
  return standing(events).toReversed().flatMap((draw) => {
    const validUntil = lastValidDay(draw);
    if (draw.startsOn > on || validUntil < on) return [];
    const offered = offeredBy.get(draw) ??
      new Set(draw.customers.filter(({ arm }) => arm === "offered").map(({ customerId }) => customerId));
    offeredBy.set(draw, offered);
    return offered.has(customerId) ? [{ draw, validUntil }] : [];
  });
}

/** The last day on which an offer of a list can be used. */
export const lastValidDay = ({ startsOn, request: { offer } }: Pick<Draw, "startsOn" | "request">): string =>
  addDays(startsOn, offer.validDays - 1);
