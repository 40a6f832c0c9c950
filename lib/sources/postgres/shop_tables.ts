/** Compares the shop's database with the contract: which column is read from where, and as what. */
// @ts-types="@types/pg"
import type pg from "pg";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { SOURCE_TABLES, type SourceTable } from "../contract.ts";
import type { SourceMapping, TableMapping } from "../compare/mapping.ts";
import { nearestName } from "../nearest_name.ts";
import { WRITER } from "../source.ts";
import { type Conversion, conversionOf, type FoundColumn, sqlIdentifier } from "./conversion.ts";
import {
  listRelations,
  locate,
  namedAlike,
  openQuery,
  openRelation,
  type Relation,
  type RowSource,
} from "./relations.ts";

/** What was expected, and what is there instead. */
export interface Violation {
  expected: string;
  found: string;
}

/** How a column of the contract is read. */
export interface ColumnReading {
  name: string;
  /** Type that was agreed on. */
  agreed: string;
  /** The shop's column; undefined where it has none, and the lake gets NULL. */
  source?: FoundColumn;
  conversion?: Conversion;
  /** Why it cannot be read. */
  violation?: Violation;
}

/** A table of the contract beside what the shop has for it. */
export interface TableComparison {
  table: SourceTable;
  mapping: TableMapping | undefined;
  /** What the rows are read from; undefined where there is nothing. */
  rows?: RowSource;
  columns: ColumnReading[];
  /** Columns of the shop that ShopFlow does not read. */
  unread: FoundColumn[];
  /** Everything that is wrong; none where the table can be read, or need not be there. */
  violations: Violation[];
  /** Whether the shop does without this table, and why that is known. */
  absent?: string;
}

/** The shop's tables as they are, in the order of `SOURCE_TABLES`, and all relations of its database. */
export interface ShopTables {
  tables: TableComparison[];
  relations: Relation[];
  /** What people should know, one sentence each. */
  warnings: string[];
}

/**
 * Compares the shop's tables with `SOURCE_TABLES`. Names may differ in case, underscores and blanks; the mapping says
 * where they differ more.
 *
 * @param client In a transaction.
 */
export async function compareTables(client: pg.Client, mapping: SourceMapping): Promise<ShopTables> {
  const relations = await listRelations(client);
  const tables: TableComparison[] = [];
  for (const table of SOURCE_TABLES) {
    const mapped = mapping.tables[table.name];
    if (mapped === null) {
      tables.push(withoutRows(table, undefined, { absent: "the mapping says that the shop has none" }));
    } else {
      tables.push(await compareTable(client, table, mapped, { relations, timeZone: mapping.timeZone }));
    }
  }
  return { tables, relations, warnings: namesakes(tables, relations) };
}

const withoutRows = (
  table: SourceTable,
  mapping: TableMapping | undefined,
  { absent, violations = [] }: { absent?: string; violations?: Violation[] },
): TableComparison => ({
  table,
  mapping,
  columns: [],
  unread: [],
  violations,
  ...(absent !== undefined && { absent }),
});

async function compareTable(
  client: pg.Client,
  table: SourceTable,
  mapping: TableMapping | undefined,
  { relations, timeZone }: { relations: Relation[]; timeZone: string },
): Promise<TableComparison> {
  let rows: RowSource | { problem: string };
  if (mapping?.query !== undefined) {
    rows = await openQuery(client, table.name, mapping);
  } else {
    const located = locate(mapping?.table ?? table.name, relations);
    if ("problem" in located) {
      const isAbsent = located.isMissing && table.isOptional === true && mapping?.table === undefined;
      return withoutRows(
        table,
        mapping,
        isAbsent
          ? { absent: located.problem }
          : { violations: [{ expected: `table ${table.name}`, found: located.problem }] },
      );
    }
    rows = await openRelation(client, located.relation, mapping?.columns ?? {});
  }
  if ("problem" in rows) {
    return withoutRows(table, mapping, {
      violations: [{ expected: `a query of ${table.name} that PostgreSQL accepts`, found: rows.problem }],
    });
  }
  return { table, mapping, rows, ...compareColumns(table, mapping, rows, timeZone) };
}

function compareColumns(
  table: SourceTable,
  mapping: TableMapping | undefined,
  { columns: found, computed }: RowSource,
  timeZone: string,
): Pick<TableComparison, "columns" | "unread" | "violations"> {
  const columns = table.columns.map(({ name, type: agreed, isEssential = false }): ColumnReading => {
    const label = `${table.name}.${name}`;
    const mapped = mapping?.columns[name];
    if (mapped === null) return { name, agreed };
    const wanted = computed.get(name) ?? (typeof mapped === "string" ? mapped : name);
    const [source, ...others] = namedAlike(wanted, found);
    const expected = `${label} ${agreed}`;
    if (others.length > 0) {
      const names = [source, ...others].map((one) => one!.name).join(", ");
      return { name, agreed, violation: { expected, found: `several columns for ${label}: ${names}` } };
    }
    if (source === undefined) {
      // Whoever mapped a table, or wrote a query for it, has said what there is.
      if (mapping !== undefined && mapped === undefined && !isEssential) return { name, agreed };
      const near = nearestName(wanted, found.map((column) => column.name));
      const missing = `no column ${wanted === name ? label : wanted}${
        near === undefined ? "" : ` (${near} may be meant)`
      }`;
      return { name, agreed, violation: { expected, found: missing } };
    }
    const conversion = conversionOf(source, agreed, timeZone);
    if (conversion !== undefined) return { name, agreed, source, conversion };
    return { name, agreed, source, violation: { expected, found: `${label} ${source.type}` } };
  });
  const read = new Set(columns.map(({ source }) => source?.name));
  return {
    columns,
    unread: found.filter(({ name }) => !read.has(name)),
    violations: columns.flatMap(({ violation }) => violation ?? []),
  };
}

/**
 * Tables that are read from one schema while other schemas have tables of that name, which the user may read too: the
 * search_path decides, and one that was changed shows another shop, or an old copy of a part of it.
 */
function namesakes(tables: TableComparison[], relations: Relation[]): string[] {
  return tables.flatMap(({ table: { name }, rows, mapping }) => {
    const read = rows?.relation;
    if (read === undefined || mapping?.table !== undefined) return [];
    const others = relations.filter((one) =>
      one.name === read.name && one.oid !== read.oid && one.isReadable
    );
    if (others.length === 0) return [];
    return `Table ${name} is read from schema ${read.schema}, which the user's search_path finds first. ` +
      `Tables of the same name are not read: schema ${others.map(({ schema }) => schema).join(", ")}.`;
  });
}

const REMEDY =
  "Correct the tables, grant the user SELECT on them if they are there, say in a mapping where they " +
  "are (`deno task sources check` shows how), or set SHOPFLOW_POSTGRES_URL to the shop's database.";

/**
 * What keeps tables from being read, by table.
 *
 * @throws {SchemaContractError} with everything that is wrong, when no table can be read: it is not the shop's database.
 */
export function contractViolations(tables: TableComparison[]): Map<string, SchemaContractError> {
  const isRead = ({ rows, violations }: TableComparison) => rows !== undefined && violations.length === 0;
  if (!tables.some(isRead)) {
    const wrong = tables.flatMap(({ table: { name }, violations, absent }) =>
      absent === undefined ? violations : [{ expected: `table ${name}`, found: absent }]
    );
    throw contractError("The shop's tables do not match their contract", wrong);
  }
  return new Map(
    tables.filter(({ violations }) => violations.length > 0).map(({ table: { name }, violations }) => [
      name,
      contractError(`The shop's table ${name} does not match its contract`, violations),
    ]),
  );
}

function contractError(problem: string, wrong: Violation[]): SchemaContractError {
  return new SchemaContractError(problem, {
    expected: wrong.map(({ expected }) => expected).join("; "),
    found: wrong.map(({ found }) => found).join("; "),
    remedy: REMEDY,
  });
}

/** Whether all values of a row are right, in SQL over what the rows are read from. */
export const validSql = ({ columns }: Pick<TableComparison, "columns">): string =>
  columns.flatMap(({ conversion }) => conversion?.isValid === undefined ? [] : `(${conversion.isValid})`)
    .join(" AND ") || "true";

/**
 * What a table is read from, as SQL: columns in the types of the contract; rows with a wrong value are left out.
 *
 * @param options.withWriter Whether rows have the number of the transaction that wrote them, as {@linkcode WRITER}.
 */
export function relationSql(
  comparison: TableComparison,
  { withWriter = false }: { withWriter?: boolean } = {},
): string {
  const { table, rows, columns } = comparison;
  const selected = [
    ...columns.map((column) => `${valueSql(column)} AS ${sqlIdentifier(column.name)}`),
    ...(withWriter ? [`xmin AS ${WRITER}`] : []),
  ];
  return `(SELECT ${selected.join(", ")} FROM ${rows?.from} WHERE ${validSql(comparison)}) AS ${
    sqlIdentifier(table.name)
  }`;
}

/** The value of a column, over what the rows are read from. */
export const valueSql = ({ conversion, agreed }: ColumnReading): string =>
  conversion?.value ?? `NULL::${baseType(agreed)}`;

/** Type without length or precision: a longer key must not be cut when it is looked for. */
export const baseType = (agreed: string): string =>
  agreed.startsWith("character varying") ? "text" : agreed.replace(/\([^)]*\)/, "");
