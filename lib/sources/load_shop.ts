import { NO_TICKETS } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { SOURCE_TABLES } from "./contract.ts";
import { postgresError } from "./postgres/client.ts";
import {
  type LoadOptions,
  loadSourceTables,
  type LoadTarget,
  openLoadTarget,
  type TableCsv,
} from "./postgres/load.ts";
import { readTickets } from "./tickets/documents.ts";
import { connectTickets, mongoError } from "./tickets/mongodb.ts";
import { type StagedTickets, stageTickets, type Tickets } from "./tickets/load.ts";

/** Where a shop is kept. */
interface ShopUrls {
  postgresUrl: string;
  ticketsUrl: string;
}

interface ShopRows {
  tables: TableCsv[];
  tickets: Tickets;
}

interface LoadShopOptions extends LoadOptions {
  /** Receives the rows loaded, by table, before anybody else can see them; what it throws leaves all as it was. */
  accept?: (rows: Record<string, number>) => void;
}

/**
 * Loads tables and tickets so that readers see either the shop from before or the whole new one: the tickets are staged
 * and the tables loaded in a transaction, and only when both are complete and accepted are they shown.
 *
 * @returns rows loaded, by table.
 * @throws {SourceError} see {@linkcode loadSourceTables} and {@linkcode loadTickets}; nothing has changed then, but for
 *   the one that says that the tables are new and the tickets are not.
 */
export async function loadShop(
  { postgresUrl, ticketsUrl }: ShopUrls,
  { tables, tickets }: ShopRows,
  { accept, ...options }: LoadShopOptions,
): Promise<Record<string, number>> {
  let staged: StagedTickets | undefined;
  let rows: Record<string, number>;
  try {
    rows = await loadSourceTables(postgresUrl, tables, {
      ...options,
      async beforeCommit(loaded) {
        accept?.(loaded);
        staged = await stageTickets(ticketsUrl, tickets, options);
      },
    });
  } catch (error) {
    // The first error is the one that matters.
    await staged?.discard().catch(() => {});
    throw error;
  }
  try {
    await staged?.publish();
  } catch (cause) {
    throw new SourceError("The tables hold the new shop, but the tickets are still the old ones", {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Run the command again with --replace.",
      cause,
    });
  }
  return { ...rows, support_tickets: staged?.rows ?? 0 };
}

/**
 * Counts the rows of the five source tables and of `support_tickets`; a table, database or file that is not
 * there counts 0 and is not made.
 *
 * @throws {SourceError} when a source is there but cannot be reached or read.
 */
export async function countSourceRows(
  { postgresUrl, ticketsUrl }: ShopUrls,
): Promise<Record<string, number>> {
  return { ...await countTables(postgresUrl), support_tickets: await countTickets(ticketsUrl) };
}

async function countTables(url: string): Promise<Record<string, number>> {
  const counts = Object.fromEntries(SOURCE_TABLES.map(({ name }) => [name, 0]));
  const folder = url.startsWith("pglite:") ? url.slice("pglite:".length) : undefined;
  if (folder !== undefined && !await fileExists(join(folder, "PG_VERSION"))) return counts;
  await using target = await openLoadTarget(url);
  try {
    for (const { name } of SOURCE_TABLES) counts[name] = await countTable(target, name);
  } catch (error) {
    throw postgresError(error, url, "read", target.client);
  }
  return counts;
}

async function countTable(target: LoadTarget, table: string): Promise<number> {
  const [found] = await target.query(`SELECT to_regclass('"${table}"') IS NOT NULL AS present`);
  if (found?.present !== true) return 0;
  const [counted] = await target.query(`SELECT count(*)::text AS rows FROM "${table}"`);
  return Number(counted?.rows);
}

async function countTickets(url: string): Promise<number> {
  if (url === NO_TICKETS) return 0;
  if (url.startsWith("file:")) {
    if (!await fileExists(url.slice("file:".length))) return 0;
    let rows = 0;
    for await (const _ of readTickets(url)) rows++;
    return rows;
  }
  await using connection = await connectTickets(url);
  try {
    return await connection.collection.countDocuments();
  } catch (error) {
    throw mongoError(error, url);
  }
}
