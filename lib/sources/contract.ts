// @ts-types="@types/pg"
import type pg from "pg";
import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";

/** A PostgreSQL column as the contract with the shop gives it. */
interface SourceColumn {
  name: string;
  /** Type in PostgreSQL, as `information_schema` names it, with length or precision. */
  type: string;
  /** Type in the lake (DuckDB SQL). */
  lakeType: string;
}

/**
 * How an extract finds what changed. `snapshot`: every row is read and compared. `watermark`: rows are read from
 * `lookbackDays` before the highest time seen, since rows may be committed late. Older rows that changed nevertheless
 * are found at once where they change the control totals of a month, and otherwise by the full refresh that is due
 * every `fullRefreshDays`.
 */
type Strategy =
  | { kind: "snapshot" }
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
    strategy: { kind: "snapshot" },
    measures: {},
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
    mergeKey: ["product_id"],
    strategy: { kind: "snapshot" },
    measures: {},
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
    // Lines have no key of their own, so all lines of a changed order are extracted.
    mergeKey: ["order_id"],
    strategy: watermark("order_date", 7),
    measures: { date: "order_date", amount: "order_amount", quantity: "quantity" },
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
    mergeKey: ["event_id"],
    strategy: watermark("event_timestamp", 3),
    measures: { date: "event_timestamp" },
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
    mergeKey: ["product_id", "warehouse_id", "date"],
    // A count may be corrected long after its day, and a shop may count without noting when.
    strategy: { ...watermark("date", 7), correctedColumn: "last_updated" },
    measures: { date: "date", quantity: "stock_level" },
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

/** Type by column name. */
type FoundColumns = Map<string, string>;

/** How the shop's tables compare with what was agreed. */
interface SchemaReport {
  /** Columns that the contract does not know, as `table.column`. */
  unread: string[];
  /** By table that cannot be read. */
  contractViolations: Map<string, SchemaContractError>;
}

/**
 * Compares the five source tables with `SOURCE_TABLES`. A column may be narrower than agreed (`varchar(10)`
 * for `varchar(20)`) and text of any length, since every value then fits the lake's type.
 *
 * @throws {SchemaContractError} with everything that is wrong, when no table is as agreed.
 */
export async function checkSchemaContract(client: pg.Client): Promise<SchemaReport> {
  const found = await readColumns(client);
  const wrong = SOURCE_TABLES.map((table) => ({
    name: table.name,
    violations: violations(table, found.get(table.name)),
  })).filter(({ violations }) => violations.length > 0);
  if (wrong.length === SOURCE_TABLES.length) {
    throw contractError(
      "The shop's tables do not match their contract",
      wrong.flatMap(({ violations }) => violations),
    );
  }
  const contractViolations = new Map(wrong.map(({ name, violations }) => [
    name,
    contractError(`The shop's table ${name} does not match its contract`, violations),
  ]));
  const unread = SOURCE_TABLES.flatMap(({ name, columns }) => {
    const known = new Set(columns.map((column) => column.name));
    return [...(found.get(name)?.keys() ?? [])].filter((column) => !known.has(column))
      .map((column) => `${name}.${column}`);
  });
  return { unread, contractViolations };
}

function contractError(problem: string, wrong: Violation[]): SchemaContractError {
  return new SchemaContractError(problem, {
    expected: wrong.map(({ expected }) => expected).join("; "),
    found: wrong.map(({ found }) => found).join("; "),
    remedy: "Correct the tables, grant the user SELECT on them if they are there, or set " +
      "SHOPFLOW_POSTGRES_URL to the shop's database.",
  });
}

interface Violation {
  expected: string;
  found: string;
}

function violations(
  { name, columns }: SourceTable,
  found: FoundColumns | undefined,
): Violation[] {
  if (found === undefined) return [{ expected: `table ${name}`, found: `no table ${name}` }];
  return columns.flatMap((column) => {
    const type = found.get(column.name);
    if (type !== undefined && typeFits(type, column.type)) return [];
    const label = `${name}.${column.name}`;
    return [{
      expected: `${label} ${column.type}`,
      found: type === undefined ? `no column ${label}` : `${label} ${type}`,
    }];
  });
}

/** Whether every value of PostgreSQL type `found` is one of type `agreed` as the lake stores it. */
export function typeFits(found: string, agreed: string): boolean {
  const [foundBase, ...foundSize] = parts(found);
  const [agreedBase, ...agreedSize] = parts(agreed);
  switch (agreedBase) {
    case "character varying":
    case "text":
      return foundBase === "character varying" || foundBase === "text";
    case "integer":
      return foundBase === "integer" || foundBase === "smallint";
    case "numeric": {
      const [precision = 0, scale = 0] = agreedSize.map(Number);
      const [foundPrecision = Infinity, foundScale = 0] = foundSize.map(Number);
      return foundBase === "numeric" && foundScale <= scale &&
        foundPrecision - foundScale <= precision - scale;
    }
    case "timestamp without time zone":
      // With a precision, as in `timestamp(3) without time zone`, it holds some of the same times.
      return found.replace(/^timestamp\(\d\)/, "timestamp") === agreed;
    default:
      return found === agreed;
  }
}

/** `numeric(10,2)` as `["numeric", "10", "2"]`. */
const parts = (type: string) => type.split(/[(),]/).filter((part) => part !== "");

async function readColumns(client: pg.Client): Promise<Map<string, FoundColumns>> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    // Of the catalogue rather than of information_schema, which leaves out materialized views.
    `SELECT name AS table, attname AS column,
            CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod)
                 ELSE format_type(atttypid, atttypmod) END AS type
       FROM unnest($1::text[]) AS name
       JOIN pg_attribute ON attrelid = to_regclass(quote_ident(name))::oid
       JOIN pg_type ON pg_type.oid = atttypid
      WHERE attnum > 0 AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')
      ORDER BY name, attnum`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  const tables = new Map<string, FoundColumns>();
  for (const { table, column, type } of rows) {
    const columns = tables.get(table) ?? new Map<string, string>();
    tables.set(table, columns.set(column, type));
  }
  return tables;
}
