import { checkAsOf, valueAt } from "shopflow/ml/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";

/** How long customers of a shop wait between orders. */
export interface OrderGaps {
  /** Pairs of successive order days of a customer. */
  gaps: number;
  /** Customers whose last order day was followed by nothing yet: their gap is longer than what was seen of it. */
  open: number;
  /** Of the gaps that ended, by days: how many. */
  histogram: { days: number; gaps: number }[];
  /** By days of silence, from 0 on: of those silent for so long. */
  silence: Silence[];
}

/** What becomes of customers who have been silent for some days. */
interface Silence {
  days: number;
  /** Gaps of which so many days were seen. */
  customers: number;
  /** Share that orders again within the next 90 days; undefined where the history is too short to know. */
  within90?: number;
  /** The same within a year. */
  withinYear?: number;
}

/** Silences that are reported: every so many days up to half a year. */
const STEP = 15;
const LONGEST = 180;
/** Fewer gaps seen to the end of a span say nothing of it. */
const FEWEST_SEEN = 20;

/**
 * The shop's own distribution of the days between one order day and the next, and how likely customers come back after so
 * many days of silence. A gap that has not ended by the last day counts as one that is longer than what was seen of it
 * (the product-limit estimator: Kaplan and Meier 1958, J. Am. Stat. Assoc. 53: 457–481): leaving it out would make
 * customers look faithful.
 *
 * @param session A session with the curated tables.
 * @param period First and last day with a sale.
 * @throws {TooLittleDataError} when nobody has ordered on two days.
 */
export async function orderGaps(
  session: Pick<Session, "columns">,
  { last }: { last: string },
): Promise<OrderGaps> {
  const { days = [], ended = [], open = [] } = await session.columns(`
WITH order_days AS (
  SELECT DISTINCT customer_id, order_date FROM fact_orders
  WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN' AND order_date <= DATE '${checkAsOf(last)}'
),
gaps AS (
  SELECT order_date, lead(order_date) OVER (PARTITION BY customer_id ORDER BY order_date) AS next_date FROM order_days
)
SELECT coalesce(next_date, DATE '${checkAsOf(last)}') - order_date AS days,
       CAST(count(next_date) AS INTEGER) AS ended, CAST(count(*) FILTER (next_date IS NULL) AS INTEGER) AS open
FROM gaps GROUP BY days ORDER BY days`);
  const rows = (days as number[]).map((day, i) => ({
    day,
    ended: ended[i] as number,
    open: open[i] as number,
  }));
  const gaps = rows.reduce((sum, row) => sum + row.ended, 0);
  if (gaps === 0) {
    throw new TooLittleDataError("There are no gaps between orders", {
      expected: "customers who ordered on two days",
      found: "none",
    });
  }
  const { stillSilent, seen } = productLimit(rows);
  const returned = (from: number, span: number) => {
    const until = from + span;
    if ((seen[until] ?? 0) < FEWEST_SEEN) return undefined;
    return 1 - valueAt(stillSilent, until) / valueAt(stillSilent, from);
  };
  return {
    gaps,
    open: rows.reduce((sum, row) => sum + row.open, 0),
    histogram: rows.filter((row) => row.ended > 0).map((row) => ({ days: row.day, gaps: row.ended })),
    silence: Array.from({ length: LONGEST / STEP + 1 }, (_, i) => i * STEP)
      .filter((from) => (seen[from] ?? 0) >= FEWEST_SEEN)
      .map((from) => {
        const [within90, withinYear] = [returned(from, 90), returned(from, 365)];
        return {
          days: from,
          customers: seen[from] ?? 0,
          ...(within90 !== undefined && { within90 }),
          ...(withinYear !== undefined && { withinYear }),
        };
      }),
  };
}

/** By days: the share of gaps that lasts longer, and how many gaps were seen for longer than so many days. */
function productLimit(
  rows: { day: number; ended: number; open: number }[],
): { stillSilent: number[]; seen: number[] } {
  const longest = rows.at(-1)?.day ?? 0;
  const byDay = new Map(rows.map((row) => [row.day, row]));
  let atRisk = rows.reduce((sum, row) => sum + row.ended + row.open, 0);
  let share = 1;
  const stillSilent: number[] = [];
  const seen: number[] = [];
  for (let day = 0; day <= longest; day++) {
    const { ended = 0, open = 0 } = byDay.get(day) ?? {};
    if (atRisk > 0) share *= 1 - ended / atRisk;
    atRisk -= ended + open;
    stillSilent.push(share);
    seen.push(atRisk);
  }
  return { stillSilent, seen };
}

/** A chance to come back below this is called rare. */
const RARE = 0.2;

/** What the gaps say of a horizon, in sentences of Markdown. */
export function gapsText({ gaps, open, histogram, silence }: OrderGaps, horizonDays: number): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const shorter =
    histogram.filter(({ days }) => days <= horizonDays).reduce((sum, row) => sum + row.gaps, 0) / gaps;
  const after = silence.find(({ days }) => days === horizonDays);
  const sentences = [
    `Of ${formatCount(gaps)} gaps that ended with another order, ${
      percent(shorter)
    } were at most **${horizonDays} days** ` +
    `long; ${formatCount(open)} customers have not ordered again yet.`,
  ];
  if (after?.within90 === undefined) {
    sentences.push(
      `The history is too short to know what becomes of customers after ${horizonDays} days of silence.`,
    );
    return sentences.join(" ");
  }
  const [atOnce] = silence;
  sentences.push(
    `Who has been silent for ${horizonDays} days orders within the next 90 with a chance of **${
      percent(after.within90)
    }**` +
      (atOnce?.within90 === undefined ? "" : `, right after an order it is ${percent(atOnce.within90)}`) +
      (after.withinYear === undefined ? "." : `; within a year ${percent(after.withinYear)} come back.`),
    after.within90 < RARE
      ? `Few return by themselves: who is silent for ${horizonDays} days is rightly called lapsed.`
      : `About one in ${
        Math.max(2, Math.round(1 / after.within90))
      } returns without any offer: in this shop ` +
        `${horizonDays} days of silence are a warning and not yet a farewell, and an offer to everybody who is silent is ` +
        "in part given away.",
  );
  return sentences.join(" ");
}
