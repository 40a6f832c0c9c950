/** Suggests how a shop's tables could be mapped, by names that are alike. A person has to read what it says. */
import { SOURCE_TABLES, type SourceTable } from "../contract.ts";
import { nearestName } from "../nearest_name.ts";
import { type FoundColumn, sqlIdentifier } from "../postgres/conversion.ts";
import { namedAlike, placeOf, type Relation } from "../postgres/relations.ts";
import { baseType, type TableComparison, valueSql } from "../postgres/shop_tables.ts";

/** What other shops call things, by the name of a table or column of ours; the better first. */
const OTHER_NAMES: Record<string, string[]> = {
  customers: ["customer", "client", "buyer", "user", "account", "customer_entity"],
  products: ["product", "item", "article", "sku", "goods", "track", "film", "book", "catalog_product_entity"],
  orders: [
    "order_line",
    "order_item",
    "order_detail",
    "line_item",
    "sales_order_item",
    "sales_order_detail",
    "sale_order_line",
    "sales",
    "invoice_line",
    "purchase",
  ],
  events: ["event", "page_view", "clickstream", "tracking"],
  inventory: ["stock", "stock_level", "inventory_level"],
  support_tickets: ["ticket", "case", "issue"],
  customer_id: ["cust_id", "client_id", "buyer_id", "user_id", "account_id"],
  product_id: ["item_id", "article_id", "sku_id", "sku", "stock_code", "track_id", "film_id", "book_id"],
  order_id: ["sales_order_id", "invoice_id", "purchase_id", "sale_id", "order_number", "invoice_number"],
  event_id: ["id"],
  ticket_id: ["_id", "id", "case_id", "issue_id"],
  product_name: ["name", "title", "product_title"],
  category: ["category_name", "genre", "department"],
  price: ["unit_price", "list_price", "price_amount"],
  cost: ["unit_cost", "cost_price", "standard_cost", "purchase_price"],
  email: ["email_address", "mail"],
  signup_date: ["created_at", "create_date", "registered_at"],
  order_date: ["created_at", "invoice_date", "ordered_at", "purchase_date"],
  order_amount: ["amount", "total", "line_total", "row_total", "price_subtotal", "subtotal"],
  quantity: ["qty", "qty_ordered", "order_qty", "count", "pieces"],
  discount_amount: ["discount"],
  payment_method: ["payment_type"],
  event_type: ["type", "event_name", "action"],
  event_timestamp: ["created_at", "timestamp", "occurred_at"],
  page_url: ["url", "path"],
  date: ["day", "snapshot_date", "counted_at"],
  stock_level: ["quantity", "on_hand", "stock"],
  last_updated: ["updated_at", "last_update"],
  created_date: ["created_at", "opened_at"],
  resolved_date: ["resolved_at", "closed_at", "solved_at"],
  issue_type: ["type", "category"],
  status: ["state"],
  satisfaction_score: ["rating", "csat", "score"],
  agent_id: ["assignee", "assignee_id", "agent"],
  description: ["subject", "body", "text"],
};

/** The name among some that is most likely meant by a name of ours; undefined when none is much like it. */
export function likelyName(name: string, candidates: string[]): string | undefined {
  const named = candidates.map((candidate) => ({ name: candidate }));
  for (const other of [name, ...OTHER_NAMES[name] ?? []]) {
    const [found] = namedAlike(other, named);
    if (found !== undefined) return found.name;
  }
  // Of all ids and names, one is as like as another; what is no id is not the id of it.
  if (/_(id|name)$/.test(name)) return undefined;
  return nearestName(name, candidates.filter((candidate) => !/(_id|I[dD])$/.test(candidate)));
}

/** A column of ours in a mapping: the shop's column that may be meant, or null. */
interface ColumnGuess {
  name: string;
  source: string | null;
  isEssential: boolean;
}

/** Guesses columns; each of the shop's stands for one of ours at most. The key `id` of a table is its own. */
function guessColumns(table: SourceTable, found: FoundColumn[]): ColumnGuess[] {
  let free = found.map(({ name }) => name);
  const exact = new Map(table.columns.flatMap(({ name }) => {
    const [column] = namedAlike(name, found);
    return column === undefined ? [] : [[name, column.name] as const];
  }));
  free = free.filter((name) => ![...exact.values()].includes(name));
  return table.columns.map(({ name, isEssential = false }) => {
    const isKey = table.key.length === 1 && table.key[0] === name;
    const source = exact.get(name) ?? (isKey && free.includes("id") ? "id" : likelyName(name, free)) ?? null;
    free = free.filter((one) => one !== source);
    return { name, source, isEssential };
  });
}

/** What to put into a mapping file, and the SQL of a view that would do instead. */
export interface Suggestion {
  /** The table's lines in YAML, to be put below `tables:`. */
  mapping: string;
  /** A view in the schema `shopflow`, which SHOPFLOW_POSTGRES_SCHEMA then names. */
  view: string;
}

/** The relation that a table of ours may be called in the shop. */
export function likelyRelation({ name }: SourceTable, relations: Relation[]): Relation | undefined {
  const readable = relations.filter(({ isReadable }) => isReadable);
  // What already has one of our names is meant for that table.
  const free = readable.filter((one) =>
    !SOURCE_TABLES.some((table) => table.name === one.name) || one.name === name
  );
  const likely = likelyName(name, free.map((relation) => relation.name));
  return free.find((relation) => relation.name === likely);
}

/**
 * Suggests the mapping of a table that cannot be read as it is, or lacks columns.
 *
 * @param relation What it may be called in the shop, with its columns; undefined when nothing is alike.
 */
export function suggestMapping(
  { table, columns, mapping }: TableComparison,
  relation: { relation: Relation; columns: FoundColumn[] } | undefined,
): Suggestion {
  const place = relation === undefined ? "SCHEMA.TABLE" : mappedPlace(relation.relation);
  const guesses = guessColumns(table, relation?.columns ?? []);
  const lines = guesses.flatMap(({ name, source, isEssential }) => {
    const reading = columns.find((column) => column.name === name);
    // What is read already needs no line, unless a mapping has one.
    const isRead = reading?.conversion !== undefined && mapping?.columns[name] === undefined;
    if (isRead || source === name) return [];
    if (reading?.conversion !== undefined) return `    ${name}: ${yamlText(reading.source!.name)}`;
    if (source !== null) return `    ${name}: ${yamlText(source)}`;
    return `    ${name}: ${isEssential ? "COLUMN # every shop has one; { sql: … } computes it" : "null"}`;
  });
  const isLacking = guesses.some(({ source, isEssential }) => isEssential && source === null);
  const yaml = [
    // A shop's `inventory` may be copies to rent, as in Pagila, and no counts of stock.
    ...(table.isOptional && isLacking ? [`# ${table.name}: null, if ${place} is something else`] : []),
    `${table.name}:`,
    `  table: ${yamlText(place)}`,
    ...(lines.length === 0 ? [] : ["  columns:", ...lines]),
  ];
  const selected = table.columns.map(({ name, type, isEssential }) => {
    const reading = columns.find((column) => column.name === name);
    const source = guesses.find((guess) => guess.name === name)?.source;
    const value = reading?.conversion !== undefined
      ? valueSql(reading)
      : typeof source === "string"
      ? sqlIdentifier(source)
      : `NULL::${baseType(type)}${isEssential ? " /* every shop has one */" : ""}`;
    return `  ${value} AS ${name}`;
  });
  const from = relation === undefined
    ? place
    : `${sqlIdentifier(relation.relation.schema)}.${sqlIdentifier(relation.relation.name)}`;
  return {
    mapping: yaml.map((line) => `  ${line}`).join("\n"),
    view: `CREATE VIEW shopflow.${table.name} AS SELECT\n${selected.join(",\n")}\nFROM ${from};`,
  };
}

/** The place as a mapping has it: a name with a dot in quotes, which tell it from that of a schema. */
const mappedPlace = ({ schema, name }: Relation): string =>
  placeOf({ schema, name: name.includes(".") ? `"${name}"` : name });

/** A name as YAML reads it as text. */
export const yamlText = (name: string): string =>
  /^[A-Za-z_][\w.]*$/.test(name) && !/^(null|true|false|yes|no|on|off|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
