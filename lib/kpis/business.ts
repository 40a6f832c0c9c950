import { InputError } from "shopflow/errors/mod.ts";
import { z } from "zod";

/** A figure that the business wants to bring down, as shares from 0 to 1. */
const troubleShape = z.strictObject({
  /** What it was when the business began to work on it. */
  baseline: z.number().min(0).max(1).optional(),
  /** What the business wants it to be. */
  target: z.number().min(0).max(1).optional(),
});

const share = () => z.number().min(0).max(1);

/** What the business does about customers at risk: each is a decision or an estimate of the business. */
const playbookShape = z.strictObject({
  /** Customers with a higher churn probability are offered the discount. */
  riskAbove: share().optional(),
  /** Share of the price given up. */
  discount: share().optional(),
  /** Gross margin as a share of the price, before the discount. */
  margin: share().optional(),
  /** Share of customers about to leave whom the offer keeps. */
  saveRate: share().optional(),
  /** Cost of reaching one customer, in currency. */
  contactCost: z.number().min(0).optional(),
});

const GIVES = "either discount, a share of the price, or amount, money off an order";

/** Something that customers can be offered. */
const offerShape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,39}$/),
  /** Share of the price given up. */
  discount: share().optional(),
  /** Money off one order, in currency. */
  amount: z.number().positive().optional(),
  /** The playbook's, where it is not there. */
  margin: share().optional(),
  contactCost: z.number().min(0).optional(),
  /** Days for which a customer may use it. */
  validDays: z.int().min(1).max(3650).optional(),
  /** Days after the start of a list whose orders count as its outcome. */
  outcomeDays: z.int().min(1).max(3650).optional(),
  /** Most that one list may be expected to cost: contacts and discounts. */
  budget: z.number().positive().optional(),
}).refine(({ discount, amount }) => (discount === undefined) !== (amount === undefined), GIVES);

const UNIQUE = "offers with different names";

const offersShape = z.strictObject({
  list: z.array(offerShape)
    .refine((offers) => new Set(offers.map(({ name }) => name)).size === offers.length, UNIQUE).optional(),
  /** Nobody is offered anything again within so many days. */
  quietDays: z.int().min(0).max(3650).optional(),
  /** Share of all customers who never get an offer, so that all offers together can be measured. */
  globalControl: z.number().min(0).max(0.9).optional(),
});

const businessShape = z.strictObject({
  /** ISO 4217 code of the money in the shop's sources. */
  currency: z.string().refine((code) => CURRENCIES.has(code)).optional(),
  /** Active customers who lapse in a month: 90 days without an order. */
  lapsed: troubleShape.extend({
    /** What that costs a year, as the business stated it; the reports work it out beside it. */
    yearlyCost: z.number().positive().optional(),
  }).optional(),
  /** Carts that are left behind, of all carts. */
  abandonedCarts: troubleShape.optional(),
  /** Products of a warehouse without stock, of all that are counted. */
  outOfStock: troubleShape.optional(),
  /** Products of a warehouse with more stock than is needed, of all that are counted. */
  overstocked: troubleShape.optional(),
  recommendations: z.strictObject({
    /** Clicks per list that is shown, 0..1. */
    clickThrough: z.number().min(0).max(1).optional(),
    /** Sales a month to gain. */
    monthlyGoal: z.number().positive().optional(),
  }).optional(),
  /** What is done about customers at risk; what is left out is assumed, and reports say so. */
  playbook: playbookShape.optional(),
  /** What customers can be offered, and the rules of all lists. */
  offers: offersShape.optional(),
  lifetimeValue: z.strictObject({
    /** What money loses a year; the value of later purchases is discounted by it. */
    yearlyDiscountRate: share().optional(),
  }).optional(),
});

/**
 * What the business says of itself: its currency, how things stood, and how it wants them. A field that is not
 * there is not known, and no report may claim it.
 */
export type Business = z.infer<typeof businessShape>;

/** A baseline and a target of {@linkcode Business}. */
export type Trouble = z.infer<typeof troubleShape>;

const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

/** What a field of the file may hold, by its last name; for errors. */
const EXPECTED: Record<string, string> = {
  currency: "a code of ISO 4217 in capitals, e.g. USD, EUR or GBP",
  baseline: "a share from 0 to 1, e.g. 0.15 for 15 %",
  target: "a share from 0 to 1, e.g. 0.1 for 10 %",
  clickThrough: "a share from 0 to 1, e.g. 0.02 for 2 %",
  yearlyCost: "an amount of money above 0, as a number",
  monthlyGoal: "an amount of money above 0, as a number",
  riskAbove: "a churn probability from 0 to 1, e.g. 0.7",
  yearlyDiscountRate: "a share from 0 to 1, e.g. 0.1 for 10 % a year",
  discount: "a share of the price from 0 to 1, e.g. 0.15 for 15 %",
  amount: "an amount of money above 0, as a number",
  margin: "a share of the price from 0 to 1, e.g. 0.45 for 45 %",
  saveRate: "a share from 0 to 1, e.g. 0.25 for 25 %",
  contactCost: "an amount of money of at least 0, as a number",
  name: "1 to 40 small letters, digits, _ and -, e.g. keep_15",
  validDays: "a whole number of days from 1 to 3650",
  outcomeDays: "a whole number of days from 1 to 3650",
  quietDays: "a whole number of days from 0 to 3650",
  budget: "an amount of money above 0, as a number",
  globalControl: "a share from 0 to 0.9, e.g. 0.02 for 2 %",
  list: "a list of offers",
};

/**
 * What the text of a business file says; documentation/how_to/describe_your_business.md describes it.
 *
 * @param path The file, for errors.
 * @throws {InputError} when it is not JSON, or has a field or value that it may not have.
 */
export function parseBusiness(text: string, path: string): Business {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InputError(`The business file ${path} is not JSON`, {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: 'It looks like { "currency": "EUR", "lapsed": { "baseline": 0.15, "target": 0.1 } }.',
      cause,
    });
  }
  const parsed = businessShape.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = (issue?.path ?? []).map(String);
  const value = place.reduce(
    (at: unknown, name) => (at as Record<string, unknown> | undefined)?.[name],
    json,
  );
  // Written here, for what one field alone cannot say.
  const rule = issue?.code === "custom" && issue.message !== "Invalid input" ? issue.message : undefined;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const where = [...place, ...unknown.slice(0, 1)].join(".");
  throw new InputError(`Invalid ${where || "content"} in the business file ${path}`, {
    expected: unknown.length > 0
      ? `no other fields than ${fieldsAt(place).join(", ")}`
      : rule ?? EXPECTED[place.at(-1) ?? ""] ?? `an object with the fields ${fieldsAt(place).join(", ")}`,
    found: unknown.length > 0 ? unknown.join(", ") : JSON.stringify(value) ?? "nothing",
    remedy: "Correct it, or leave it out: what is not in the file is not claimed.",
  });
}

/** The names of the fields at a place of the file. */
function fieldsAt(place: string[]): string[] {
  let shape: z.ZodType = businessShape;
  for (const name of ["", ...place]) {
    if (shape instanceof z.ZodArray) shape = shape.element as z.ZodType;
    else if (name !== "") shape = (shape as typeof businessShape).shape[name as keyof Business] as z.ZodType;
    if (shape instanceof z.ZodOptional) shape = shape.unwrap() as z.ZodType;
  }
  return shape instanceof z.ZodObject ? Object.keys(shape.shape) : [];
}

/** Money for people, without cents: `$1,234`, `−£20`; without a symbol where the currency is not known. */
export function formatMoney(amount: number, currency: string | undefined): string {
  const style = currency === undefined ? {} : { style: "currency", currency } as const;
  // Rounded first: nobody owes minus nothing.
  const rounded = Math.round(amount) + 0;
  return rounded.toLocaleString("en-US", { ...style, maximumFractionDigits: 0 }).replace("-", "−");
}

/** A number for people, with at most three decimals; of one that they would make 0, or nearly so, three digits: `0.0004`. */
export function formatNumber(value: number): string {
  const isSmall = value !== 0 && Math.abs(value) < 0.01;
  return value.toLocaleString(
    "en-US",
    isSmall ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 3 },
  );
}

/** The name of an amount with its currency, for axes and columns: `net sales (USD)`. */
export const moneyLabel = (name: string, currency: string | undefined): string =>
  currency === undefined ? name : `${name} (${currency})`;
