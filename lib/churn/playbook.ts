import { type AsOfDate, valueAt } from "shopflow/ml/mod.ts";
import { matrixRow } from "shopflow/ml/classifier/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import type { ChurnClassifier } from "./classifier.ts";
import { createChurnModel } from "./model.ts";
import type { Reason } from "./reasons.ts";
import type { FeatureSession } from "shopflow/ml/features/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { ACTIVE_DAYS, readChurnFeatures } from "./examples.ts";

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

/** What is assumed of a business that does not say: assumptions, which no data of the shop supports. */
export const PLAYBOOK_ASSUMPTIONS: Readonly<ChurnPlaybook> = {
  riskAbove: 0.7,
  discount: 0.15,
  margin: 0.45,
  saveRate: 0.25,
  contactCost: 0.1,
};

/** What a business says of its playbook. */
type StatedPlaybook = { [Name in keyof ChurnPlaybook]?: ChurnPlaybook[Name] | undefined };

/**
 * The playbook of a business: what its file says (`playbook` of SHOPFLOW_BUSINESS_FILE), and
 * {@linkcode PLAYBOOK_ASSUMPTIONS} for the rest.
 */
export function playbookOf(stated: StatedPlaybook = {}): ChurnPlaybook {
  const known = Object.entries(stated).filter(([, value]) => value !== undefined);
  return { ...PLAYBOOK_ASSUMPTIONS, ...Object.fromEntries(known) };
}

/** A customer as the playbook sees one. */
interface CustomerAtRisk {
  /** Probability of no order in the horizon. */
  churnProbability: number;
  /** What the customer spends in one horizon when staying, in currency. */
  usualSpend: number;
}

/** What a campaign is expected to bring over one horizon. */
interface CampaignEconomics {
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
  playbook: ChurnPlaybook = PLAYBOOK_ASSUMPTIONS,
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
export function breakEvenRisk({ saveRate, margin, discount }: ChurnPlaybook = PLAYBOOK_ASSUMPTIONS): number {
  return margin <= discount ? Infinity : discount / (saveRate * (margin - discount) + discount);
}

/** What a customer spends in `horizonDays` at the pace so far, net of returns; the pace of newcomers is taken over one horizon. */
export function usualSpend(
  { netSales, tenureDays }: { netSales: number; tenureDays: number },
  horizonDays: number,
): number {
  return netSales * horizonDays / Math.max(tenureDays, horizonDays);
}

/** @throws {InputError} when a share of the playbook is not between 0 and 1. */
export function checkPlaybook(playbook: ChurnPlaybook): void {
  for (const name of ["riskAbove", "discount", "margin", "saveRate"] as const) {
    const value = playbook[name];
    if (value >= 0 && value <= 1) continue;
    throw new InputError(`The playbook's ${name} is not a share`, {
      expected: "a number from 0 to 1",
      found: String(value),
    });
  }
}

/** A customer's risk on a date, with what is at stake and why. */
interface ScoredCustomer extends CustomerAtRisk {
  customerId: string;
  recencyDays: number;
  /** Ordered in the 90 days before, so has not lapsed yet: a discount may still keep, rather than win back. */
  isActive: boolean;
  /** Churn probability × usual spend, in currency per horizon. */
  valueAtRisk: number;
  /** The strongest reasons, strongest first. */
  reasons: Reason[];
}

/** Customers with the risk that the application serves, see {@linkcode readScoredCustomers}. */
interface ScoredList {
  /** The customers are seen as they were before this day. */
  asOf: string;
  /** Days from that day on that the risks are about. */
  horizonDays: number;
  /** Highest value at risk first. */
  customers: ScoredCustomer[];
}

/**
 * Reads the published churn scores, highest value at risk first: a list of whom to contact has to name the risks that
 * the application answers with. Undefined where nothing was scored.
 *
 * @param session A session with the score table as the view `scores_churn`.
 */
export async function readScoredCustomers(
  session: Pick<Session, "rows">,
): Promise<ScoredList | undefined> {
  const rows = await session.rows<{
    customer_id: string;
    as_of: string;
    horizon_days: number;
    churn_probability: number;
    reasons: string;
    recency_days: number | null;
    net_sales: number | null;
    return_share: number | null;
    tenure_days: number | null;
  }>(
    "SELECT customer_id, as_of, horizon_days, churn_probability, reasons, recency_days, net_sales, return_share, " +
      "tenure_days FROM scores_churn ORDER BY customer_id",
  );
  if (rows[0] === undefined) return undefined;
  const customers = rows.map((row) =>
    atStake(
      {
        customerId: row.customer_id,
        churnProbability: row.churn_probability,
        reasons: JSON.parse(row.reasons) as Reason[],
      },
      row,
      row.horizon_days,
    )
  );
  return { asOf: rows[0].as_of, horizonDays: rows[0].horizon_days, customers: customers.sort(byValueAtRisk) };
}

/**
 * Scores the population as of a date, highest value at risk first.
 *
 * @param session A session with the curated tables.
 */
export async function scoreCustomers(
  session: FeatureSession,
  classifier: ChurnClassifier,
  asOf: AsOfDate,
): Promise<ScoredCustomer[]> {
  const { customerIds, features } = await readChurnFeatures(session, asOf);
  const model = createChurnModel(classifier);
  const columns = Object.fromEntries(features.names.map((name, j) => [
    name,
    customerIds.map((_, row) => {
      const value = valueAt(matrixRow(features, row), j);
      return Number.isNaN(value) ? null : value;
    }),
  ]));
  const predictions = [...model.predictAll(columns)];
  return customerIds.map((customerId, row): ScoredCustomer => {
    const { probability, reasons } = valueAt(predictions, row);
    const known = Object.fromEntries(features.names.map((name) => [name, columns[name]?.[row] ?? null]));
    return atStake({ customerId, churnProbability: probability, reasons }, known, classifier.horizonDays);
  }).sort(byValueAtRisk);
}

/** {@linkcode usualSpend} of a customer with these features. */
export function spendOf(features: Record<string, unknown>, horizonDays: number): number {
  const known = (name: string) => features[name] as number | null | undefined ?? 0;
  // Who gave everything back had spent nothing.
  const netSales = known("net_sales") * Math.max(0, 1 - known("return_share"));
  return usualSpend({ netSales, tenureDays: known("tenure_days") }, horizonDays);
}

/** What is at stake with a customer of this risk and these features. */
function atStake(
  scored: Pick<ScoredCustomer, "customerId" | "churnProbability" | "reasons">,
  features: Record<string, unknown>,
  horizonDays: number,
): ScoredCustomer {
  const recencyDays = features.recency_days as number | null | undefined ?? Infinity;
  const spend = spendOf(features, horizonDays);
  return {
    ...scored,
    recencyDays,
    isActive: recencyDays <= ACTIVE_DAYS,
    usualSpend: spend,
    valueAtRisk: scored.churnProbability * spend,
  };
}

/** Customers come sorted by id, which decides between equals: the sort is stable. */
const byValueAtRisk = (a: ScoredCustomer, b: ScoredCustomer) => b.valueAtRisk - a.valueAtRisk;

/**
 * How many of these customers each feature is the leading reason for: the one that raises the risk most. Most
 * frequent first.
 */
export function leadingReasons(
  customers: Pick<ScoredCustomer, "reasons">[],
): { feature: string; customers: number }[] {
  const counts = new Map<string, number>();
  for (const { reasons } of customers) {
    const leading = reasons.find(({ contribution }) => contribution > 0);
    if (leading) counts.set(leading.feature, (counts.get(leading.feature) ?? 0) + 1);
  }
  return [...counts].map(([feature, customers]) => ({ feature, customers }))
    .sort((a, b) => b.customers - a.customers);
}
