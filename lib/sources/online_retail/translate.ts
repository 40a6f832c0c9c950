import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { firstPlace, type ImportRule, type LineCounts, type RejectReason } from "../import_report.ts";
import {
  centsAsDecimal,
  isServiceCharge,
  type OrderLine,
  OrderLineRules,
  SERVICE_CATEGORY,
  translateTransaction,
} from "./rules.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { csvFields } from "../csv.ts";
import type { TableCsv } from "../postgres/load.ts";
import type { FileFormats, TransactionLine, TransactionRecord } from "./file.ts";

/** A row of the source table `customers`, as far as transactions tell. */
interface ListedCustomer {
  customerId: string;
  country: string | null;
  /** Date of the first invoice. */
  signupDate: string;
}

interface SeenCustomer {
  countries: Set<string>;
  latestCountry: string;
  latestDate: string;
  firstDate: string;
}

/** Gathers the customers that order lines name. */
class CustomerList {
  readonly #customers = new Map<string, SeenCustomer>();

  add({ customerId, country, orderDate }: OrderLine): void {
    if (customerId === null) return;
    const seen = this.#customers.get(customerId);
    if (!seen) {
      this.#customers.set(customerId, {
        countries: new Set([country]),
        latestCountry: country,
        latestDate: orderDate,
        firstDate: orderDate,
      });
      return;
    }
    seen.countries.add(country);
    if (orderDate < seen.firstDate) seen.firstDate = orderDate;
    if (orderDate < seen.latestDate) return;
    seen.latestDate = orderDate;
    seen.latestCountry = country;
  }

  /** Every customer by id, in the country of the latest line. */
  customers(): ListedCustomer[] {
    return [...this.#customers].sort(([a], [b]) => a < b ? -1 : 1).map(([customerId, seen]) => ({
      customerId,
      country: seen.latestCountry || null,
      signupDate: seen.firstDate,
    }));
  }

  /** What was decided for how many customers. */
  report(): ImportRule[] {
    return [{
      sourceTable: "customers",
      rule: "several_countries",
      action: "repaired",
      rows: [...this.#customers.values()].filter(({ countries }) => countries.size > 1).length,
      amount: null,
      description: "Customers with lines in several countries: the country of the latest line",
    }];
  }
}

const LONGEST_NAME = 255;

/** A row of the source table `products`; null where the transactions do not say. */
interface CataloguedProduct {
  productId: string;
  productName: string | null;
  /** Known of service charges only. */
  category: string | null;
  price: string | null;
}

interface SeenProduct {
  descriptions: Map<string, number>;
  prices: Map<number, number>;
}

/** Gathers the products that order lines name: what they are called and cost most often. */
class ProductCatalogue {
  readonly #products = new Map<string, SeenProduct>();

  add({ productId, description, unitPriceCents }: OrderLine): void {
    let seen = this.#products.get(productId);
    if (!seen) this.#products.set(productId, seen = { descriptions: new Map(), prices: new Map() });
    if (description !== "") increment(seen.descriptions, description);
    if (unitPriceCents > 0) increment(seen.prices, unitPriceCents);
  }

  /** Every product by id; the most frequent description and positive price, the first seen of equal ones. */
  products(): CataloguedProduct[] {
    return [...this.#products].sort(([a], [b]) => a < b ? -1 : 1).map(([productId, seen]) => {
      const name = mostFrequent(seen.descriptions);
      const price = mostFrequent(seen.prices);
      return {
        productId,
        productName: name?.slice(0, LONGEST_NAME) ?? null,
        category: isServiceCharge(productId) ? SERVICE_CATEGORY : null,
        price: price === undefined ? null : centsAsDecimal(price),
      };
    });
  }

  /** What was decided for how many products. */
  report(): ImportRule[] {
    const products = this.products();
    const distinct = new Set(products.map(({ productId }) => productId.toUpperCase())).size;
    const cut =
      [...this.#products.values()].filter(({ descriptions }) =>
        (mostFrequent(descriptions)?.length ?? 0) > LONGEST_NAME
      ).length;
    return [
      {
        rule: "missing_name",
        action: "kept",
        rows: products.filter(({ productName }) => productName === null).length,
        description: "Codes without any description: product_name is NULL",
      },
      {
        rule: "missing_price",
        action: "kept",
        rows: products.filter(({ price }) => price === null).length,
        description: "Codes never sold at a positive price: price is NULL",
      },
      {
        rule: "code_differs_in_case",
        action: "kept",
        rows: products.length - distinct,
        description: "Codes that equal another but for upper and lower case: products of their own",
      },
      {
        rule: "name_cut",
        action: "repaired",
        rows: cut,
        description: `Descriptions cut to ${LONGEST_NAME} characters`,
      },
    ].map((rule) => ({ sourceTable: "products", amount: null, ...rule } as ImportRule));
  }
}

function increment<T>(counts: Map<T, number>, value: T): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function mostFrequent<T>(counts: Map<T, number>): T | undefined {
  let best: [T, number] | undefined;
  for (const entry of counts) if (best === undefined || entry[1] > best[1]) best = entry;
  return best?.[0];
}

/** Lines of the file that the source tables cannot hold. */
export interface RejectedLines {
  /** Name of the file. */
  file: string;
  /** Number of the first line in the file. */
  line: number;
  /** Why, with what was found. */
  reason: string;
  /** The lines as they were. */
  text: string;
}

/** Transactions of a file, as far as they are read. */
export interface TranslatedFile {
  /** For messages. */
  name: string;
  formats: FileFormats;
  lines: AsyncIterable<TransactionLine[]>;
}

/** Lines that are encoded at once. */
const BATCH = 2000;

/**
 * Translates the Online Retail transactions into the source tables `orders`, `products` and `customers`, one
 * order line a transaction. What staging can judge (duplicates, returns, missing customers) is kept as it
 * is; only what the tables cannot hold is rejected.
 */
export class OnlineRetailTranslation {
  readonly #files: readonly TranslatedFile[];
  readonly #reject: (rejected: RejectedLines) => Promise<void>;
  readonly #catalogue = new ProductCatalogue();
  readonly #customers = new CustomerList();
  readonly #rules = new OrderLineRules();
  readonly #counts: LineCounts = { read: 0, kept: 0, rejected: 0, summed: 0, blank: 0, header: 0 };
  readonly #reasons = new Map<string, RejectReason>();
  /** Those of the batch at hand. */
  readonly #rejections: RejectedLines[] = [];

  /** @param reject receives every line that cannot be kept. */
  constructor(files: readonly TranslatedFile[], reject: (rejected: RejectedLines) => Promise<void>) {
    this.#files = files;
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
    for (const file of this.#files) {
      for await (const lines of file.lines) {
        for (const input of lines) {
          const line = this.#translated(input, file);
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
    }
    if (this.#counts.kept === 0) {
      const isOfSeveralFiles = this.#files.length > 1;
      throw new SourceError(
        `The ${isOfSeveralFiles ? "files have" : "file has"} no line that can be imported`,
        {
          expected: "transactions of the Online Retail data set",
          found: rejectedText(this.#counts.rejected, this.reasons, isOfSeveralFiles),
          remedy: "Check what was given; import_rejects_failed.csv in the home's folder shop has the lines.",
        },
      );
    }
    yield encoder.encode(batch.join(""));
  }

  #translated(input: TransactionLine, { name, formats }: TranslatedFile): OrderLine | undefined {
    if (input.kind === "blank" || input.kind === "header") {
      this.#counts.read++;
      this.#counts[input.kind]++;
      return undefined;
    }
    if (input.kind === "broken") return this.#rejected({ ...input, file: name }, 1);
    const translation = translateTransaction(input.transaction, formats);
    if ("orderLine" in translation) return this.#kept(input, translation.orderLine);
    const { reason, found } = translation;
    return this.#rejected({ file: name, line: input.line, text: input.text, reason }, input.lines, found);
  }

  #kept({ lines }: TransactionRecord, orderLine: OrderLine): OrderLine {
    this.#counts.read += lines;
    this.#counts.kept++;
    this.#counts.summed += lines - 1;
    return orderLine;
  }

  #rejected({ file, line, reason, text }: RejectedLines, lines: number, found?: string): undefined {
    this.#counts.read += lines;
    this.#counts.rejected += lines;
    const counted = this.#reasons.get(reason) ?? { reason, lines: 0, firstLine: line, file };
    counted.lines += lines;
    this.#reasons.set(reason, counted);
    this.#rejections.push({ file, line, reason: found === undefined ? reason : `${reason}: ${found}`, text });
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
function rejectedText(lines: number, [most]: RejectReason[], isOfSeveralFiles: boolean): string {
  const text = countOf(lines, "rejected line");
  if (most === undefined) return text;
  const share = most.lines === lines ? "" : `, ${formatCount(most.lines)} of them`;
  return `${text}${share}: ${most.reason}, first in ${firstPlace(most, isOfSeveralFiles)}`;
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
