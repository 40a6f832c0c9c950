/** `deno task lake query`: SQL over the tables of a snapshot, printed as a table, CSV or JSON. */
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { givenFile, textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { findSnapshot, readManifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { currentScores } from "shopflow/ml/registry/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { queryName, type QueryTable, type ResultStream, runQuery } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type PipelineContext, withTemporaryFolder } from "../context.ts";

/** How a result is printed. */
export interface ResultFlags {
  limit?: number;
  csv?: boolean;
  json?: boolean;
}

interface QueryFlags extends ResultFlags {
  file?: string;
  snapshot: string;
}

/** Rows that a terminal shows by default. */
const SHOWN_ROWS = 100;
/** A longer cell of a terminal's table is cut. */
const CELL_LENGTH = 80;

const EXAMPLES = `
Examples:
  deno task lake query                                      # the tables, with their rows
  deno task lake query "SELECT count(*) FROM fact_orders"
  deno task lake query "FROM dim_products" --limit 20
  deno task lake query "SUMMARIZE fact_orders"              # each column: type, least, greatest, share of NULL
  deno task lake query "FROM raw.orders" --snapshot 3f2a    # raw rows that a snapshot was made from
  deno task lake query --file sales.sql --csv > sales.csv
  echo "FROM scores.churn" | deno task lake query - --json

Only queries are run: nothing can be written, and no file read but the lake's tables.`;

/**
 * The command.
 *
 * @param print Gets whole lines.
 * @param readInput Reads SQL from standard input.
 */
export function createQueryCommand(
  context: () => PipelineContext,
  print: (text: string) => void,
  readInput: () => Promise<string> = () => new Response(Deno.stdin.readable).text(),
): Command {
  const command = new Command("query")
    .description("run SQL (DuckDB) over the tables of a snapshot; without SQL, list the tables")
    .addArgument(new Argument("[sql]", "one query, or - to read it from standard input"))
    .option("-f, --file <path>", "read the SQL from a file", givenFile)
    .option("--snapshot <id>", "which snapshot", "current");
  return withResultOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (argument: string | undefined, flags: QueryFlags) => {
      const { config, store } = context();
      const tables = await queryTables(store, await findSnapshot(store, flags.snapshot));
      const sql = await queryText(argument, flags, readInput);
      if (sql === undefined) print(tablesText(tables));
      else await printQuery({ config, store }, tables, sql, { flags, print });
    });
}

/** The options of a command that prints rows, see {@linkcode ResultFlags}. */
export function withResultOptions(command: Command): Command {
  return command
    .option(
      "--limit <number>",
      `rows to print, or \`all\` (default: ${SHOWN_ROWS} in a table, else all)`,
      limit,
    )
    .addOption(new Option("--csv", "print CSV").conflicts("json"))
    .option("--json", "print JSON");
}

/** Runs a query, see {@linkcode runQuery}, and prints its result. */
export async function printQuery(
  { config, store }: Pick<PipelineContext, "config" | "store">,
  tables: QueryTable[],
  sql: string,
  { flags, print }: { flags: ResultFlags; print: (text: string) => void },
): Promise<void> {
  await withTemporaryFolder(
    config.home,
    (folder) =>
      runQuery(store, tables, sql, (result) => printResult(result, flags, print), {
        memoryLimit: "1GiB",
        spillFolder: join(folder, "spill"),
      }),
  );
}

/** A parser of a number of rows. */
const limit = (text: string) => {
  if (text === "all") return Infinity;
  try {
    return wholeNumber(text);
  } catch {
    throw new InvalidArgumentError("Give a whole number above 0, or `all`.");
  }
};

/** @throws {InputError} when SQL is given twice, or its file cannot be read. */
async function queryText(
  argument: string | undefined,
  { file }: QueryFlags,
  readInput: () => Promise<string>,
): Promise<string | undefined> {
  if (file === undefined) return argument === "-" ? await readInput() : argument;
  if (argument !== undefined) {
    throw new InputError("The query is given twice", {
      expected: "SQL as an argument, or --file",
      found: "both",
    });
  }
  if (file === "-") return await readInput();
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new InputError(`The file ${file} cannot be read`, {
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

/** The tables of a snapshot; beside them `raw`, what it was made from, and `scores`, the current score tables. */
async function queryTables(store: ObjectStore, snapshot: string): Promise<QueryTable[]> {
  const { tables, inputs } = await readManifest(store, snapshot);
  const names = (await store.list("scores/")).flatMap(({ key }) =>
    /^scores\/([^/]+)\/current\.json$/.exec(key)?.[1] ?? []
  );
  const scores = await Promise.all(names.map((name) => currentScores(store, name)));
  return [
    ...Object.entries(tables).map(([name, { files, rows }]) => ({ name, files, rows })),
    ...Object.entries(inputs).filter(([, files]) => files.length > 0).map(([name, files]) => ({
      schema: "raw",
      name,
      files,
      rows: files.reduce((sum, file) => sum + file.rows, 0),
    })),
    ...scores.filter((table) => table !== undefined).map((table) => ({
      schema: "scores",
      name: table.name,
      files: [table],
      rows: table.rows,
    })),
  ];
}

function tablesText(tables: QueryTable[]): string {
  return textTable(
    [{ title: "table" }, { title: "rows", align: "right" }],
    tables.map((table) => [queryName(table), formatCount(table.rows)]),
  );
}

async function printResult(
  result: ResultStream,
  { csv, json, limit = csv || json ? Infinity : SHOWN_ROWS }: ResultFlags,
  print: (text: string) => void,
): Promise<void> {
  const names = result.columns.map(({ name }) => name);
  if (csv) {
    print(csvText([names]));
    for await (const rows of firstRows(result.text(), limit)) print(csvText(rows));
  } else if (json) await printJson(firstRows(result.values(), limit), names, print);
  else print(await resultText(result, limit));
}

/** Lines without the last line break. */
const csvText = (rows: (string | null)[][]) => stringify(rows).replace(/\n$/, "");

async function printJson(
  batches: AsyncIterable<unknown[][]>,
  names: string[],
  print: (text: string) => void,
): Promise<void> {
  print("[");
  // A comma comes with the next row: a result that is read as it is computed does not know which is its last.
  let waiting: string | undefined;
  for await (const rows of batches) {
    for (const row of rows) {
      if (waiting !== undefined) print(`${waiting},`);
      waiting = `  ${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]])))}`;
    }
  }
  print(`${waiting === undefined ? "" : `${waiting}\n`}]`);
}

async function resultText({ columns, text }: ResultStream, limit: number): Promise<string> {
  const rows: (string | null)[][] = [];
  // One row more tells whether there are more.
  for await (const batch of firstRows(text(), limit + 1)) rows.push(...batch);
  const shown = rows.slice(0, limit);
  const table = textTable(
    columns.map(({ name, isNumeric }) => ({ title: name, align: isNumeric ? "right" : "left" })),
    shown.map((row) => row.map(cellText)),
  );
  return `${table}\n\n${
    rows.length > limit
      ? `The first ${countOf(limit, "row")} of more: \`--limit all\` prints all, \`--csv\` all as CSV.`
      : countOf(rows.length, "row")
  }`;
}

/** At most so many rows; those beyond are not computed. */
async function* firstRows<T>(batches: AsyncIterable<T[]>, limit: number): AsyncGenerator<T[]> {
  let left = limit;
  for await (const rows of batches) {
    yield rows.slice(0, left);
    left -= rows.length;
    if (left <= 0) return;
  }
}

/** A value in one line, without characters that a terminal would obey. */
function cellText(value: string | null): string {
  if (value === null) return "NULL";
  const line = value.replaceAll(
    /\p{Cc}/gu,
    (character) => character === "\n" ? "\\n" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return line.length > CELL_LENGTH ? `${line.slice(0, CELL_LENGTH - 1)}…` : line;
}
