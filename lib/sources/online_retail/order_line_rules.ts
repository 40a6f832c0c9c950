import type { ImportRule } from "../import_report.ts";
import { centsAsDecimal } from "./exact_amount.ts";
import type { OrderLine } from "./order_line.ts";

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
  readonly #counts = RULES.map(() => ({ rows: 0, cents: 0 }));

  add(line: OrderLine): void {
    for (const [i, rule] of RULES.entries()) {
      if (!rule.applies(line)) continue;
      this.#counts[i]!.rows++;
      this.#counts[i]!.cents += line.amountCents;
    }
  }

  report(): ImportRule[] {
    return RULES.map(({ rule, action, description }, i) => ({
      sourceTable: "orders",
      rule,
      action,
      rows: this.#counts[i]!.rows,
      amount: centsAsDecimal(this.#counts[i]!.cents),
      description,
    }));
  }
}
