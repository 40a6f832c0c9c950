import type { TableFile } from "shopflow/lake/mod.ts";
import { fileSha256, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { type RawInputs, type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";

/** Days of a history: from the day `first` (0 is its first) up to and without `end`. */
export interface Days {
  /** Day 0, `YYYY-MM-DD`. */
  start: string;
  first: number;
  end: number;
}

/** Queries for the rows of each raw table. */
function rawSql({ start, first, end }: Days, eventsAYear: number): Record<string, string> {
  const customers = Math.ceil(eventsAYear / 20);
  const day = (n: string) => `(DATE '${start}' + CAST(${n} AS INTEGER))`;
  const numbers = (perDay: number) =>
    `range(${Math.round(first * perDay)}, ${Math.round(end * perDay)}) AS t(i)`;
  const [events, orders, tickets] = [eventsAYear / 365, eventsAYear / 365 / 4, eventsAYear / 365 / 40];
  const who = `format('CUST{:06d}', hash(i) % ${customers})`;
  const what = "format('PROD{:05d}', hash(i, 1) % 500)";
  return {
    customers:
      `SELECT format('CUST{:06d}', i) AS customer_id, format('c{}@example.com', i) AS email, 'Kim' AS first_name,
      'Doe' AS last_name, 'Leeds' AS city, 'UK' AS country, DATE '2020-01-01' AS signup_date,
      'Medium Value' AS customer_segment, ${end} AS total_orders, CAST(${end} AS DECIMAL(10,2)) AS total_spent
      FROM range(${customers}) AS t(i) ${first === 0 ? "" : "WHERE i % 365 = 0"}`,
    products:
      `SELECT format('PROD{:05d}', i) AS product_id, 'Thing' AS product_name, 'Toys' AS category, 'Acme' AS brand,
      CAST(10 AS DECIMAL(10,2)) AS price, CAST(6 AS DECIMAL(10,2)) AS cost, CAST(40 AS DECIMAL(5,2)) AS margin_pct,
      'In Stock' AS stock_status FROM range(${first === 0 ? 500 : 2}) AS t(i)`,
    orders: `SELECT format('ORD{:09d}', i) AS order_id, ${who} AS customer_id, ${what} AS product_id,
      ${day(`i / ${orders}`)} AS order_date, CAST(10 AS DECIMAL(10,2)) AS order_amount, 1 AS quantity,
      CAST(0 AS DECIMAL(10,2)) AS discount_amount, 'PayPal' AS payment_method FROM ${numbers(orders)}`,
    events:
      `SELECT format('EVT{:010d}', i) AS event_id, ${who} AS customer_id, format('S{}', i / 5) AS session_id,
      'page_view' AS event_type, ${day(`floor(i / ${events})`)} + to_seconds(i % 86400) AS event_timestamp,
      ${what} AS product_id, '/p' AS page_url, 'Mobile' AS device_type, 'Firefox' AS browser FROM ${
        numbers(events)
      }`,
    inventory: `SELECT format('PROD{:05d}', p) AS product_id, 'WH-US-EAST' AS warehouse_id, ${
      day("d")
    } AS date,
      CAST(hash(p, d) % 50 AS INTEGER) AS stock_level, 5 AS reorder_level, ${
      day("d")
    } + INTERVAL 20 HOUR AS last_updated
      FROM range(${first}, ${end}) AS d(d), range(500) AS p(p)`,
    support_tickets:
      `SELECT format('TKT{:08d}', i) AS ticket_id, ${who} AS customer_id, NULL::VARCHAR AS customer_segment,
      ${
        day(`i / ${tickets}`)
      }::TIMESTAMP AS created_date, NULL::TIMESTAMP AS resolved_date, 'Billing Issue' AS issue_type,
      'Toys' AS issue_category, 'Low' AS priority, 'Open' AS status, NULL::INTEGER AS resolution_hours,
      NULL::INTEGER AS satisfaction_score, 'A1' AS agent_id, format('Help {}', i) AS description,
      NULL::VARCHAR AS order_id, NULL::VARCHAR AS product_id FROM ${numbers(tickets)}`,
  };
}

/**
 * Adds raw rows of some days to a lake, made by SQL: no row passes through JavaScript.
 *
 * @returns the raw files of the lake, those of `before` and the new ones.
 */
export async function addDays(
  session: Session,
  store: ObjectStore,
  before: RawInputs,
  { run, extractedAt, days, eventsAYear, folder }: {
    run: string;
    extractedAt: string;
    days: Days;
    /** The other tables follow. */
    eventsAYear: number;
    /** For files under way. */
    folder: string;
  },
): Promise<RawInputs> {
  const after: RawInputs = {};
  for (const [table, sql] of Object.entries(rawSql(days, eventsAYear))) {
    const path = join(folder, "raw.parquet");
    const [{ Count: rows }] = await session.rows<{ Count: number }>(
      `COPY (SELECT *, TIMESTAMP ${sqlString(extractedAt)} AS _extracted_at, ${sqlString(run)} AS _run,
         false AS _deleted FROM (${sql})) TO ${sqlString(path)} (FORMAT parquet)`,
    ) as [{ Count: number }];
    const { size } = await Deno.stat(path);
    const key = `raw/${table}/${run}.parquet`;
    const file: TableFile = {
      key,
      rows,
      size,
      sha256: await fileSha256(path),
    };
    await store.moveIn(key, path);
    after[table] = [...before[table] ?? [], file];
  }
  return after;
}
