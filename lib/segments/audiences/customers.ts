import { InputError } from "shopflow/errors/mod.ts";
import { dayAfterLastSale } from "shopflow/ml/mod.ts";
import { type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { nextMonth } from "../migration.ts";
import { type RfmRow, rfmSql } from "../rfm.ts";
import { type CustomerSelection, monthAfter, selectionSql } from "../selection.ts";

/** A customer of a list: what one needs to know to decide, and no name or address. */
export interface ListedCustomer extends Omit<RfmRow, "as_of"> {
  country: string | null;
}

/** A part of a list. */
export interface CustomerList {
  /** The day that counts. */
  asOf: string;
  /** Customers of the selection, without those whom the shop has deleted since. */
  total: number;
  /** Customers of the selection whom the shop has deleted since: they are not listed and join no audience. */
  deleted: number;
  /** Of the total, those who match the search. */
  found: number;
  customers: ListedCustomer[];
}

interface ListOptions {
  /** Customers whom the shop deleted later than the data of the session; see {@linkcode deletedCustomers}. */
  deletedSince?: readonly string[];
  /** Part of the id or of the country, in any case. */
  search?: string;
  skip?: number;
  /** Default: all. */
  limit?: number;
}

/** The tables that lists of customers are computed from. */
export const LIST_TABLES = ["dim_customers", "dim_products", "fact_orders", "fact_events"];

/** Ids of the customers whom the shop has deleted, as far as the data of the session knows. */
export async function deletedCustomers(session: Pick<Session, "rows">): Promise<string[]> {
  const rows = await session.rows<{ customer_id: string }>(
    "SELECT customer_id FROM dim_customers WHERE is_current AND is_deleted",
  );
  return rows.map(({ customer_id }) => customer_id);
}

/**
 * The day that a selection is as of.
 *
 * @throws {InputError} when it asks for what the data does not tell yet: nobody has failed to order in a month to come.
 */
async function selectionDay(
  session: Pick<Session, "rows">,
  { as_of, cohort, age, month }: CustomerSelection,
): Promise<string> {
  const known = await dayAfterLastSale(session);
  const day = as_of ?? known;
  const refuse = (condition: string, expected: string, found: string): never => {
    throw new InputError(`The condition “${condition}” of customers is about days that are not known yet`, {
      expected,
      found,
      remedy: "Choose an earlier one, or extract newer data.",
    });
  };
  if (month !== undefined && nextMonth(`${month}-01`) > known) {
    refuse("month", `a month that is over before ${known}, the day after the last sale`, month);
  }
  const end = day < known ? day : known;
  if (cohort !== undefined && age !== undefined && `${monthAfter(cohort, age)}-01` >= end) {
    refuse(
      "age",
      `a month that begins before ${end}`,
      `${age} months after ${cohort}: ${monthAfter(cohort, age)}`,
    );
  }
  return day;
}

/**
 * The customers of a selection, those with most sales first.
 *
 * @param session A session with the curated tables.
 * @throws {InputError} when the selection is about days that are not known yet.
 */
export async function readCustomers(
  session: Pick<Session, "run" | "rows">,
  selection: CustomerSelection,
  { search = "", skip = 0, limit, deletedSince = [] }: ListOptions = {},
): Promise<CustomerList> {
  const asOf = await selectionDay(session, selection);
  const pattern = sqlString(`%${search.replace(/[\\%_]/g, "\\$&")}%`);
  const matches = search === ""
    ? "true"
    : `(customer_id ILIKE ${pattern} ESCAPE '\\' OR country ILIKE ${pattern} ESCAPE '\\')`;
  await session.run(`CREATE OR REPLACE TEMP TABLE listed AS
SELECT states.*, people.country,
       coalesce(people.is_deleted, false) OR list_contains(CAST([${
    deletedSince.map(sqlString).join(", ")
  }] AS VARCHAR[]), customer_id) AS is_deleted
FROM (${rfmSql([asOf])}) AS states
SEMI JOIN (${selectionSql(selection, asOf)}) AS chosen USING (customer_id)
LEFT JOIN (SELECT customer_id, country, is_deleted FROM dim_customers WHERE is_current) AS people USING (customer_id)`);
  const [counts] = await session.rows<Pick<CustomerList, "total" | "deleted" | "found">>(
    `SELECT count(*) FILTER (NOT is_deleted) AS total, count(*) FILTER (is_deleted) AS deleted,
            count(*) FILTER (NOT is_deleted AND ${matches}) AS found FROM listed`,
  );
  const customers = await session.rows<ListedCustomer>(
    `SELECT customer_id, country, segment, recency_days, orders, net_sales, r, f, m FROM listed
     WHERE NOT is_deleted AND ${matches} ORDER BY net_sales DESC, customer_id
     ${limit === undefined ? "" : `LIMIT ${Math.trunc(limit)} OFFSET ${Math.trunc(skip)}`}`,
  );
  await session.run("DROP TABLE listed");
  return { asOf, ...counts!, customers };
}
