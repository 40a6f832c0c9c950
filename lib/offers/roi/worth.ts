import { CHURN_HORIZON_DAYS } from "shopflow/churn/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";

/** What the return of bringing the lapsed share down is worked out from. Shares are 0..1, money in currency. */
export interface RoiInputs {
  /** Active customers at the start of a month. */
  activeCustomers: number;
  /** Share of them who lapse in a month today. */
  lapsedShare: number;
  /** Share that is aimed at. */
  targetShare: number;
  /** What a customer who lapses had spent a month. */
  monthlySpend: number;
  /** Gross margin before the discount. */
  margin: number;
  /** Share of the price given up. */
  discount: number;
  /** Months of purchases that get the discount. */
  discountedMonths: number;
  /** Share of customers about to leave whom an offer keeps. */
  saveRate: number;
  /** Share of those who get an offer who would have left without it. */
  precision: number;
  /** Cost of reaching one customer. */
  contactCost: number;
  /** Months of purchases of a kept customer that are counted. */
  monthsCounted: number;
}

/** How an input is asked for. */
export interface RoiField {
  name: keyof RoiInputs;
  label: string;
  /** A share is asked for and shown in percent. */
  unit: "share" | "money" | "count" | "months";
  least: number;
  most: number;
  what: string;
}

export const ROI_FIELDS: readonly RoiField[] = [
  {
    name: "activeCustomers",
    label: "Active customers",
    unit: "count",
    least: 1,
    most: 1e9,
    what: `with an order in the ${CHURN_HORIZON_DAYS} days before a month`,
  },
  {
    name: "lapsedShare",
    label: "Lapse in a month today",
    unit: "share",
    least: 0,
    most: 1,
    what: "of the active customers, those who are no longer active at its end",
  },
  {
    name: "targetShare",
    label: "Target",
    unit: "share",
    least: 0,
    most: 1,
    what: "the share that is aimed at; not above today's",
  },
  {
    name: "monthlySpend",
    label: "Spend a month",
    unit: "money",
    least: 0,
    most: 1e9,
    what: "of a customer who lapses, in the year before, net of returns and discounts",
  },
  {
    name: "margin",
    label: "Gross margin",
    unit: "share",
    least: 0,
    most: 1,
    what: "of the price before the discount",
  },
  {
    name: "discount",
    label: "Discount",
    unit: "share",
    least: 0,
    most: 1,
    what: "of the price, by the offer",
  },
  {
    name: "discountedMonths",
    label: "Discounted months",
    unit: "months",
    least: 0,
    most: 120,
    what: "of purchases that get the discount",
  },
  {
    name: "saveRate",
    label: "Save rate",
    unit: "share",
    least: 0.001,
    most: 1,
    what: "of customers about to leave, those whom the offer keeps; a trial measures it",
  },
  {
    name: "precision",
    label: "Would have left",
    unit: "share",
    least: 0.001,
    most: 1,
    what: "of those who get the offer; the rest get a discount for nothing",
  },
  {
    name: "contactCost",
    label: "Cost of a contact",
    unit: "money",
    least: 0,
    most: 1e6,
    what: "of reaching one customer",
  },
  {
    name: "monthsCounted",
    label: "Months counted",
    unit: "months",
    least: 1,
    most: 120,
    what: "of what a kept customer buys afterwards, who may lapse again each month",
  },
];

/**
 * What bringing the lapsed share down costs and brings, of the customers of one month: to the target, or as far as the
 * offer can.
 */
export interface Roi {
  lapsedToday: number;
  /** The target, or {@linkcode lowestShare} where that is higher. */
  reachedShare: number;
  /** Customers to keep a month. */
  kept: number;
  /** Customers who must get the offer a month: kept ÷ (save rate × precision). */
  contacted: number;
  /** Months of purchases expected of a kept customer, of those counted: Σ (1 − reached share)^k. */
  monthsExpected: number;
  /** Margin before discounts on what kept customers buy. */
  marginGained: number;
  /** Discounts of kept customers. */
  discountOfKept: number;
  /** Discounts of those who would have stayed anyway. */
  discountOfOthers: number;
  contactCost: number;
  /** marginGained − discounts − contactCost. */
  net: number;
  /** Twelve months of it. */
  netAYear: number;
  /** Save rate at which net is 0, precision as it is; above 1 or Infinity: no save rate pays. */
  breakEvenSaveRate: number;
  /** Discount at which net is 0; below 0: none pays. */
  breakEvenDiscount: number;
  /** The lowest share that such offers can reach: today's × (1 − save rate), if everybody about to leave got one. */
  lowestShare: number;
  /** Whether the target can be reached by such offers. */
  isReachable: boolean;
  /** Whether there are as many active customers as must get the offer. */
  hasEnoughCustomers: boolean;
}

/**
 * Works out the return. Of every customer kept, margin × spend of the expected months is gained; of every customer who
 * gets the offer, c = contact cost + (1 − precision) × discounted spend is spent, and 1 ÷ (save rate × precision) of them
 * are needed to keep one.
 *
 * @throws {InputError} when an input is out of range, or the target is above today's share.
 */
export function worthOfTarget(inputs: RoiInputs): Roi {
  checkInputs(inputs);
  const { activeCustomers, lapsedShare, targetShare, saveRate, precision, monthlySpend, margin, discount } =
    inputs;
  const lapsedToday = activeCustomers * lapsedShare;
  const lowestShare = lapsedShare * (1 - saveRate);
  const reachedShare = Math.max(targetShare, lowestShare);
  const kept = lapsedToday - activeCustomers * reachedShare;
  const contacted = kept / (saveRate * precision);
  const monthsExpected = expectedMonths(reachedShare, inputs.monthsCounted);
  const discountedSpend = monthlySpend * Math.min(inputs.discountedMonths, inputs.monthsCounted);
  const marginGained = kept * monthlySpend * margin * monthsExpected;
  const discountOfKept = kept * discountedSpend * discount;
  const discountOfOthers = contacted * (1 - precision) * discountedSpend * discount;
  const contactCost = contacted * inputs.contactCost;
  const net = marginGained - discountOfKept - discountOfOthers - contactCost;
  const gainOfOne = monthlySpend * margin * monthsExpected - discountedSpend * discount;
  const costOfOne = inputs.contactCost + (1 - precision) * discountedSpend * discount;
  const discounted = kept * discountedSpend + contacted * (1 - precision) * discountedSpend;
  return {
    lapsedToday,
    reachedShare,
    kept,
    contacted,
    monthsExpected,
    marginGained,
    discountOfKept,
    discountOfOthers,
    contactCost,
    net,
    netAYear: 12 * net,
    breakEvenSaveRate: gainOfOne > 0 ? costOfOne / (precision * gainOfOne) : Infinity,
    breakEvenDiscount: discounted > 0 ? (marginGained - contactCost) / discounted : NaN,
    lowestShare,
    isReachable: targetShare >= lowestShare - 1e-12,
    hasEnoughCustomers: contacted <= activeCustomers * (1 + 1e-12),
  };
}

/** Σ (1 − h)^k over months k = 0, 1, …, the last of them in part where `months` is no whole number. */
function expectedMonths(hazard: number, months: number): number {
  let sum = 0;
  for (let k = 0; k < months; k++) sum += (1 - hazard) ** k * Math.min(1, months - k);
  return sum;
}

function checkInputs(inputs: RoiInputs): void {
  for (const { name, label, unit, least, most } of ROI_FIELDS) {
    const value = inputs[name];
    if (value >= least && value <= most) continue;
    const shown = (number: number) =>
      unit === "share" ? `${Number((100 * number).toFixed(4))} %` : String(number);
    throw new InputError(`Invalid ${label.toLowerCase()}`, {
      expected: `a number from ${shown(least)} to ${shown(most)}`,
      found: Number.isNaN(value) ? "no number" : shown(value),
    });
  }
  if (inputs.targetShare <= inputs.lapsedShare) return;
  throw new InputError("The target is above the share who lapse today", {
    expected: `at most ${Number((100 * inputs.lapsedShare).toFixed(2))} %`,
    found: `${Number((100 * inputs.targetShare).toFixed(2))} %`,
  });
}
