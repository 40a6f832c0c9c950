// @ts-types="@types/pg"
import type pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import type { SchemaContractError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { beginSnapshotTransaction, withExtractClient } from "./snapshot_transaction.ts";
import { createHash } from "node:crypto";
import { startCopyMeter, writeCsv } from "../csv.ts";
import { copyError, postgresError } from "./client.ts";
import { readWriteMarks } from "./write_marks.ts";
import { type RowSelection, selectionSql, type TableSource } from "../source.ts";
import { sourceTable } from "../contract.ts";
import { NO_MAPPING, type SourceMapping } from "../compare/mapping.ts";
import { sqlIdentifier } from "./conversion.ts";
import { readControlTotals, readInvalidRows } from "./row_counts.ts";
import {
  baseType,
  compareTables,
  contractViolations,
  relationSql,
  type ShopTables,
  type TableComparison,
  valueSql,
} from "./shop_tables.ts";

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
  /** What tells a table from one of the same name that replaced it, or is read differently, by name. */
  tableOids: Map<string, string>;
  /** Tables that are not as agreed, each with what is wrong; they cannot be copied. */
  contractViolations: Map<string, SchemaContractError>;
  /** Tables that the shop does without, each with why that is known; a copy of one has no rows. */
  absentTables: Map<string, string>;
}

interface PostgresSourceOptions extends Pick<Runtime, "log" | "progress"> {
  /** Where the shop's tables are called otherwise. */
  mapping?: SourceMapping;
  /** Schema that is looked into before those of the user's search_path. */
  schema?: string | undefined;
}

/** Compares the shop's tables with the contract, and begins the transaction in which those that can be read are. */
export async function beginShopTransaction(
  client: pg.Client,
  url: string,
  { mapping, schema }: { mapping: SourceMapping; schema?: string | undefined },
): Promise<ShopTables> {
  return await beginSnapshotTransaction(client, url, async () => {
    const found = await compareTables(client, mapping);
    const relations = found.tables.flatMap(({ table: { name }, rows, violations }) =>
      rows === undefined || violations.length > 0
        ? []
        : { name, from: rows.from, isLockable: rows.relation?.isLockable === true && !rows.isQuery }
    );
    return { found, relations };
  }, { schema });
}

/**
 * Runs `work` with the shop's tables in one transaction, so that they agree with each other whatever the
 * shop does meanwhile. Nothing is written there: a user with SELECT on the tables is enough.
 *
 * @throws {SourceError} when the database cannot be reached or read; the message names the table.
 * @throws {SchemaContractError} when no table is as agreed: it is not the shop's database.
 */
export async function withPostgresSource<T>(
  postgresUrl: string,
  { mapping = NO_MAPPING, schema, ...runtime }: PostgresSourceOptions,
  work: (source: PostgresSource) => Promise<T>,
): Promise<T> {
  return await withExtractClient(postgresUrl, async (client) => {
    try {
      const shop = await beginShopTransaction(client, postgresUrl, { mapping, schema });
      const byName = new Map(shop.tables.map((comparison) => [comparison.table.name, comparison]));
      const comparisonOf = (name: string) => byName.get(sourceTable(name).name)!;
      const violations = contractViolations(shop.tables);
      logComparison(shop, runtime.log);
      const { rows } = await client.query<{ time: string }>(
        `SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS time`,
      );
      // Tables are read ahead, so a copy may be asked for while another one is under way.
      const inTurn = serialQueue();
      /** Rows with a wrong value by table, as its control totals count them. */
      const invalid = new Map<string, number>();
      const result = await work({
        transactionTime: rows[0]?.time ?? "",
        tableOids: await readTableOids(client, shop),
        contractViolations: violations,
        absentTables: new Map(
          shop.tables.flatMap(({ table, absent }) => absent === undefined ? [] : [[table.name, absent]]),
        ),
        keyLookup: "indexed",
        // An embedded database is restarted each time that it is opened: nothing is known of the one before.
        ...(!postgresUrl.startsWith("pglite:") && { writeMarks: await readWriteMarks(client, shop) }),
        isConsistent: true,
        controlTotals: ({ name }) =>
          inTurn(async () => {
            const comparison = comparisonOf(name);
            if (comparison.absent !== undefined) return { rows: 0, months: {} };
            const totals = await guarded(() => readControlTotals(client, comparison), name);
            invalid.set(name, totals.invalid);
            return totals;
          }),
        async quarantine({ name }) {
          // Not in turn where there is nothing to ask: the next table is being copied, and this one is to be written.
          if (invalid.get(name) === 0 || comparisonOf(name).absent !== undefined) return [];
          return await inTurn(() => guarded(() => readInvalidRows(client, comparisonOf(name)), name));
        },
        copy({ name }, path, selection) {
          return inTurn(async () => {
            try {
              return await copyTable(client, comparisonOf(name), path, selection, runtime);
            } catch (error) {
              const failure = copyError(error, postgresUrl, name, client);
              // A copy that nobody reads to its end would keep all that waits for its turn waiting, and the program
              // with it. The transaction is of no use any more, so its connection ends at once; a socket that the copy
              // paused may never say that it was closed, so it is destroyed.
              client.connection.stream.destroy();
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

    async function guarded<R>(read: () => Promise<R>, name: string): Promise<R> {
      try {
        return await read();
      } catch (error) {
        throw copyError(error, postgresUrl, name, client);
      }
    }
  });
}

/** Says how the shop's tables differ from those that ShopFlow names, where they can be read nevertheless. */
function logComparison({ tables, warnings }: ShopTables, log: Runtime["log"]): void {
  const unread = tables.flatMap(({ table: { name }, unread }) =>
    unread.map((column) => `${name}.${column.name}`)
  );
  if (unread.length > 0) log.info(`  columns that ShopFlow does not read: ${unread.join(", ")}`);
  const lacking = tables.flatMap(({ table: { name }, columns, violations }) =>
    violations.length > 0
      ? []
      : columns.filter(({ source }) => source === undefined).map((one) => `${name}.${one.name}`)
  );
  if (lacking.length > 0) log.info(`  columns that the shop does not have: ${lacking.join(", ")}`);
  const converted = tables.flatMap(({ table: { name }, columns }) =>
    columns.flatMap(({ name: column, conversion }) =>
      conversion?.note === undefined ? [] : `${name}.${column} (${conversion.note})`
    )
  );
  if (converted.length > 0) log.info(`  columns that are converted: ${converted.join(", ")}`);
  for (const text of warnings) log.warn(text);
}

/**
 * A table's object id, which a new table of the same name does not have, how it is read where that is not plain, and
 * its comment, as loads leave one.
 */
async function readTableOids(client: pg.Client, { tables }: ShopTables): Promise<Map<string, string>> {
  const read = tables.flatMap((comparison) =>
    comparison.rows === undefined ? [] : { comparison, rows: comparison.rows }
  );
  const { rows } = await client.query<{ oid: string | null; comment: string | null }>(
    `SELECT to_regclass(name)::oid::text AS oid, obj_description(to_regclass(name)::oid, 'pg_class') AS comment
     FROM unnest($1::text[]) WITH ORDINALITY AS place (name, position) ORDER BY position`,
    [read.map(({ rows: { relation } }) =>
      relation === undefined ? '""' : `${sqlIdentifier(relation.schema)}.${sqlIdentifier(relation.name)}`
    )],
  );
  return new Map(read.map(({ comparison }, i) => [
    comparison.table.name,
    `${rows[i]?.oid ?? "query"}${readingDigest(comparison)} ${rows[i]?.comment ?? ""}`,
  ]));
}

/** Empty where all columns are read as they are, under their own names. */
function readingDigest({ rows, columns, mapping }: TableComparison): string {
  const isPlain = mapping === undefined &&
    columns.every(({ name, source, conversion }) => source?.name === name && conversion?.note === undefined);
  if (isPlain) return "";
  const values = columns.map((column) => valueSql(column));
  return `/${createHash("sha256").update(JSON.stringify([rows?.from, values])).digest("hex").slice(0, 16)}`;
}

/** Merge keys in one query: the statement stays below a megabyte. */
const KEYS_PER_QUERY = 10_000;

async function copyTable(
  client: pg.Client,
  comparison: TableComparison,
  path: string,
  selection: RowSelection,
  runtime: Pick<Runtime, "log" | "progress">,
) {
  const { table } = comparison;
  if (comparison.absent !== undefined) return { path, rows: 0, bytes: await writeCsv(path, noBytes()) };
  const types = new Map(table.columns.map(({ name, type }) => [name, baseType(type)]));
  const columns = table.columns.map(({ name }) => `"${name}"`).join(", ");
  const isFull = Object.keys(selection).length === 0;
  const relation = relationSql(comparison, {
    withWriter: selection.writtenSince !== undefined,
  });
  const meter = startCopyMeter(table.name, isFull ? await estimatedRows(client, comparison) : 0, runtime);
  let rows = 0;
  async function* bytesOf(condition: string): AsyncGenerator<Uint8Array> {
    // pg-copy-streams pauses the socket that it takes over, and Deno never wakes one that was idle just then:
    // with the answer to a query under way it isn't.
    await client.query("SELECT 1");
    const stream = client.query(copyTo(
      `COPY (SELECT ${columns} FROM ${relation} WHERE ${condition}) ` +
        `TO STDOUT (FORMAT csv, FORCE_QUOTE *, ENCODING 'UTF8')`,
    ));
    // While the rows are read, the reading loop throws the stream's errors. If it ended before, because the
    // copy could not be written, the end of the connection is one more error that must not end the process.
    stream.on("error", () => {});
    for await (const chunk of askedWhileSilent(client, stream)) {
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

/** Silence of a copy after which the server is sent something, and the longest pause until the next time; in ms. */
const ASK_AFTER_MS = 1000;
const ASK_AT_LEAST_EVERY_MS = 60_000;

/**
 * The pieces of a copy as they come. While none comes, the server is sent a Flush now and then, which asks for nothing:
 * Deno does not notice the end of an encrypted connection whose socket was paused, as a copy that is faster than our
 * disk pauses it, but that nothing can be written to it any more ends it with an error.
 */
async function* askedWhileSilent(
  client: pg.Client,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let pause = ASK_AFTER_MS;
  let timer = setTimeout(ask, pause);
  function ask(): void {
    client.connection.flush();
    // A copy may wait for hours, for a lock.
    pause = Math.min(2 * pause, ASK_AT_LEAST_EVERY_MS);
    timer = setTimeout(ask, pause);
  }
  try {
    for await (const piece of pieces) {
      clearTimeout(timer);
      yield piece;
      pause = ASK_AFTER_MS;
      timer = setTimeout(ask, pause);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** From the statistics, since counting would read the table once more; 0 when there are none. */
async function estimatedRows(client: pg.Client, { rows }: TableComparison): Promise<number> {
  if (rows?.relation === undefined) return 0;
  const { rows: [found] } = await client.query<{ rows: number }>(
    "SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = $1::oid",
    [rows.relation.oid],
  );
  return found?.rows ?? 0;
}

/** Nearly the rows of a chunk of CSV, which is enough for a bar. */
function lineEnds(chunk: Uint8Array): number {
  let lines = 0;
  for (let i = chunk.indexOf(10); i >= 0; i = chunk.indexOf(10, i + 1)) lines++;
  return lines;
}
