import { SourceError } from "shopflow/errors/mod.ts";
import { csvFields } from "../csv_copy.ts";
import type { ImportRule } from "../import_report.ts";
import type { TableCsv } from "../load_tables.ts";
import { CustomerList } from "./customer_list.ts";
import { centsAsDecimal } from "./exact_amount.ts";
import { type OrderLine, translateTransaction } from "./order_line.ts";
import { OrderLineRules } from "./order_line_rules.ts";
import { ProductCatalogue } from "./product_catalogue.ts";
import type { TransactionLine } from "./transaction_file.ts";

/** A line of the file that the source tables cannot hold. */
export interface RejectedLine {
  /** Line number in the file. */
  line: number;
  reason: string;
  /** The line as it was. */
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
  readonly #lines: AsyncIterable<TransactionLine>;
  readonly #reject: (rejected: RejectedLine) => Promise<void>;
  readonly #catalogue = new ProductCatalogue();
  readonly #customers = new CustomerList();
  readonly #rules = new OrderLineRules();
  #rejected = 0;

  /** @param reject is told of every line that cannot be kept. */
  constructor(lines: AsyncIterable<TransactionLine>, reject: (rejected: RejectedLine) => Promise<void>) {
    this.#lines = lines;
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
      rows: this.#rejected,
      amount: null,
      description: "Lines the tables cannot hold, see the rejects file",
    };
    return [...this.#rules.report(), rejected, ...this.#catalogue.report(), ...this.#customers.report()];
  }

  async *#orders(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    let batch: string[] = [];
    let kept = 0;
    for await (const input of this.#lines) {
      const line = await this.#translated(input);
      if (line === undefined) continue;
      this.#catalogue.add(line);
      this.#customers.add(line);
      this.#rules.add(line);
      batch.push(orderCsv(line));
      if (++kept % BATCH > 0) continue;
      yield encoder.encode(batch.join(""));
      batch = [];
    }
    if (kept === 0) {
      throw new SourceError("The file has no line that can be imported", {
        expected: "transactions of the Online Retail data set",
        found: `${this.#rejected} rejected lines`,
        remedy: "See the rejects file for the reasons.",
      });
    }
    yield encoder.encode(batch.join(""));
  }

  async #translated(input: TransactionLine): Promise<OrderLine | undefined> {
    if ("reason" in input) return await this.#rejectLine(input);
    const translation = translateTransaction(input.transaction);
    if ("orderLine" in translation) return translation.orderLine;
    const text = csvFields(Object.values(input.transaction));
    return await this.#rejectLine({ line: input.line, reason: translation.reason, text });
  }

  async #rejectLine(rejected: RejectedLine): Promise<undefined> {
    this.#rejected++;
    await this.#reject(rejected);
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
