// @ts-types="@types/pg"
import type pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import type { SchemaContractError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { beginSnapshotTransaction, withExtractClient } from "./snapshot_transaction.ts";
import { startCopyMeter, writeCsv } from "../csv.ts";
import { copyError, postgresError } from "./client.ts";
import {
  controlTotalsSql,
  monthlyTotals,
  type RowSelection,
  selectionSql,
  type SourceTotals,
  type TableSource,
  totalRows,
  type TotalsRow,
} from "../source.ts";
import {
  checkSchemaContract,
  type ExtractedTable,
  SOURCE_TABLES,
  type SourceTable,
  sourceTable,
} from "../contract.ts";

/**
 * Makes a queue for work that must not be done side by side, as on one connection: each piece begins when the one
 * before it has ended, well or not.
 */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
}

/** The shop's PostgreSQL during one transaction. */
interface PostgresSource extends TableSource {
  /** When the transaction began, `YYYY-MM-DD HH:MM:SS.ffffff` in UTC. */
  transactionTime: string;
  /** What tells a table from one of the same name that replaced it, by name. */
  tableOids: Map<string, string>;
  /** Tables that are not as agreed, each with what is wrong; they cannot be copied. */
  contractViolations: Map<string, SchemaContractError>;
}

/**
 * Runs `work` with the shop's tables in one transaction, so that they agree with each other whatever the
 * shop does meanwhile. Nothing is written there: a user with SELECT on the five tables is enough.
 *
 * @throws {SourceError} when the database cannot be reached or read; the message names the table.
 * @throws {SchemaContractError} when no table is as agreed: it is not the shop's database.
 */
export async function withPostgresSource<T>(
  postgresUrl: string,
  runtime: Pick<Runtime, "log" | "progress">,
  work: (source: PostgresSource) => Promise<T>,
): Promise<T> {
  return await withExtractClient(postgresUrl, async (client) => {
    try {
      await beginSnapshotTransaction(client, postgresUrl);
      const { unread, contractViolations } = await checkSchemaContract(client);
      if (unread.length > 0) runtime.log.info(`  columns that ShopFlow does not read: ${unread.join(", ")}`);
      for (const text of await namesakes(client)) runtime.log.warn(text);
      const { rows } = await client.query<{ time: string }>(
        `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS time`,
      );
      // Tables are read ahead, so a copy may be asked for while another one is under way.
      const inTurn = serialQueue();
      const result = await work({
        transactionTime: rows[0]?.time ?? "",
        tableOids: await readTableOids(client),
        contractViolations,
        keyLookup: "indexed",
        isConsistent: true,
        controlTotals: (table) => inTurn(() => readControlTotals(client, table, postgresUrl)),
        copy({ name }, path, selection) {
          const table = sourceTable(name);
          return inTurn(async () => {
            try {
              return await copyTable(client, table, path, selection, runtime);
            } catch (error) {
              const failure = copyError(error, postgresUrl, name, client);
              // A copy that nobody reads to its end would keep all that waits for its turn waiting, and the program
              // with it. The transaction is of no use any more, so its connection ends at once.
              await client.end();
              throw failure;
            }
          });
        },
      });
      await client.query("COMMIT");
      return result;
    } catch (error) {
      throw postgresError(error, postgresUrl, "read", client);
    }
  });
}

/**
 * Tables that are read from one schema while other schemas have tables of that name, which the user may read too: the
 * search_path decides, and one that was changed shows another shop, or an old copy of a part of it.
 */
async function namesakes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; read: string; others: string }>(
    `SELECT name, min(nspname) FILTER (WHERE pg_class.oid = to_regclass(quote_ident(name))) AS read,
            string_agg(nspname, ', ' ORDER BY nspname)
              FILTER (WHERE pg_class.oid <> to_regclass(quote_ident(name))) AS others
     FROM unnest($1::text[]) AS name
       JOIN pg_class ON relname = name AND relkind IN ('r', 'p', 'v', 'm', 'f')
       JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE to_regclass(quote_ident(name)) IS NOT NULL AND has_schema_privilege(relnamespace, 'USAGE')
       AND has_any_column_privilege(pg_class.oid, 'SELECT') AND nspname NOT LIKE 'pg\_%'
     GROUP BY name HAVING count(*) > 1 ORDER BY name`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  return rows.map(({ name, read, others }) =>
    `Table ${name} is read from schema ${read}, which the user's search_path finds first. ` +
    `Tables of the same name are not read: schema ${others}.`
  );
}

/** A table's object id, which a new table of the same name does not have, and its comment, as loads leave one. */
async function readTableOids(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; identity: string }>(
    `SELECT name, to_regclass(quote_ident(name))::oid::text || ' ' ||
            coalesce(obj_description(to_regclass(quote_ident(name))::oid, 'pg_class'), '') AS identity
     FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL`,
    [SOURCE_TABLES.map(({ name }) => name)],
  );
  return new Map(rows.map(({ name, identity }) => [name, identity]));
}

async function readControlTotals(
  client: pg.Client,
  table: ExtractedTable,
  url: string,
): Promise<SourceTotals> {
  try {
    const months = monthlyTotals(
      (await client.query<TotalsRow>(controlTotalsSql(table, `"${table.name}"`))).rows,
    );
    return { rows: totalRows(months), months };
  } catch (error) {
    throw copyError(error, url, table.name, client);
  }
}

/** Merge keys in one query: the statement stays below a megabyte. */
const KEYS_PER_QUERY = 10_000;

async function copyTable(
  client: pg.Client,
  table: SourceTable,
  path: string,
  selection: RowSelection,
  runtime: Pick<Runtime, "log" | "progress">,
) {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  const columns = table.columns.map(({ name }) => `"${name}"`).join(", ");
  const isFull = Object.keys(selection).length === 0;
  const meter = startCopyMeter(table.name, isFull ? await estimatedRows(client, table.name) : 0, runtime);
  let rows = 0;
  async function* bytesOf(condition: string): AsyncGenerator<Uint8Array> {
    // pg-copy-streams pauses the socket that it takes over, and Deno never wakes one that was idle just then:
    // with the answer to a query under way it isn't.
    await client.query("SELECT 1");
    const stream = client.query(copyTo(
      `COPY (SELECT ${columns} FROM "${table.name}" WHERE ${condition}) ` +
        `TO STDOUT (FORMAT csv, FORCE_QUOTE *, ENCODING 'UTF8')`,
    ));
    // While the rows are read, the reading loop throws the stream's errors. If it ended before, because the
    // copy could not be written, the end of the connection is one more error that must not end the process.
    stream.on("error", () => {});
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      meter.add(lineEnds(chunk), chunk.length);
      yield chunk;
    }
    rows += stream.rowCount;
  }
  async function* allBytes(): AsyncGenerator<Uint8Array> {
    const sqlOf = (part: RowSelection) => selectionSql(part, table.mergeKey, types);
    const { keys = [], ...others } = selection;
    const hasOthers = Object.keys(others).length > 0;
    if (hasOthers || selection.keys === undefined) yield* bytesOf(sqlOf(others));
    for (let start = 0; start < keys.length; start += KEYS_PER_QUERY) {
      const some = sqlOf({ keys: keys.slice(start, start + KEYS_PER_QUERY) });
      yield* bytesOf(hasOthers ? `${some} AND ${sqlOf(others)} IS NOT TRUE` : some);
    }
  }
  const bytes = await writeCsv(path, allBytes());
  meter.finish();
  return { path, rows, bytes };
}

/** From the statistics, since counting would read the table once more; 0 when there are none. */
async function estimatedRows(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ rows: number }>(
    `SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = to_regclass('"${table}"')`,
  );
  return rows[0]?.rows ?? 0;
}

/** Nearly the rows of a chunk of CSV, which is enough for a bar. */
function lineEnds(chunk: Uint8Array): number {
  let lines = 0;
  for (let i = chunk.indexOf(10); i >= 0; i = chunk.indexOf(10, i + 1)) lines++;
  return lines;
}
