import { dayAfterLastSale } from "shopflow/ml/mod.ts";
import { type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { rfmSql } from "../rfm.ts";
import { type CustomerSelection, selectionSql } from "../selection.ts";
import type { SegmentId } from "../personas.ts";

/** A customer of a list: what one needs to know to decide, and no name or address. */
export interface ListedCustomer {
  customer_id: string;
  country: string | null;
  segment: SegmentId;
  recency_days: number | null;
  orders: number;
  net_sales: number;
  r: number | null;
  f: number | null;
  m: number | null;
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
  /** Part of the id or of the country, in any case. */
  search?: string;
  skip?: number;
  /** Default: all. */
  limit?: number;
}

/** The tables that lists of customers are computed from. */
export const LIST_TABLES = ["dim_customers", "dim_products", "fact_orders", "fact_events"];

/** The day that a selection is as of. */
export async function selectionDay(
  session: Pick<Session, "rows">,
  { as_of }: CustomerSelection,
): Promise<string> {
  return as_of ?? await dayAfterLastSale(session);
}

/**
 * The customers of a selection, those with most sales first.
 *
 * @param session A session with the curated tables.
 */
export async function readCustomers(
  session: Pick<Session, "run" | "rows">,
  selection: CustomerSelection,
  { search = "", skip = 0, limit }: ListOptions = {},
): Promise<CustomerList> {
  const asOf = await selectionDay(session, selection);
  const pattern = sqlString(`%${search.replace(/[\\%_]/g, "\\$&")}%`);
  const matches = search === ""
    ? "true"
    : `(customer_id ILIKE ${pattern} ESCAPE '\\' OR country ILIKE ${pattern} ESCAPE '\\')`;
  await session.run(`CREATE OR REPLACE TEMP TABLE listed AS
SELECT states.*, people.country, coalesce(people.is_deleted, false) AS is_deleted
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
