import { exactAmount } from "./exact_amount.ts";
import type { Transaction } from "./transaction_file.ts";

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

/** Either the order line, or why the source tables cannot hold the transaction. */
export type Translation = { orderLine: OrderLine } | { reason: string };

/** Lengths that the source tables allow. */
const LONGEST = { InvoiceNo: 20, StockCode: 20, CustomerID: 20, Country: 50 } as const;

/** Translates one transaction; every reason names column and value. */
export function translateTransaction(transaction: Transaction): Translation {
  for (const column of ["InvoiceNo", "StockCode"] as const) {
    if (transaction[column].trim() === "") return { reason: `${column} is empty` };
  }
  for (const [column, longest] of Object.entries(LONGEST)) {
    const { length } = transaction[column as keyof typeof LONGEST].trim();
    if (length > longest) return { reason: `${column} has ${length} characters, more than ${longest}` };
  }
  const orderDate = parseDate(transaction.InvoiceDate.trim());
  if (orderDate === undefined) return { reason: `InvoiceDate is not a date: ${transaction.InvoiceDate}` };
  const quantity = parseQuantity(transaction.Quantity.trim());
  if (quantity === undefined) return { reason: `Quantity is not a whole number: ${transaction.Quantity}` };
  const unitPrice = transaction.UnitPrice.trim();
  const price = exactAmount(unitPrice, 1);
  if (price === undefined) return { reason: `UnitPrice is not an amount below 100 million: ${unitPrice}` };
  const amount = exactAmount(unitPrice, quantity);
  if (amount === undefined) {
    return { reason: `UnitPrice × Quantity is not below 100 million: ${unitPrice} × ${quantity}` };
  }
  return {
    orderLine: {
      orderId: transaction.InvoiceNo.trim(),
      productId: transaction.StockCode.trim(),
      // The file writes the number as 17850.0.
      customerId: transaction.CustomerID.trim().replace(/(?<=^\d+)\.0+$/, "") || null,
      orderDate,
      quantity,
      amountCents: amount.cents,
      amountRounded: amount.rounded,
      unitPriceCents: price.cents,
      description: transaction.Description.trim(),
      country: transaction.Country.trim(),
    },
  };
}

/** `2010-12-01 08:26:00`, or as other copies of the data set write it, `12/1/2010 8:26`. */
function parseDate(text: string): string | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2})?)?$/.exec(text);
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: \d{1,2}:\d{2})?$/.exec(text);
  const [year, month, day] = iso?.slice(1) ?? (american ? [american[3], american[1], american[2]] : []);
  if (!year || !month || !day) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const real = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return real ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : undefined;
}

function parseQuantity(text: string): number | undefined {
  const quantity = Number(text);
  return /^-?\d+$/.test(text) && Math.abs(quantity) < 2 ** 31 ? quantity : undefined;
}
