import { fileExists } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { type LoadTarget, openLoadTarget } from "./postgres/load.ts";
import { connectTickets, mongoError } from "./tickets/mongodb.ts";
import { postgresError } from "./postgres/client.ts";
import { SOURCE_TABLES } from "./contract.ts";
import { readTickets } from "./tickets/documents.ts";

/**
 * Counts the rows of the five source tables and of `support_tickets`; a table, database or file that is not
 * there counts 0 and is not made.
 *
 * @throws {SourceError} when a source is there but cannot be reached or read.
 */
export async function countSourceRows(
  { postgresUrl, ticketsUrl }: { postgresUrl: string; ticketsUrl: string },
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
