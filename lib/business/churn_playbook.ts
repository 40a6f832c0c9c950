import { InputError } from "shopflow/errors/mod.ts";

/** What the business does about customers at risk, and what it assumes about the effect. */
export interface ChurnPlaybook {
  /** Customers with a higher churn probability are offered the discount. */
  riskAbove: number;
  /** Share of the price given up, 0..1. */
  discount: number;
  /** Gross margin as a share of the price, 0..1, before the discount. */
  margin: number;
  /** Share of customers about to leave whom the offer keeps, 0..1. An assumption until a test measured it. */
  saveRate: number;
  /** Cost of reaching one customer, in currency. */
  contactCost: number;
}

/** The business's rule, with assumptions for what it does not say: margin, save rate and contact cost. */
export const CHURN_PLAYBOOK: ChurnPlaybook = {
  riskAbove: 0.7,
  discount: 0.15,
  margin: 0.45,
  saveRate: 0.25,
  contactCost: 0.1,
};

/** A customer as the playbook sees one. */
export interface CustomerAtRisk {
  /** Probability of no order in the horizon. */
  churnProbability: number;
  /** What the customer spends in one horizon when staying, in currency. */
  usualSpend: number;
}

/** What a campaign is expected to bring over one horizon. */
export interface CampaignEconomics {
  contacted: number;
  /** Sales that are lost when nothing is done: sum of probability × usual spend of those contacted. */
  valueAtRisk: number;
  /** Customers kept who would have left. */
  customersKept: number;
  /** Margin on what kept customers buy, after the discount. */
  marginGained: number;
  /** Discount given to customers who would have stayed anyway. */
  discountWasted: number;
  contactCost: number;
  /** marginGained − discountWasted − contactCost. */
  expectedValue: number;
}

/**
 * Expected economics of offering the discount to every customer above the playbook's risk: of each,
 * p × saveRate × spend × (margin − discount) − (1 − p) × spend × discount − contactCost.
 *
 * @throws {InputError} when a share of the playbook is not between 0 and 1.
 */
export function campaignEconomics(
  customers: CustomerAtRisk[],
  playbook: ChurnPlaybook = CHURN_PLAYBOOK,
): CampaignEconomics {
  checkPlaybook(playbook);
  const { saveRate, margin, discount } = playbook;
  const total = { contacted: 0, valueAtRisk: 0, customersKept: 0, marginGained: 0, discountWasted: 0 };
  for (const { churnProbability: p, usualSpend } of customers) {
    if (p <= playbook.riskAbove) continue;
    total.contacted++;
    total.valueAtRisk += p * usualSpend;
    total.customersKept += p * saveRate;
    total.marginGained += p * saveRate * usualSpend * (margin - discount);
    total.discountWasted += (1 - p) * usualSpend * discount;
  }
  const contactCost = total.contacted * playbook.contactCost;
  return { ...total, contactCost, expectedValue: total.marginGained - total.discountWasted - contactCost };
}

/**
 * The churn probability above which an offer pays for itself, contact cost aside:
 * discount / (saveRate × (margin − discount) + discount). 1 or more means that it never does.
 */
export function breakEvenRisk({ saveRate, margin, discount }: ChurnPlaybook = CHURN_PLAYBOOK): number {
  return margin <= discount ? Infinity : discount / (saveRate * (margin - discount) + discount);
}

/** What a customer spends in `horizonDays` at the pace so far; the pace of newcomers is taken over one horizon. */
export function usualSpend(
  { netSales, tenureDays }: { netSales: number; tenureDays: number },
  horizonDays: number,
): number {
  return netSales * horizonDays / Math.max(tenureDays, horizonDays);
}

function checkPlaybook(playbook: ChurnPlaybook): void {
  for (const name of ["riskAbove", "discount", "margin", "saveRate"] as const) {
    const value = playbook[name];
    if (value >= 0 && value <= 1) continue;
    throw new InputError(`The playbook's ${name} is no share`, {
      expected: "a number from 0 to 1",
      found: String(value),
    });
  }
}
