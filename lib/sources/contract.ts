import { SourceError } from "shopflow/errors/mod.ts";

/** A PostgreSQL column as the contract with the shop gives it. */
interface SourceColumn {
  name: string;
  /** Type in PostgreSQL, as `information_schema` names it, with length or precision. */
  type: string;
  /** Type in the lake (DuckDB SQL). */
  lakeType: string;
  /** Whether a shop without this column cannot be read; what another one lacks is NULL in the lake. */
  isEssential?: boolean;
}

/**
 * How an extract finds what changed. `snapshot`: every row is read and compared. `watermark`: rows are read from
 * `lookbackDays` before the highest time seen, since rows may be committed late. Where the source can tell which rows
 * were written since the last extract, `snapshot` reads these alone, and `watermark` these too. Older rows that changed
 * nevertheless are found at once where they change the control totals of a month, and otherwise by the full refresh that
 * is due every `fullRefreshDays`.
 */
type Strategy =
  | { kind: "snapshot"; fullRefreshDays: number }
  | {
    kind: "watermark";
    /** Column with the time, DATE or TIMESTAMP; rows without any time are read every time. */
    column: string;
    /** Column with the time at which a row was corrected: rows are read whose time or correction is late enough. */
    correctedColumn?: string;
    lookbackDays: number;
    fullRefreshDays: number;
    /** When a row can no longer change; open rows are read again whatever their time. */
    closedWhen?: { column: string; value: string };
  };

/** Columns that control totals are counted and summed by. */
interface Measures {
  /** Date or time that tells a row's month; none where all rows are compared every time. */
  date?: string;
  /** Money, with at most two decimals. */
  amount?: string;
  /** Pieces, a whole number. */
  quantity?: string;
}

/** A table as it is extracted. */
export interface ExtractedTable {
  name: string;
  /** Columns that identify what is replaced as one: all rows of a key are new, changed or deleted together. */
  mergeKey: string[];
  /** Whether a merge key has several rows by nature, as an order its lines; of another one, a single row counts. */
  hasLines?: boolean;
  strategy: Strategy;
  measures: Measures;
  columns: {
    name: string;
    lakeType: string;
    /** Of a source without a schema: rows have a value in it, by the contract with the shop. */
    required?: boolean;
  }[];
}

/** A PostgreSQL table: what the extractors copy and the schema contract checks. */
export interface SourceTable extends ExtractedTable {
  /** Columns that identify a row. */
  key: string[];
  columns: SourceColumn[];
  /** Whether a shop may do without this table, which is empty then. */
  isOptional?: boolean;
}

const varchar = (name: string, length: number): SourceColumn => ({
  name,
  type: `character varying(${length})`,
  lakeType: "VARCHAR",
});
const decimal = (name: string, precision: number, scale: number): SourceColumn => ({
  name,
  type: `numeric(${precision},${scale})`,
  lakeType: `DECIMAL(${precision},${scale})`,
});
const text = (name: string): SourceColumn => ({ name, type: "text", lakeType: "VARCHAR" });
const integer = (name: string): SourceColumn => ({ name, type: "integer", lakeType: "INTEGER" });
const date = (name: string): SourceColumn => ({ name, type: "date", lakeType: "DATE" });
const timestamp = (name: string): SourceColumn => ({
  name,
  type: "timestamp without time zone",
  lakeType: "TIMESTAMP",
});

const snapshot: Strategy = { kind: "snapshot", fullRefreshDays: 7 };

const essential = (column: SourceColumn): SourceColumn => ({ ...column, isEssential: true });

const watermark = (column: string, lookbackDays: number) => ({
  kind: "watermark" as const,
  column,
  lookbackDays,
  fullRefreshDays: 7,
});

/** The five PostgreSQL tables of the shop, in the order they are created and loaded. */
export const SOURCE_TABLES: SourceTable[] = [
  {
    name: "customers",
    key: ["customer_id"],
    mergeKey: ["customer_id"],
    strategy: snapshot,
    measures: {},
    columns: [
      essential(varchar("customer_id", 20)),
      varchar("email", 255),
      varchar("first_name", 100),
      varchar("last_name", 100),
      varchar("city", 100),
      varchar("country", 50),
      date("signup_date"),
      varchar("customer_segment", 50),
      integer("total_orders"),
      decimal("total_spent", 10, 2),
    ],
  },
  {
    name: "products",
    key: ["product_id"],
    mergeKey: ["product_id"],
    strategy: snapshot,
    measures: {},
    columns: [
      essential(varchar("product_id", 20)),
      essential(varchar("product_name", 255)),
      varchar("category", 50),
      varchar("brand", 50),
      decimal("price", 10, 2),
      decimal("cost", 10, 2),
      decimal("margin_pct", 5, 2),
      varchar("stock_status", 20),
    ],
  },
  {
    name: "orders",
    key: ["order_id", "product_id"],
    // Lines have no key of their own, so all lines of a changed order are extracted.
    mergeKey: ["order_id"],
    hasLines: true,
    strategy: watermark("order_date", 7),
    measures: { date: "order_date", amount: "order_amount", quantity: "quantity" },
    columns: [
      essential(varchar("order_id", 20)),
      essential(varchar("customer_id", 20)),
      essential(varchar("product_id", 20)),
      essential(date("order_date")),
      essential(decimal("order_amount", 10, 2)),
      essential(integer("quantity")),
      decimal("discount_amount", 10, 2),
      varchar("payment_method", 50),
    ],
  },
  {
    name: "events",
    isOptional: true,
    key: ["event_id"],
    mergeKey: ["event_id"],
    strategy: watermark("event_timestamp", 3),
    measures: { date: "event_timestamp" },
    columns: [
      essential(varchar("event_id", 20)),
      essential(varchar("customer_id", 20)),
      varchar("session_id", 50),
      essential(varchar("event_type", 50)),
      essential(timestamp("event_timestamp")),
      varchar("product_id", 20),
      text("page_url"),
      varchar("device_type", 20),
      varchar("browser", 50),
    ],
  },
  {
    name: "inventory",
    isOptional: true,
    key: ["product_id", "warehouse_id", "date"],
    mergeKey: ["product_id", "warehouse_id", "date"],
    // A count may be corrected long after its day, and a shop may count without noting when.
    strategy: { ...watermark("date", 7), correctedColumn: "last_updated" },
    measures: { date: "date", quantity: "stock_level" },
    columns: [
      essential(varchar("product_id", 20)),
      essential(varchar("warehouse_id", 50)),
      essential(date("date")),
      essential(integer("stock_level")),
      integer("reorder_level"),
      timestamp("last_updated"),
    ],
  },
];

/**
 * The source table of a name.
 *
 * @throws {SourceError} when there is none.
 */
export function sourceTable(name: string): SourceTable {
  const table = SOURCE_TABLES.find((table) => table.name === name);
  if (table !== undefined) return table;
  throw new SourceError("Invalid source table", {
    expected: SOURCE_TABLES.map(({ name }) => name).join(", "),
    found: name,
  });
}

/** Fields of the MongoDB collection `support_tickets`, in the types the lake gives them. */
export const TICKET_FIELDS: ExtractedTable["columns"] = [
  { name: "ticket_id", lakeType: "VARCHAR", required: true },
  { name: "customer_id", lakeType: "VARCHAR", required: true },
  { name: "customer_segment", lakeType: "VARCHAR" },
  { name: "created_date", lakeType: "TIMESTAMP", required: true },
  { name: "resolved_date", lakeType: "TIMESTAMP" },
  { name: "issue_type", lakeType: "VARCHAR", required: true },
  { name: "issue_category", lakeType: "VARCHAR", required: true },
  { name: "priority", lakeType: "VARCHAR", required: true },
  { name: "status", lakeType: "VARCHAR", required: true },
  { name: "resolution_hours", lakeType: "INTEGER" },
  { name: "satisfaction_score", lakeType: "INTEGER" },
  { name: "agent_id", lakeType: "VARCHAR", required: true },
  { name: "description", lakeType: "VARCHAR", required: true },
  { name: "order_id", lakeType: "VARCHAR" },
  { name: "product_id", lakeType: "VARCHAR" },
];

/**
 * The tickets as they are extracted. `created_date` never changes, but tickets do until they are closed, and
 * now and then after: those not closed are read again every time, closed ones for 30 days and in every full
 * comparison.
 */
export const TICKET_TABLE: ExtractedTable = {
  name: "support_tickets",
  mergeKey: ["ticket_id"],
  strategy: {
    kind: "watermark",
    column: "created_date",
    lookbackDays: 30,
    fullRefreshDays: 7,
    closedWhen: { column: "status", value: "Closed" },
  },
  measures: { date: "created_date" },
  columns: TICKET_FIELDS,
};
