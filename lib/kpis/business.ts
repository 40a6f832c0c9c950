import { InputError } from "shopflow/errors/mod.ts";
import { z } from "zod";

/** A figure that the business wants to bring down, as shares from 0 to 1. */
const troubleShape = z.strictObject({
  /** What it was when the business began to work on it. */
  baseline: z.number().min(0).max(1).optional(),
  /** What the business wants it to be. */
  target: z.number().min(0).max(1).optional(),
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
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys : [];
  const where = [...place, ...unknown.slice(0, 1)].join(".");
  throw new InputError(`Invalid ${where || "content"} in the business file ${path}`, {
    expected: unknown.length > 0
      ? `no other fields than ${fieldsAt(place).join(", ")}`
      : EXPECTED[place.at(-1) ?? ""] ?? `an object with the fields ${fieldsAt(place).join(", ")}`,
    found: unknown.length > 0 ? unknown.join(", ") : JSON.stringify(value) ?? "nothing",
    remedy: "Correct it, or leave it out: what is not in the file is not claimed.",
  });
}

/** The names of the fields at a place of the file. */
function fieldsAt(place: string[]): string[] {
  let shape: z.ZodType = businessShape;
  for (const name of ["", ...place]) {
    if (name !== "") shape = (shape as typeof businessShape).shape[name as keyof Business] as z.ZodType;
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
