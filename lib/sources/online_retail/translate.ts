import { SourceError } from "shopflow/errors/mod.ts";
import { csvFields } from "../csv_copy.ts";
import type { ImportRule, LineCounts, RejectReason } from "../import_report.ts";
import type { TableCsv } from "../load_tables.ts";
import { CustomerList } from "./customer_list.ts";
import { centsAsDecimal } from "./exact_amount.ts";
import { type OrderLine, translateTransaction } from "./order_line.ts";
import { OrderLineRules } from "./order_line_rules.ts";
import { ProductCatalogue } from "./product_catalogue.ts";
import type { FileFormats } from "./survey.ts";
import type { TransactionLine, TransactionRecord } from "./transaction_file.ts";

/** Lines of the file that the source tables cannot hold. */
export interface RejectedLines {
  /** Number of the first line in the file. */
  line: number;
  /** Why, with what was found. */
  reason: string;
  /** The lines as they were. */
  text: string;
}

/** Lines that are encoded at once. */
const BATCH = 2000;

/**
 * Translates the Online Retail transactions into the source tables `orders`, `products` and `customers`, one
 * order line a transaction. What staging can judge (duplicates, returns, missing customers) is kept as it
 * is; only what the tables cannot hold is rejected.
 */
export class OnlineRetailTranslation {
  readonly #lines: AsyncIterable<TransactionLine[]>;
  readonly #formats: FileFormats;
  readonly #reject: (rejected: RejectedLines) => Promise<void>;
  readonly #catalogue = new ProductCatalogue();
  readonly #customers = new CustomerList();
  readonly #rules = new OrderLineRules();
  readonly #counts: LineCounts = { read: 0, kept: 0, rejected: 0, summed: 0, blank: 0, header: 0 };
  readonly #reasons = new Map<string, RejectReason>();
  /** Those of the batch at hand. */
  readonly #rejections: RejectedLines[] = [];

  /** @param reject receives every line that cannot be kept. */
  constructor(
    lines: AsyncIterable<TransactionLine[]>,
    formats: FileFormats,
    reject: (rejected: RejectedLines) => Promise<void>,
  ) {
    this.#lines = lines;
    this.#formats = formats;
    this.#reject = reject;
  }

  /** The tables, to be loaded in this order: products and customers are known when all orders have passed. */
  tables(): TableCsv[] {
    return [
      { table: "orders", csv: this.#orders() },
      { table: "products", csv: this.#products() },
      { table: "customers", csv: this.#customerRows() },
    ];
  }

  /** What was decided for how many rows, once the tables are loaded. */
  report(): ImportRule[] {
    const rejected: ImportRule = {
      sourceTable: "orders",
      rule: "rejected_line",
      action: "dropped",
      rows: this.#counts.rejected,
      amount: null,
      description: "Lines the tables cannot hold, see the rejects file",
    };
    return [...this.#rules.report(), rejected, ...this.#catalogue.report(), ...this.#customers.report()];
  }

  /** The account of the lines so far. */
  get counts(): LineCounts {
    return { ...this.#counts };
  }

  /** Why lines were rejected, the most frequent reason first. */
  get reasons(): RejectReason[] {
    return [...this.#reasons.values()].sort((a, b) => b.lines - a.lines);
  }

  async *#orders(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    let batch: string[] = [];
    for await (const lines of this.#lines) {
      for (const input of lines) {
        const line = this.#translated(input);
        if (line === undefined) continue;
        this.#catalogue.add(line);
        this.#customers.add(line);
        this.#rules.add(line);
        batch.push(orderCsv(line));
      }
      for (const rejected of this.#rejections.splice(0)) await this.#reject(rejected);
      if (batch.length < BATCH) continue;
      yield encoder.encode(batch.join(""));
      batch = [];
    }
    if (this.#counts.kept === 0) {
      throw new SourceError("The file has no line that can be imported", {
        expected: "transactions of the Online Retail data set",
        found: rejectedText(this.#counts.rejected, this.reasons),
        remedy: "Check the file; import_rejects_failed.csv in the home's folder shop has the lines.",
      });
    }
    yield encoder.encode(batch.join(""));
  }

  #translated(input: TransactionLine): OrderLine | undefined {
    if (input.kind === "blank" || input.kind === "header") {
      this.#counts.read++;
      this.#counts[input.kind]++;
      return undefined;
    }
    if (input.kind === "broken") return this.#rejected(input, 1, input.reason);
    const translation = translateTransaction(input.transaction, this.#formats);
    if ("orderLine" in translation) return this.#kept(input, translation.orderLine);
    return this.#rejected(input, input.lines, translation.reason, translation.found);
  }

  #kept({ lines }: TransactionRecord, orderLine: OrderLine): OrderLine {
    this.#counts.read += lines;
    this.#counts.kept++;
    this.#counts.summed += lines - 1;
    return orderLine;
  }

  #rejected(
    { line, text }: { line: number; text: string },
    lines: number,
    reason: string,
    found?: string,
  ): undefined {
    this.#counts.read += lines;
    this.#counts.rejected += lines;
    const counted = this.#reasons.get(reason) ?? { reason, lines: 0, firstLine: line };
    counted.lines += lines;
    this.#reasons.set(reason, counted);
    this.#rejections.push({ line, reason: found === undefined ? reason : `${reason}: ${found}`, text });
  }

  *#products(): Generator<Uint8Array> {
    // Categories of goods, brand, cost, margin and stock status are not in the transactions.
    const rows = this.#catalogue.products().map(({ productId, productName, category, price }) =>
      csvFields([productId, productName, category, null, price, null, null, null]) + "\n"
    );
    yield new TextEncoder().encode(rows.join(""));
  }

  *#customerRows(): Generator<Uint8Array> {
    // Neither are names and addresses; segment, total_orders and total_spent are for the warehouse to derive.
    const rows = this.#customers.customers().map(({ customerId, country, signupDate }) =>
      csvFields([customerId, null, null, null, null, country, signupDate, null, null, null]) + "\n"
    );
    yield new TextEncoder().encode(rows.join(""));
  }
}

/** `100 rejected lines, 90 of them: UnitPrice is empty, first in line 2`. */
function rejectedText(lines: number, [most]: RejectReason[]): string {
  const text = `${lines.toLocaleString("en-US")} rejected ${lines === 1 ? "line" : "lines"}`;
  if (most === undefined) return text;
  const share = most.lines === lines ? "" : `, ${most.lines.toLocaleString("en-US")} of them`;
  return `${text}${share}: ${most.reason}, first in line ${most.firstLine.toLocaleString("en-US")}`;
}

function orderCsv(line: OrderLine): string {
  return csvFields([
    line.orderId,
    line.customerId,
    line.productId,
    line.orderDate,
    centsAsDecimal(line.amountCents),
    String(line.quantity),
    "0.00",
    null,
  ]) + "\n";
}
