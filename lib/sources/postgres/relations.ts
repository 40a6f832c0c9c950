/** Finds what stands for a table of the contract in the shop's database: tables, views, foreign tables, or queries. */
// @ts-types="@types/pg"
import pg from "pg";
import { nearestName } from "../nearest_name.ts";
import { type FoundColumn, sqlIdentifier } from "./conversion.ts";
import type { ColumnMapping, TableMapping } from "../compare/mapping.ts";

/** A relation of the database. */
export interface Relation {
  oid: string;
  schema: string;
  name: string;
  /** Position of its schema in the search_path; null where it is in none of its schemas. */
  rank: number | null;
  /** Whether the user may read a column of it. */
  isReadable: boolean;
  /** Whether `LOCK TABLE` is for such a relation, and the user may. */
  isLockable: boolean;
}

/** All relations that may hold rows of a shop, in the order of the search_path. */
export async function listRelations(client: pg.Client): Promise<Relation[]> {
  const { rows } = await client.query<Relation>(
    // Of the catalogue rather than of information_schema, which leaves out materialized views.
    `SELECT pg_class.oid::text AS oid, nspname AS schema, relname AS name,
            array_position(current_schemas(false), nspname) AS rank,
            has_any_column_privilege(pg_class.oid, 'SELECT') AS "isReadable",
            relkind IN ('r', 'p') AND has_table_privilege(pg_class.oid, 'SELECT') AS "isLockable"
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
       AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
       AND has_schema_privilege(pg_namespace.oid, 'USAGE')
     ORDER BY rank NULLS LAST, nspname, relname`,
  );
  return rows;
}

/** `CustomerID`, `customer_id` and `Customer Id` are plainly the same name. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

/** What has a name: the one of exactly this name, or else all that have plainly the same. */
export function namedAlike<T extends { name: string }>(name: string, candidates: T[]): T[] {
  const exact = candidates.filter((one) => one.name === name);
  return exact.length > 0 ? exact : candidates.filter((one) => plainName(one.name) === plainName(name));
}

/** What was found under a name, or why nothing. */
export type Located = { relation: Relation } | { problem: string; isMissing: boolean };

/** The relation that the search_path, or a schema before a dot, gives a name. */
export function locate(name: string, relations: Relation[]): Located {
  const visible = relations.filter(({ rank }) => rank !== null);
  const [schema, inSchema] = partsOf(name);
  const plain = name.replaceAll('"', "");
  // `sales.orders` is not a `sales_orders` that happens to be in the search_path, though a name may have a dot.
  const found = schema === undefined
    ? firstOf(namedAlike(plain, visible))
    : firstOf(visible.filter((one) => one.name === plain)) ??
      namedAlike(inSchema ?? "", inSchemaNamed(schema, relations));
  if (found === undefined || found.length === 0) {
    return { problem: `no table ${name}${hint(name, relations)}`, isMissing: true };
  }
  const [relation, ...others] = found;
  if (others.length > 0) {
    return {
      problem: `several tables for ${name}: ${found.map(placeOf).join(", ")}`,
      isMissing: false,
    };
  }
  if (relation!.isReadable) return { relation: relation! };
  return { problem: `table ${placeOf(relation!)}, which the user may not read`, isMissing: false };
}

function inSchemaNamed(schema: string, relations: Relation[]): Relation[] {
  const exact = relations.filter((one) => one.schema === schema);
  return exact.length > 0 ? exact : relations.filter((one) => plainName(one.schema) === plainName(schema));
}

/** Those of the first schema alone. */
function firstOf(found: Relation[]): Relation[] | undefined {
  const [first] = found;
  return first && found.filter(({ schema }) => schema === first.schema);
}

/** `sales.orders` and `"Sales"."Order Lines"` as schema and name. */
function partsOf(name: string): [string, string] | [] {
  const [, schema, table] = /^(?:"([^"]+)"|[^".]+)\.(?:"([^"]+)"|[^"]+)$/.test(name)
    ? /^"?([^".]+)"?\."?([^"]+)"?$/.exec(name) ?? []
    : [];
  return schema === undefined || table === undefined ? [] : [schema, table];
}

export const placeOf = ({ schema, name }: Pick<Relation, "schema" | "name">): string => `${schema}.${name}`;

function hint(name: string, relations: Relation[]): string {
  const readable = relations.filter(({ isReadable }) => isReadable);
  const elsewhere = namedAlike(name, readable.filter(({ rank }) => rank === null));
  if (elsewhere.length > 0) return ` in the search_path, but ${elsewhere.map(placeOf).join(", ")}`;
  const near = nearestName(name, readable.map((relation) => relation.name));
  return near === undefined ? "" : ` (${near} may be meant)`;
}

/** What rows are read from: SQL for a FROM, and its columns. */
export interface RowSource {
  /** For people: `sales.orders`, or `the query of orders`. */
  place: string;
  from: string;
  columns: FoundColumn[];
  /** The table or view that they are of; undefined for a query of the mapping. */
  relation?: Relation;
  /** Whether `from` is a query, which cannot be locked as a table is. */
  isQuery: boolean;
  /** Columns by the name of ShopFlow, where the mapping has SQL for them. */
  computed: Map<string, string>;
}

/** The columns that the user may read of a relation, a domain's with the type beneath it. */
export async function columnsOf(client: pg.Client, { oid }: Relation): Promise<FoundColumn[]> {
  const { rows } = await client.query<FoundColumn>(
    `WITH RECURSIVE found AS (
       SELECT attnum, attname, atttypid AS type, atttypmod AS modifier FROM pg_attribute
       WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
         AND has_column_privilege(attrelid, attnum, 'SELECT')
       UNION ALL
       SELECT attnum, attname, typbasetype, CASE WHEN modifier < 0 THEN typtypmod ELSE modifier END
       FROM found JOIN pg_type ON pg_type.oid = type WHERE typtype = 'd')
     SELECT attname AS name, format_type(type, modifier) AS type, typcategory AS category
     FROM found JOIN pg_type ON pg_type.oid = type WHERE typtype <> 'd' ORDER BY attnum`,
    [oid],
  );
  return rows;
}

/** A relation whose columns a mapping may add to by SQL. */
export async function openRelation(
  client: pg.Client,
  relation: Relation,
  mapping: Record<string, ColumnMapping>,
): Promise<RowSource | { problem: string }> {
  const place = placeOf(relation);
  const from = `${sqlIdentifier(relation.schema)}.${sqlIdentifier(relation.name)}`;
  const columns = await columnsOf(client, relation);
  const expressions = Object.entries(mapping).flatMap(([name, mapped]) =>
    mapped === null || typeof mapped === "string" ? [] : [[name, mapped.sql] as const]
  );
  if (expressions.length === 0) {
    return { place, from, columns, relation, isQuery: false, computed: new Map() };
  }
  // Not the name that ShopFlow gives it, which the table may have for something else.
  const computed = new Map(expressions.map(([name]) => [name, `${name} (mapping)`]));
  const selected = [
    ...columns.map(({ name }) => sqlIdentifier(name)),
    ...expressions.map(([name, sql]) => `(${sql}\n) AS ${sqlIdentifier(computed.get(name)!)}`),
  ];
  const query = `(SELECT ${selected.join(", ")} FROM ${from}) AS source`;
  const found = await describeQuery(client, query);
  return "problem" in found
    ? found
    : { place, from: query, columns: found.columns, relation, isQuery: true, computed };
}

/** The end of a statement, as people write one; a comment may follow. */
const LAST_SEMICOLON = /;(?:\s|;|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*$/;

/** The rows of a mapping's query. */
export async function openQuery(
  client: pg.Client,
  name: string,
  { query = "" }: TableMapping,
): Promise<RowSource | { problem: string }> {
  const from = `(${query.replace(LAST_SEMICOLON, "")}\n) AS source`;
  const found = await describeQuery(client, from);
  if ("problem" in found) return { problem: `${found.problem} in the query of ${name}` };
  return { place: `the query of ${name}`, from, columns: found.columns, isQuery: true, computed: new Map() };
}

/** The columns of a query, or what the server says against it. */
async function describeQuery(
  client: pg.Client,
  from: string,
): Promise<{ columns: FoundColumn[] } | { problem: string }> {
  await client.query("SAVEPOINT described");
  let fields: pg.FieldDef[];
  try {
    // The extended protocol takes one statement alone: text that closes our bracket and goes on cannot end the
    // transaction, which is read-only.
    const text = `SELECT * FROM ${from} LIMIT 0`;
    ({ fields } = await client.query({ text, queryMode: "extended" } as pg.QueryConfig));
  } catch (error) {
    // Syntax, names, rights and values: what is wrong with the query rather than with the server.
    if (!(error instanceof pg.DatabaseError) || !/^(42|22|0A)/.test(error.code ?? "")) throw error;
    await client.query("ROLLBACK TO described");
    return { problem: `"${error.message}"${error.hint ? ` (${error.hint})` : ""}` };
  }
  await client.query("RELEASE described");
  const { rows } = await client.query<{ type: string; category: string }>(
    `SELECT format_type(type, modifier) AS type, typcategory AS category
     FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS field (type, modifier, position)
       JOIN pg_type ON pg_type.oid = type ORDER BY position`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  return { columns: fields.map(({ name }, i) => ({ name, type: "", category: "", ...rows[i] })) };
}
