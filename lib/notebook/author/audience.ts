/** Audiences in cells: named lists of customers, saved in the lake, where the server, commands and offers find them. */
import type { ColumnTable } from "arquero";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/store/mod.ts";
import { dayAfterLastSale } from "shopflow/ml/mod.ts";
import {
  type Audience,
  type AudienceWithMembers,
  listAudiences,
  loadAudience,
  readCustomers,
  saveAudience,
} from "shopflow/segments/audiences/mod.ts";
import { type CustomerSelection, parseSelection, selectionText } from "shopflow/segments/mod.ts";
import { ROOT, theShop } from "./shop.ts";

/** How an audience is saved. */
interface SaveOptions {
  /** Who they are, in words; needed for ids, of which nothing else says it. */
  because?: string;
  /** Where the name is taken, save as its next version. */
  newVersion?: boolean;
  /** Who saves it, for the record. Default: notebook. */
  by?: string;
}

/** The lake for writing: the shop of a notebook is for reading only. */
const store = (): ObjectStore => openStore(loadConfig(Deno.env.toObject(), ROOT));

export const audience = {
  /**
   * Saves customers under a name: those who meet conditions, or given ones.
   *
   * @param customers Conditions such as `{ segment: "at-risk", m: 5 }`, ids, or a table with a column `customer_id`.
   * @throws {InputError} when the name is invalid or taken, a condition makes no sense, or there is no customer.
   *
   * @example
   * ```ts
   * await audience.save("win-back", { segment: "at-risk", m: 5 });
   * await audience.save("big-carts", await sql`SELECT customer_id FROM …`, { because: "carts above 500" });
   * ```
   */
  async save(
    name: string,
    customers: CustomerSelection | readonly string[] | ColumnTable,
    { because = "", newVersion = false, by = "notebook" }: SaveOptions = {},
  ): Promise<Audience> {
    const { session, snapshot } = await theShop();
    const shared = { name, snapshot, savedAt: new Date().toISOString(), savedBy: by };
    const members = idsOf(customers);
    if (members !== undefined) {
      if (because.trim() === "") {
        throw new InputError("A list of ids needs words that say who they are", {
          expected: 'because, e.g. { because: "carts above 500" }',
          found: "none",
        });
      }
      const asOf = await dayAfterLastSale(session);
      return await saveAudience(store(), { ...shared, description: because.trim(), asOf, members }, {
        newVersion,
      });
    }
    const selection = parseSelection(customers as CustomerSelection);
    const list = await readCustomers(session, selection);
    return await saveAudience(store(), {
      ...shared,
      description: because.trim() || selectionText(selection),
      conditions: { ...selection, as_of: list.asOf },
      asOf: list.asOf,
      members: list.customers.map(({ customer_id }) => customer_id),
    }, { newVersion });
  },

  /**
   * An audience with the ids of its customers.
   *
   * @param reference Its name, or `NAME@VERSION`.
   * @throws {InputError} when there is none.
   */
  load: (reference: string): Promise<AudienceWithMembers> => loadAudience(store(), reference),

  /** The audiences by name, the latest version of each. */
  list: (): Promise<Audience[]> => listAudiences(store()),
};

/** The ids that are given; undefined for conditions. */
function idsOf(
  customers: CustomerSelection | readonly string[] | ColumnTable,
): readonly string[] | undefined {
  if (Array.isArray(customers)) return customers as readonly string[];
  if (!("columnNames" in customers)) return undefined;
  const table = customers as ColumnTable;
  if (table.columnNames().includes("customer_id")) return table.array("customer_id") as string[];
  throw new InputError("The table names no customers", {
    expected: "a column customer_id",
    found: table.columnNames().join(", "),
  });
}
