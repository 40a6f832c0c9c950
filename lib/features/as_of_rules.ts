import { InputError } from "shopflow/errors/mod.ts";
import { addDays, checkAsOf } from "./as_of_date.ts";
import { CHURN_HORIZON_DAYS } from "./churn_features.ts";

/** As-of dates that follow the data, by the name of their rule. */
const RULES = {
  latest: { text: "the day after the last sale", daysAfterLastSale: 1 },
  outcomes_known: {
    text: `the last day whose following ${CHURN_HORIZON_DAYS} days are all in the data`,
    daysAfterLastSale: 1 - CHURN_HORIZON_DAYS,
  },
};

/** What a rule looks like, for people. */
export const AS_OF_RULES = `${Object.keys(RULES).join(" or ")}, or one of them with days before it, ` +
  'e.g. "outcomes_known - 30 days"';

const RULE = /^(?<name>latest|outcomes_known)(?: - (?<days>\d{1,4}) days?)?$/;

/** A rule that gives an as-of date once the last sale is known. */
export interface AsOfRule {
  /** As it was written, e.g. `outcomes_known - 30 days`. */
  rule: string;
  /** What it means, e.g. `30 days before the day after the last sale`. */
  meaning: string;
  /** From the day of the last sale to the date; negative when the date is before that day. */
  daysAfterLastSale: number;
}

/** Reads a rule such as `latest` or `outcomes_known - 30 days`; undefined when it is none. */
export function parseAsOfRule(rule: string): AsOfRule | undefined {
  const { name, days = "0" } = rule.match(RULE)?.groups ?? {};
  if (name === undefined) return undefined;
  const { text, daysAfterLastSale } = RULES[name as keyof typeof RULES];
  const before = Number(days);
  return {
    rule,
    meaning: before === 0 ? text : `${before} ${before === 1 ? "day" : "days"} before ${text}`,
    daysAfterLastSale: daysAfterLastSale - before,
  };
}

/**
 * The as-of date that a parameter means, which may be a date or a rule: a notebook that is opened in an editor finds
 * its dates by itself.
 *
 * @param period The day of the last sale.
 * @throws {InputError} when it is neither a date nor a rule.
 */
export function resolveAsOf(dateOrRule: string, { last }: { last: string }): string {
  const rule = parseAsOfRule(dateOrRule);
  if (rule !== undefined) return addDays(last, rule.daysAfterLastSale);
  if (/^\d{4}-\d{2}-\d{2}$/.test(dateOrRule)) return checkAsOf(dateOrRule);
  throw new InputError("Invalid as-of date", {
    expected: `a calendar date as YYYY-MM-DD, or ${AS_OF_RULES}`,
    found: JSON.stringify(dateOrRule),
  });
}
