import type { Config } from "shopflow/config/mod.ts";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import type { ObjectStore, RawExtract, Watermark } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import {
  type ExtractedTable,
  SOURCE_TABLES,
  type TableSource,
  TICKET_TABLE,
  ticketSource,
  withPostgresSource,
} from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type ExtractedState, extractTable } from "./extract_table.ts";
import { presentTables } from "./present_tables.ts";

/** What a run needs to read every source. */
export interface SourcesRun {
  config: Config;
  store: ObjectStore;
  runtime: Runtime;
  /** For this try alone. */
  folder: string;
  run: string;
  extractedAt: string;
  before: RawExtract | undefined;
  watermarks: Record<string, Watermark>;
  whole: boolean;
}

/** What became of the tables; nothing of it is in the store yet. */
export interface ExtractedSources {
  states: Map<string, ExtractedState>;
  /** Tables that are not as agreed. */
  stopped: { name: string; error: SchemaContractError }[];
  sourceTransactionTime: string;
}

/**
 * Reads what changed in all source tables. Those of PostgreSQL are read in one transaction, so an order and its
 * customer are both there or both not.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when no table is as agreed.
 */
export async function extractSources(parameters: SourcesRun): Promise<ExtractedSources> {
  const { config, store, runtime, folder, run, extractedAt, before, watermarks, whole } = parameters;
  await Deno.mkdir(folder, { recursive: true });
  const known = await presentTables(store, before, runtime.log, { verify: whole });
  const states = new Map<string, ExtractedState>();
  const stopped: ExtractedSources["stopped"] = [];
  using session = await openSession({ memoryLimit: "1GiB", spillFolder: join(folder, "spill") });
  // A watermark says nothing of a table that was dropped and made anew, as when another shop was loaded.
  let anyReplaced = false;
  const extractOne = async (
    source: TableSource,
    table: ExtractedTable,
    sourceTime: string,
    sourceTable?: string,
  ) => {
    const { name } = table;
    const watermark = watermarks[name];
    const replaced = watermark !== undefined && watermark.sourceTable !== sourceTable;
    anyReplaced ||= replaced;
    try {
      const state = await extractTable(session, store, source, table, {
        run,
        extractedAt,
        folder,
        sourceTime,
        known: known.tables[name],
        watermark,
        whole: whole || anyReplaced || known.damaged.has(name),
        log: runtime.log,
      });
      states.set(name, { ...state, watermark: { ...state.watermark, sourceTable } });
    } catch (error) {
      if (!(error instanceof SchemaContractError)) throw error;
      stopped.push({ name, error });
    }
  };
  const transactionTime = await withPostgresSource(config.postgresUrl, runtime, async (source) => {
    for (const table of SOURCE_TABLES) {
      const error = source.broken.get(table.name);
      if (error) stopped.push({ name: table.name, error });
      else await extractOne(source, table, source.transactionTime, source.identities.get(table.name));
    }
    return source.transactionTime;
  });
  const tickets = ticketSource(config.ticketsUrl, config.supportApiKey, runtime);
  await extractOne(tickets, TICKET_TABLE, extractedAt.replace("T", " ").slice(0, -1));
  return { states, stopped, sourceTransactionTime: `${transactionTime.replace(" ", "T")}Z` };
}
