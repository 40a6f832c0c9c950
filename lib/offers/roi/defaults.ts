import { CHURN_HORIZON_DAYS, lapsedCost, monthlyLapsedSql, playbookOf } from "shopflow/churn/mod.ts";
import type { Business } from "shopflow/kpis/mod.ts";
import { addDays, salesPeriod } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import type { RoiInputs } from "./worth.ts";

/** An input as the shop and the business know it, and where it comes from. */
export interface RoiDefault {
  /** Undefined where neither knows. */
  value: number | undefined;
  source: string;
}

const ASSUMED = "an assumption";
const STATED = "the business file";

/**
 * Inputs as the shop's data and the business file have them; what neither has is an assumption, and is called one.
 *
 * @param session A session with the curated tables, and where there are scores the view `scores_churn`.
 */
export async function roiDefaults(
  session: Pick<Session, "rows">,
  business: Business,
  { hasScores, readOn }: { hasScores: boolean; readOn: string },
): Promise<Record<keyof RoiInputs, RoiDefault>> {
  const playbook = playbookOf(business.playbook);
  const months = await wholeMonths(session, readOn);
  const cost = await lapsedCost(session, months);
  const recent = months.slice(-(cost?.months ?? 0));
  const precision = hasScores ? await playbookPrecision(session, playbook.riskAbove) : undefined;
  const ofMonths = cost === undefined
    ? "no whole month is known yet"
    : `the shop's orders, ${cost.from} to ${cost.to}`;
  const lapsed = cost === undefined || Number.isNaN(cost.lapsedShare) ? undefined : cost.lapsedShare;
  const target = business.lapsed?.target;
  const decided = (name: keyof typeof playbook): RoiDefault => ({
    value: playbook[name],
    source: business.playbook?.[name] === undefined ? ASSUMED : STATED,
  });
  return {
    activeCustomers: {
      value: recent.length === 0
        ? undefined
        : Math.round(recent.reduce((sum, { active }) => sum + active, 0) / recent.length),
      source: ofMonths,
    },
    lapsedShare: { value: lapsed, source: ofMonths },
    targetShare: target === undefined
      ? {
        value: lapsed === undefined ? undefined : lapsed * 2 / 3,
        source: `${ASSUMED}: a third less than today`,
      }
      : { value: lapsed === undefined ? target : Math.min(target, lapsed), source: STATED },
    monthlySpend: {
      value: cost === undefined || cost.customers === 0 ? undefined : cost.sales / cost.customers / 12,
      source: cost?.customers === 0 ? "nobody has lapsed yet" : ofMonths,
    },
    margin: decided("margin"),
    discount: decided("discount"),
    discountedMonths: {
      value: CHURN_HORIZON_DAYS / 30,
      source: `${ASSUMED}: the ${CHURN_HORIZON_DAYS} days of the churn risk`,
    },
    saveRate: decided("saveRate"),
    precision: precision === undefined
      ? {
        value: playbook.riskAbove,
        source: `${ASSUMED}: the playbook's limit, since nobody above it has a score`,
      }
      : { value: precision, source: `the churn scores of active customers above ${playbook.riskAbove}` },
    contactCost: decided("contactCost"),
    monthsCounted: { value: 12, source: ASSUMED },
  };
}

/** Mean churn probability of the active customers above the playbook's limit. */
async function playbookPrecision(
  session: Pick<Session, "rows">,
  riskAbove: number,
): Promise<number | undefined> {
  const [row] = await session.rows<{ precision: number | null }>(
    `SELECT avg(churn_probability) AS precision FROM scores_churn
     WHERE recency_days <= ${CHURN_HORIZON_DAYS} AND churn_probability > ${riskAbove}`,
  );
  return row?.precision ?? undefined;
}

/** Who was active and lapsed by month; no month in a shop without sales. */
async function wholeMonths(
  session: Pick<Session, "rows">,
  readOn: string,
): Promise<{ month: string; active: number; lapsed: number }[]> {
  const [sale] = await session.rows(
    "SELECT 1 AS sale FROM fact_orders WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' LIMIT 1",
  );
  if (sale === undefined) return [];
  const { first, last } = await salesPeriod(session);
  // The day on which the data was read was not over.
  const before = addDays(readOn, -1);
  return await session.rows(monthlyLapsedSql({ first, last: before < last ? before : last }));
}
