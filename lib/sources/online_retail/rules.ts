import { readDate } from "../files/date_column.ts";
import { givenText, readDecimal } from "../files/columns.ts";
import { splitCurrency } from "../files/currency_column.ts";
import { COLUMNS, type FileFormats, type Transaction } from "./file.ts";
import type { ImportRule } from "../import_report.ts";

/** An amount of money in whole cents. */
interface ExactAmount {
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

/** A transaction in the words of the source table `orders`, with what products and customers need. */
export interface OrderLine {
  orderId: string;
  productId: string;
  /** Null where the file names no customer. */
  customerId: string | null;
  /** `YYYY-MM-DD`. */
  orderDate: string;
  quantity: number;
  amountCents: number;
  /** Whether unit price × quantity had fractions of a cent. */
  amountRounded: boolean;
  /** Unit price rounded to cents. */
  unitPriceCents: number;
  /** Empty where there is none. */
  description: string;
  country: string;
}

/** Either the order line, or why the source tables cannot hold the transaction and what was found. */
type Translation = { orderLine: OrderLine } | { reason: string; found?: string };

/** Lengths that the source tables allow. */
const LONGEST = { InvoiceNo: 20, StockCode: 20, CustomerID: 20, Country: 50 } as const;
/** An id that a spreadsheet took for a number and rounded, such as 5.36E+05: many ids became one. */
const ROUNDED_ID = /^\d([.,]\d+)?E\+\d+$/i;

/** Translates one transaction; every reason names the column. */
export function translateTransaction(transaction: Transaction, formats: FileFormats): Translation {
  const given = (column: keyof Transaction) => givenText(transaction[column]);
  for (const column of ["InvoiceNo", "StockCode", "InvoiceDate", "Quantity", "UnitPrice"] as const) {
    if (given(column) === "") return { reason: `${column} is empty` };
  }
  for (const column of COLUMNS.filter((column) => column !== "Description")) {
    // Left over from a quote that was lost or is one too many.
    if (/["\n]/.test(given(column))) {
      return { reason: `${column} holds a quote or line end`, found: given(column) };
    }
  }
  for (const [column, longest] of Object.entries(LONGEST)) {
    const { length } = given(column as keyof typeof LONGEST);
    if (length > longest) {
      return { reason: `${column} has more than ${longest} characters`, found: `${length}` };
    }
  }
  for (const column of ["InvoiceNo", "StockCode", "CustomerID"] as const) {
    if (ROUNDED_ID.test(given(column))) {
      return { reason: `${column} is a rounded number`, found: given(column) };
    }
  }
  const orderDate = readDate(given("InvoiceDate"), formats.dates);
  if (orderDate === undefined) {
    return {
      reason: `InvoiceDate is not a date written ${formats.dates.order}`,
      found: given("InvoiceDate"),
    };
  }
  const quantity = parseQuantity(given("Quantity"), formats);
  if (quantity === undefined) return { reason: "Quantity is not a whole number", found: given("Quantity") };
  const { number, currency = formats.currency } = splitCurrency(given("UnitPrice"));
  if (currency !== formats.currency) {
    return {
      reason: `UnitPrice is not in ${formats.currency}, as the others are`,
      found: given("UnitPrice"),
    };
  }
  const unitPrice = readDecimal(number, formats.decimals) ?? "";
  const price = exactAmount(unitPrice, 1);
  if (price === undefined) {
    return { reason: "UnitPrice is not an amount below 100 million", found: given("UnitPrice") };
  }
  const amount = exactAmount(unitPrice, quantity);
  if (amount === undefined) {
    return { reason: "UnitPrice × Quantity is not below 100 million", found: `${unitPrice} × ${quantity}` };
  }
  return {
    orderLine: {
      orderId: given("InvoiceNo"),
      productId: given("StockCode"),
      customerId: withoutFraction(given("CustomerID"), formats) || null,
      orderDate,
      quantity,
      amountCents: amount.cents,
      amountRounded: amount.rounded,
      unitPriceCents: price.cents,
      description: given("Description").replaceAll(/\s*\n\s*/g, " "),
      // Namibia's code, not a word for nothing.
      country: transaction.Country.trim() === "NA" ? "NA" : given("Country"),
    },
  };
}

/** An id that the file writes as a number, 17850.0 or 17850,0; where a point groups thousands, 17.000 is none of these. */
function withoutFraction(id: string, { decimals }: FileFormats): string {
  return id.replace(decimals === "point" ? /(?<=^\d+)\.0+$/ : /(?<=^\d+)(?:,0+|\.0)$/, "");
}

/** Programs that know no missing whole numbers write 6.0. */
function parseQuantity(text: string, { decimals }: FileFormats): number | undefined {
  const digits = readDecimal(text, decimals)?.replace(/\.0+$/, "") ?? "";
  const quantity = Number(digits);
  return /^-?\d+$/.test(digits) && Math.abs(quantity) < 2 ** 31 ? quantity : undefined;
}

/** Codes that are charges, not goods. */
const SERVICE_CODES = new Set([
  "AMAZONFEE",
  "B",
  "BANK CHARGES",
  "C2",
  "CRUK",
  "D",
  "DOT",
  "M",
  "POST",
  "S",
]);

/** Category that the import gives to what is not goods. */
export const SERVICE_CATEGORY = "Service charge";

/** Whether a product code stands for postage, a fee, a discount or another charge. */
export function isServiceCharge(productId: string): boolean {
  return SERVICE_CODES.has(productId.toUpperCase());
}

interface LineRule extends Pick<ImportRule, "rule" | "action" | "description"> {
  applies(line: OrderLine): boolean;
}

/** What the import decides for lines that are not plain sales; a line may fall under several. */
const RULES: LineRule[] = [
  {
    rule: "order_line",
    action: "kept",
    description:
      "Transaction lines, each an order line; exact duplicates are left for staging to drop and count",
    applies: () => true,
  },
  {
    rule: "cancelled_invoice",
    action: "kept",
    description: "Lines of cancelled invoices (InvoiceNo starts with C), with negative quantity and amount",
    applies: ({ orderId }) => orderId.startsWith("C"),
  },
  {
    rule: "stock_correction",
    action: "kept",
    description: "Negative quantity on an invoice that is not a cancellation: damaged, lost or found goods",
    applies: ({ orderId, quantity }) => quantity < 0 && !orderId.startsWith("C"),
  },
  {
    rule: "missing_customer",
    action: "kept",
    description: "Lines without CustomerID: customer_id is NULL",
    applies: ({ customerId }) => customerId === null,
  },
  {
    rule: "zero_price",
    action: "kept",
    description: "Lines with a unit price of 0 (below half a cent): gifts and stock corrections",
    applies: ({ unitPriceCents }) => unitPriceCents === 0,
  },
  {
    rule: "negative_price",
    action: "kept",
    description: "Lines with a negative unit price: adjustments of bad debt",
    applies: ({ unitPriceCents }) => unitPriceCents < 0,
  },
  {
    rule: "service_charge",
    action: "kept",
    description: `Charges, not goods: codes ${[...SERVICE_CODES].join(", ")} in any case`,
    applies: ({ productId }) => isServiceCharge(productId),
  },
  {
    rule: "rounded_amount",
    action: "repaired",
    description: "Unit price × quantity had fractions of a cent: half a cent is rounded away from zero",
    applies: ({ amountRounded }) => amountRounded,
  },
];

/** Counts what each rule met. */
export class OrderLineRules {
  readonly #counts = RULES.map((rule) => ({ rule, rows: 0, cents: 0 }));

  add(line: OrderLine): void {
    for (const count of this.#counts) {
      if (!count.rule.applies(line)) continue;
      count.rows++;
      count.cents += line.amountCents;
    }
  }

  report(): ImportRule[] {
    return this.#counts.map(({ rule: { rule, action, description }, rows, cents }) => ({
      sourceTable: "orders",
      rule,
      action,
      rows,
      amount: centsAsDecimal(cents),
      description,
    }));
  }
}
