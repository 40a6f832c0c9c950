import type { LapsedCost } from "shopflow/churn/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";
import { type Business, formatMoney, type Trouble } from "./business.ts";

/** The one name of the figure that other people call churn; documentation/explanation/churn.md says how it is counted. */
export const LAPSED = "lapsed (90 days without an order)";

/** A share for people: `14.8 %`; `–` where it is not known. */
export function formatShare(share: number | null | undefined, digits = 0): string {
  return typeof share !== "number" || !Number.isFinite(share) ? "–" : `${(share * 100).toFixed(digits)} %`;
}

/** A share as the business stated it: `12.5 %`, `10 %`. It is a promise of theirs, and is not rounded to whole percents. */
export const formatStatedShare = (share: number | undefined): string =>
  share === undefined ? "–" : `${Number((share * 100).toFixed(2))} %`;

const CURRENCY_CODES = new Set(Intl.supportedValuesOf("currency"));
/** Sign, currency before, number, percent, times or currency after it. */
const FIGURE =
  /^([-−+]?)(?:([A-Z]{3})\s|[A-Z]{0,3}\p{Sc}\s?)?(-?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?:\s?(?:%|×|\p{Sc}))?$/u;

/**
 * The number in the text of a figure: 14.8 in `14.8 %`, -1234 in `−$1,234`, 0.777 in `0.777`. Undefined for other texts, and
 * for whole numbers without any mark, which as texts are names: customer `17850`.
 */
export function numberOfFigure(text: string): number | undefined {
  const [, sign, code, minus, digits] = FIGURE.exec(text.trim()) ?? [];
  if (digits === undefined || digits === text.trim() && /^\d+$/.test(digits)) return undefined;
  if (code !== undefined && !CURRENCY_CODES.has(code)) return undefined;
  const number = Number(digits.replaceAll(",", ""));
  return sign === "-" || sign === "−" || minus === "-" ? -number : number;
}

/** A month for people: `November 2026`. */
export const formatMonth = (day: string): string =>
  new Date(`${day.slice(0, 7)}-01T00:00:00Z`).toLocaleString("en-GB", {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });

/** What a figure is compared with: undefined where the data does not tell. */
interface Earlier {
  /** The period just before. */
  before?: number | null | undefined;
  /** The same period a year before. */
  yearBefore?: number | null | undefined;
}

/** How an earlier period is called, e.g. `the week before` and `the same week last year`. */
interface PeriodNames {
  before: string;
  yearBefore: string;
}

const WEEKS: PeriodNames = { before: "the week before", yearBefore: "the same week last year" };

/** How an amount or a count changed, in percent: `+4 % on the week before, the same week last year unknown`. */
export function formatChanges(now: number, earlier: Earlier, names: PeriodNames = WEEKS): string {
  // A change in percent of nothing, or of a loss, says nothing.
  return changes(
    earlier,
    names,
    (then) => {
      const percent = Math.round((now / then - 1) * 100);
      return then > 0 ? `${signed(percent)}${Math.abs(percent).toLocaleString("en-US")} %` : "no comparison";
    },
  );
}

/** How a share changed, in percentage points: `−1.5 points on the week before, …`. */
export function formatPointChanges(now: number, earlier: Earlier, names: PeriodNames = WEEKS): string {
  return changes(earlier, names, (then) => {
    const points = ((now - then) * 100).toFixed(1);
    return `${signed(Number(points))}${points.replace("-", "")} points`;
  });
}

const signed = (change: number) => change >= 0 ? "+" : "−";

function changes(earlier: Earlier, names: PeriodNames, text: (then: number) => string): string {
  return (["before", "yearBefore"] as const).map((when) => {
    const then = earlier[when];
    return typeof then !== "number" ? `${names[when]} unknown` : `${text(then)} on ${names[when]}`;
  }).join(", ");
}

/** What the business says of a figure: `; baseline 15 %, target 10 %`; empty where it says nothing. */
export function formatTrouble({ baseline, target }: Trouble = {}): string {
  const said = [
    baseline === undefined ? undefined : `baseline ${formatStatedShare(baseline)}`,
    target === undefined ? undefined : `target ${formatStatedShare(target)}`,
  ].filter((text) => text !== undefined);
  return said.length === 0 ? "" : `; ${said.join(", ")}`;
}

/** A whole month of customers who lapsed: a row of `monthlyLapsedSql`. */
export interface LapsedMonth {
  /** Its first day. */
  month: string;
  active: number;
  lapsed: number;
  /** Null where nobody was active at its start. */
  lapsed_share: number | null;
}

/**
 * The headline of lapsed customers, the same on every page: the last whole month, beside the month before, that of a year
 * before, and what the business says.
 *
 * @param months In the order of time.
 */
export function lapsedMetric(
  months: readonly LapsedMonth[],
  trouble: Trouble | undefined,
): Record<string, { value: string; note: string }> {
  const last = months.at(-1);
  if (last === undefined) {
    return {
      [LAPSED]: {
        value: "–",
        note: `no whole month has 90 days of orders before it${formatTrouble(trouble)}`,
      },
    };
  }
  if (last.lapsed_share === null) {
    return {
      [LAPSED]: {
        value: "–",
        note: `nobody was active at the start of ${formatMonth(last.month)}${formatTrouble(trouble)}`,
      },
    };
  }
  const earlier = Temporal.PlainDate.from(last.month);
  const shareOf = (month: Temporal.PlainDate) =>
    months.find((row) => row.month === month.toString())?.lapsed_share;
  const yearBefore = earlier.subtract({ years: 1 });
  const note = formatPointChanges(last.lapsed_share, {
    before: shareOf(earlier.subtract({ months: 1 })),
    yearBefore: shareOf(yearBefore),
  }, { before: "the month before", yearBefore: formatMonth(yearBefore.toString()) });
  return {
    [LAPSED]: {
      value: formatShare(last.lapsed_share, 1),
      note: `in ${formatMonth(last.month)}: ${note}${formatTrouble(trouble)}`,
    },
  };
}

/** What lapsing costs in two sentences of Markdown, beside what the business says of it. */
export function formatLapsedCost(cost: LapsedCost | undefined, { lapsed = {}, currency }: Business): string {
  if (cost === undefined) {
    return "The cost of lapsed customers is not known yet: it takes 90 days of orders and one whole month after them.";
  }
  const { target, yearlyCost } = lapsed;
  const money = (amount: number) => formatMoney(amount, currency);
  const last = Temporal.PlainDate.from(cost.from).add({ months: cost.months - 1 }).toString();
  const span = cost.months === 1
    ? `In ${formatMonth(last)}`
    : `From ${formatMonth(cost.from)} to ${formatMonth(last)}`;
  const sentences = [
    `${span} **${countOf(cost.customers, "customer")}** lapsed who ${
      cost.customers === 1 ? "has" : "have"
    } not come back since. In the year up to ` +
    `their last order${cost.isWhole ? "" : ", as far as the data goes back,"} they had brought **${
      money(cost.sales)
    }**; everybody's net sales of these ${cost.months === 1 ? "days" : `${cost.months} months`} were ${
      money(cost.allSales)
    }.`,
  ];
  if (target !== undefined && cost.lapsedShare > target) {
    sentences.push(
      `At the target of ${formatStatedShare(target)} a month instead of the ${
        formatShare(cost.lapsedShare, 1)
      } of these months it would ` +
        `be ${money(cost.sales * target / cost.lapsedShare)}, in proportion.`,
    );
  }
  if (yearlyCost !== undefined) {
    sentences.push(`The business itself states a cost of ${money(yearlyCost)} a year.`);
  }
  return sentences.join(" ");
}
