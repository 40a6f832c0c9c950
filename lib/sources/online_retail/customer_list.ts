import type { ImportRule } from "../import_report.ts";
import type { OrderLine } from "./order_line.ts";

/** A row of the source table `customers`, as far as transactions tell. */
export interface ListedCustomer {
  customerId: string;
  country: string | null;
  /** Date of the first invoice. */
  signupDate: string;
}

interface Seen {
  countries: Set<string>;
  latestCountry: string;
  latestDate: string;
  firstDate: string;
}

/** Gathers the customers that order lines name. */
export class CustomerList {
  readonly #customers = new Map<string, Seen>();

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
