import { readDate } from "../files/date_column.ts";
import { readDecimal } from "../files/decimal_column.ts";
import { givenText } from "../files/missing_words.ts";
import { exactAmount } from "./exact_amount.ts";
import type { FileFormats } from "./survey.ts";
import { COLUMNS, type Transaction } from "./transaction_file.ts";

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
export type Translation = { orderLine: OrderLine } | { reason: string; found?: string };

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
  const unitPrice = readDecimal(given("UnitPrice"), formats.decimals) ?? "";
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
