import { WarehouseError } from "shopflow/errors/mod.ts";
import type { TableFile } from "shopflow/lake/mod.ts";
import { type ObjectStore, verifiedPath } from "shopflow/lake/store/mod.ts";
import {
  openSession,
  type ResultStream,
  rootMessage,
  type Session,
  type SessionOptions,
  sqlName,
  sqlString,
} from "./session.ts";

/** A table that a query may name. */
export interface QueryTable {
  /** None for the tables of the snapshot. */
  schema?: string;
  name: string;
  /** Parquet files. */
  files: Pick<TableFile, "key" | "sha256">[];
  rows: number;
}

/** How SQL names a table. */
export const queryName = ({ schema, name }: Pick<QueryTable, "schema" | "name">): string =>
  schema === undefined ? name : `${schema}.${name}`;

const REMEDY = "Restore the file from a backup, or run `deno task pipeline run all --force`.";
/** How statements start that only read. */
const READING = /^(select|with|from|values|table|describe|desc|show|summarize|explain|pivot|unpivot|\()/i;
const CATALOG = /\b(show|information_schema|duckdb_\w+|pragma_\w+)\b/i;

/**
 * Runs one query over tables of the lake. Only tables that the text names are read, after their hashes were compared.
 * The query can read no other file, and write none.
 *
 * @param use Reads the result; the session is closed afterwards.
 * @throws {WarehouseError} when the text is not one query, names an unknown table, or DuckDB refuses it.
 * @throws {LakeError} when a file is missing or was changed.
 */
export async function runQuery<T>(
  store: ObjectStore,
  tables: QueryTable[],
  sql: string,
  use: (result: ResultStream) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  requireReading(sql);
  using session = await openSession(options);
  await createViews(session, store, tables.filter((table) => isNamed(table, sql)));
  try {
    const { count, kind } = await session.inspect(sql);
    if (count !== 1) {
      // DuckDB looks up the values of a PIVOT that lists none by a statement in front of it.
      const expected = /\bpivot\b/i.test(sql)
        ? "one statement; a PIVOT with its values: PIVOT t ON c IN (…)"
        : "one statement";
      throw new WarehouseError("Invalid query", { expected, found: `${count} statements` });
    }
    if (kind === "EXPLAIN") requireReading(explainedStatement(sql));
    else if (kind !== "SELECT") throw onlyQueries(kind);
    return await use(await session.stream(sql));
  } catch (error) {
    throw await explainRefusal(session, tables, error);
  }
}

/** @throws {WarehouseError} when a statement does not begin as a query. */
function requireReading(sql: string): void {
  const text = withoutComments(sql);
  if (READING.test(text)) return;
  throw text === ""
    ? new WarehouseError("Invalid query", { expected: "a SELECT statement", found: "no SQL" })
    : onlyQueries(/^\w+/.exec(text)?.[0].toUpperCase() ?? text.slice(0, 20));
}

const onlyQueries = (found: string) =>
  new WarehouseError("Only queries can be run here: the lake is open for reading", {
    expected: "SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN",
    found,
    remedy: "Tables are written by `deno task pipeline run`; to keep a result, use --csv or --json.",
  });

/** What EXPLAIN explains: with ANALYZE it is run. */
const explainedStatement = (sql: string) =>
  withoutComments(withoutComments(sql).replace(/^explain\s*(\([^)]*\)|analyze\b)?/i, ""));

const withoutComments = (sql: string) => sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/|;)+/, "");

/** Whether a text may mean a table: its name stands somewhere in it, or it asks for a list of tables. */
const isNamed = ({ name }: QueryTable, sql: string) =>
  CATALOG.test(sql) || new RegExp(`(?<!\\w)${RegExp.escape(name)}(?!\\w)`, "i").test(sql);

/** Makes the tables known, and their files the only ones that can be read. */
async function createViews(session: Session, store: ObjectStore, tables: QueryTable[]): Promise<void> {
  const readable: string[] = [];
  for (const schema of new Set(tables.flatMap(({ schema }) => schema ?? []))) {
    await session.run(`CREATE SCHEMA ${sqlName(schema)}`);
  }
  for (const { schema = "main", name, files } of tables) {
    const paths: string[] = [];
    // One after the other: a table of many months would otherwise have them all open.
    for (const file of files) paths.push(sqlString(await verifiedPath(store, file, REMEDY)));
    await session.run(
      `CREATE VIEW ${sqlName(schema)}.${sqlName(name)} AS
       SELECT * FROM read_parquet([${paths.join(", ")}], union_by_name = true)`,
    );
    readable.push(...paths);
  }
  await session.run(`SET allowed_paths = [${readable.join(", ")}]`);
  await session.run("SET enable_external_access = false");
  await session.run("SET lock_configuration = true");
}

/** DuckDB's refusal of a query as an error that says what to correct. */
async function explainRefusal(session: Session, tables: QueryTable[], error: unknown): Promise<unknown> {
  if (!(error instanceof WarehouseError) || !(error.cause instanceof Error)) return error;
  const reason = rootMessage(error).replace(/^Failed to extract statements: /, "");
  const missing = /Table with name "?([^\s"]+)"? does not exist/.exec(reason)?.[1];
  if (missing !== undefined) {
    return new WarehouseError("The query names a table that the lake does not have", {
      expected: `${(await nearest(session, tables.map(queryName), missing)).join(" or ")}`,
      found: missing,
      remedy: "`deno task lake query` without SQL lists the tables.",
    });
  }
  if (reason.startsWith("Permission Error")) {
    return new WarehouseError("A query can read the tables of the lake, and no other files", {
      found: reason.split("\n")[0]?.replace("Permission Error: ", "") ?? reason,
      remedy: "`deno task lake query` without SQL lists the tables.",
    });
  }
  return new WarehouseError(`The query cannot be run: ${reason}`);
}

/** The names most like a misspelt one, of which those without their schema count too. */
async function nearest(session: Session, names: string[], misspelt: string): Promise<string[]> {
  const rows = await session.rows<{ name: string }>(
    `SELECT name FROM (SELECT unnest([${names.map(sqlString).join(", ")}]) AS name)
     ORDER BY greatest(jaro_winkler_similarity(name, $1),
                       jaro_winkler_similarity(regexp_replace(name, '^(\w+[.]|dim_|fact_)', ''), $1)) DESC, name
     LIMIT 3`,
    [misspelt.toLowerCase()],
  );
  return rows.map(({ name }) => name);
}
