import { PLAYBOOK_ASSUMPTIONS, playbookOf } from "shopflow/churn/mod.ts";
import { InputError, someOf } from "shopflow/errors/mod.ts";
import type { Business } from "shopflow/kpis/mod.ts";

/** Something that customers can be offered, with everything that a list needs to know of it. */
export interface Offer {
  name: string;
  /** Share of the price given up, 0..1; where it is not there, `amount` is. */
  discount?: number;
  /** Money off one order, in currency. */
  amount?: number;
  /** Gross margin as a share of the price before the discount, 0..1. */
  margin: number;
  /** Cost of reaching one customer, in currency. */
  contactCost: number;
  /** Days for which a customer may use it, from the start of the list on. */
  validDays: number;
  /** Days from the start of the list on whose orders are its outcome. */
  outcomeDays: number;
  /** Most that one list may be expected to cost, in currency. */
  budget?: number;
}

/** What all lists of a business keep to. */
export interface OfferPolicy {
  /** Nobody is on a list again, offered or held out, within so many days. */
  quietDays: number;
  /** Share of all customers who never get an offer, 0..1. */
  globalControl: number;
}

/** Used where the business file says nothing; documentation/how_to/describe_your_business.md names them. */
const OFFER_DEFAULTS = { validDays: 30, outcomeDays: 90 };
const POLICY_DEFAULTS: OfferPolicy = { quietDays: 90, globalControl: 0 };

/**
 * The offers of a business. One that lists none has the discount of its playbook, named by its percent: `discount_15`.
 */
export function offersOf({ playbook: stated, offers = {} }: Pick<Business, "playbook" | "offers">): Offer[] {
  const { margin, contactCost, discount } = playbookOf(stated);
  const listed = offers.list ?? [{ name: `discount_${Math.round(100 * discount)}`, discount }];
  return listed.map((offer) => ({
    name: offer.name,
    ...(offer.discount !== undefined && { discount: offer.discount }),
    ...(offer.amount !== undefined && { amount: offer.amount }),
    margin: offer.margin ?? margin,
    contactCost: offer.contactCost ?? contactCost,
    validDays: offer.validDays ?? OFFER_DEFAULTS.validDays,
    outcomeDays: offer.outcomeDays ?? OFFER_DEFAULTS.outcomeDays,
    ...(offer.budget !== undefined && { budget: offer.budget }),
  }));
}

/** The offer of a name. @throws {InputError} when the business has none of it. */
export function offerNamed(business: Pick<Business, "playbook" | "offers">, name: string): Offer {
  const offers = offersOf(business);
  const found = offers.find((offer) => offer.name === name);
  if (found !== undefined) return found;
  throw new InputError("There is no such offer", {
    expected: `one of the business's offers: ${someOf(offers.map((offer) => offer.name))}`,
    found: JSON.stringify(name),
    remedy: "Offers are listed in the business file (SHOPFLOW_BUSINESS_FILE), field offers.list.",
  });
}

/** What all lists of a business keep to. */
export function offerPolicyOf({ offers }: Pick<Business, "offers">): OfferPolicy {
  return {
    quietDays: offers?.quietDays ?? POLICY_DEFAULTS.quietDays,
    globalControl: offers?.globalControl ?? POLICY_DEFAULTS.globalControl,
  };
}

/** The assumptions that a business has not replaced by what it knows, for reports: `margin 0.45`. */
export function assumptionsOf({ playbook = {} }: Pick<Business, "playbook">): string[] {
  const stated: Record<string, number | undefined> = playbook;
  return Object.entries(PLAYBOOK_ASSUMPTIONS).filter(([name]) => stated[name] === undefined)
    .map(([name, value]) => `${name} ${value}`);
}

/** What an offer gives, in words: `15 % off`, `10 off an order`. */
export function offerText({ discount, amount }: Pick<Offer, "discount" | "amount">): string {
  return discount !== undefined ? `${Number((100 * discount).toFixed(1))} % off` : `${amount} off an order`;
}

/**
 * What offering it to a customer is expected to cost, in currency: the contact, and the discount if the customer buys.
 * That happens with probability 1 − p (1 − s), p the churn probability and s the share of leaving customers whom an
 * offer keeps. A discount is of the usual spend of one horizon; an amount is given once.
 */
export function expectedCost(
  { discount, amount = 0, contactCost }: Pick<Offer, "discount" | "amount" | "contactCost">,
  { churnProbability, usualSpend }: { churnProbability: number; usualSpend: number },
  saveRate: number,
): number {
  const buys = 1 - churnProbability * (1 - saveRate);
  return contactCost + buys * (discount === undefined ? amount : discount * usualSpend);
}
