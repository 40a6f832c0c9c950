/** A PostgreSQL column as the contract with the shop gives it. */
export interface SourceColumn {
  name: string;
  /** Type in PostgreSQL, as `information_schema` names it, with length or precision. */
  type: string;
  /** Type in the lake (DuckDB SQL). */
  lakeType: string;
}

/** A source table: what the extractors copy and the schema contract checks. */
export interface SourceTable {
  name: string;
  /** Columns that identify a row; rows are extracted in this order so that equal data gives equal files. */
  key: string[];
  columns: SourceColumn[];
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

/** The five PostgreSQL tables of the shop, in the order they are created and loaded. */
export const SOURCE_TABLES: SourceTable[] = [
  {
    name: "customers",
    key: ["customer_id"],
    columns: [
      varchar("customer_id", 20),
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
    columns: [
      varchar("product_id", 20),
      varchar("product_name", 255),
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
    columns: [
      varchar("order_id", 20),
      varchar("customer_id", 20),
      varchar("product_id", 20),
      date("order_date"),
      decimal("order_amount", 10, 2),
      integer("quantity"),
      decimal("discount_amount", 10, 2),
      varchar("payment_method", 50),
    ],
  },
  {
    name: "events",
    key: ["event_id"],
    columns: [
      varchar("event_id", 20),
      varchar("customer_id", 20),
      varchar("session_id", 50),
      varchar("event_type", 50),
      timestamp("event_timestamp"),
      varchar("product_id", 20),
      text("page_url"),
      varchar("device_type", 20),
      varchar("browser", 50),
    ],
  },
  {
    name: "inventory",
    key: ["product_id", "warehouse_id", "date"],
    columns: [
      varchar("product_id", 20),
      varchar("warehouse_id", 50),
      date("date"),
      integer("stock_level"),
      integer("reorder_level"),
      timestamp("last_updated"),
    ],
  },
];

/** Fields of the MongoDB collection `support_tickets`, in the types the lake gives them. */
export const TICKET_FIELDS: { name: string; lakeType: string }[] = [
  { name: "ticket_id", lakeType: "VARCHAR" },
  { name: "customer_id", lakeType: "VARCHAR" },
  { name: "customer_segment", lakeType: "VARCHAR" },
  { name: "created_date", lakeType: "TIMESTAMP" },
  { name: "resolved_date", lakeType: "TIMESTAMP" },
  { name: "issue_type", lakeType: "VARCHAR" },
  { name: "issue_category", lakeType: "VARCHAR" },
  { name: "priority", lakeType: "VARCHAR" },
  { name: "status", lakeType: "VARCHAR" },
  { name: "resolution_hours", lakeType: "INTEGER" },
  { name: "satisfaction_score", lakeType: "INTEGER" },
  { name: "agent_id", lakeType: "VARCHAR" },
  { name: "description", lakeType: "VARCHAR" },
  { name: "order_id", lakeType: "VARCHAR" },
  { name: "product_id", lakeType: "VARCHAR" },
];
