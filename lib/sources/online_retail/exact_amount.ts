/** An amount of money in whole cents. */
export interface ExactAmount {
  cents: number;
  /** Whether fractions of a cent were rounded away. */
  rounded: boolean;
}

/** Greatest magnitude of a `numeric(10,2)`. */
const LIMIT = 10n ** 10n;

/**
 * Unit price × quantity in cents, computed without floating point; half a cent is rounded away from zero.
 * Undefined when `unitPrice` is not a decimal number or the amount does not fit `numeric(10,2)`.
 */
export function exactAmount(unitPrice: string, quantity: number): ExactAmount | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d{0,40}))?$/.exec(unitPrice);
  if (!parts) return undefined;
  const [, sign, whole = "", fraction = ""] = parts;
  const scale = 10n ** BigInt(fraction.length);
  const price = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const numerator = price * BigInt(quantity) * 100n;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const cents = (2n * magnitude + scale) / (2n * scale);
  if (cents >= LIMIT) return undefined;
  return { cents: Number(numerator < 0n ? -cents : cents), rounded: magnitude % scale !== 0n };
}

/** Cents as a decimal number, e.g. `-10.50`. */
export function centsAsDecimal(cents: number): string {
  const digits = Math.abs(cents).toString().padStart(3, "0");
  return `${cents < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
