import type { RawExtract, RawFile, RawTable, Watermark } from "shopflow/lake/mod.ts";
import { isIntact, type ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Logger, Runtime } from "shopflow/runtime/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import { PartialSourceError, SchemaContractError, type ShopFlowError } from "shopflow/errors/mod.ts";
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
import {
  beginReading,
  type ExtractedState,
  extractTable,
  type ReadAhead,
  type TableRun,
} from "./extract_table.ts";

/** The raw tables without files that are no longer in the store. */
interface PresentTables {
  tables: Record<string, RawTable>;
  /** Tables that lost a file: what it held has to be found by comparing all rows. */
  damaged: Set<string>;
}

/**
 * Looks for the files that the last extract lists.
 *
 * @param options.verify Read them too: one with other bytes than were written counts as lost.
 */
async function presentTables(
  store: ObjectStore,
  before: RawExtract | undefined,
  log: Logger,
  { verify }: { verify: boolean },
): Promise<PresentTables> {
  const tables: Record<string, RawTable> = {};
  const damaged = new Set<string>();
  for (const [name, table] of Object.entries(before?.tables ?? {})) {
    const listed = new Set((await store.list(`raw/${name}/`)).map(({ key }) => key));
    const files: RawFile[] = [];
    for (const file of table.files) {
      if (listed.has(file.key) && (!verify || await isIntact(store, file))) files.push(file);
      else log.warn(`${file.key} of the lake is lost; ${name} is compared whole and written again.`);
    }
    if (files.length < table.files.length) damaged.add(name);
    if (files.length > 0) tables[name] = { ...table, files };
  }
  return { tables, damaged };
}

/** What a run needs to read every source. */
interface SourcesRun {
  config: Config;
  store: ObjectStore;
  runtime: Runtime;
  /** For this try alone. */
  folder: string;
  run: string;
  /** Later than that of the extract before, whatever the clock says. */
  extractedAt: string;
  /** What the clock says (ISO 8601). */
  now: string;
  before: RawExtract | undefined;
  watermarks: Record<string, Watermark>;
  whole: boolean;
  /** Whether most rows of a table may be gone. */
  mayShrink: boolean;
  /** Whether the last extract was of the same sources: one that cannot be found is down then, not misspelt. */
  isKnown: boolean;
  /** Called when PostgreSQL answers. */
  connected(): void;
}

/** What became of the tables; nothing of it is in the store yet. */
export interface ExtractedSources {
  states: Map<string, ExtractedState>;
  /** Tables that are not as agreed, hold a value that is not, or of which a large part is gone. */
  skippedTables: { name: string; error: ShopFlowError }[];
  sourceTransactionTime: string;
}

/** What is known of a table's source before it is read. */
interface TablePlace {
  /** Time up to which it is read. */
  time: string;
  /** Whether a table of the shop was dropped and created again. */
  isReplaced: boolean;
  /** Whether it was so by a load of a shop, after which rows may be fewer. */
  isLoaded: boolean;
  identity?: string;
}

/** A table whose reading has begun. */
interface BegunTable {
  table: ExtractedTable;
  tableRun: TableRun;
  reading: ReadAhead;
  identity?: string;
}

/**
 * Reads what changed in all source tables. Those of PostgreSQL are read in one transaction, so an order and its
 * customer are both there or both not. While a table is compared and written, the next one is copied, and the
 * tickets are read beside them all.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when no table is as agreed.
 */
export async function extractSources(parameters: SourcesRun): Promise<ExtractedSources> {
  const {
    config,
    store,
    runtime,
    folder,
    run,
    extractedAt,
    now,
    before,
    watermarks,
    whole,
    mayShrink,
    isKnown,
    connected,
  } = parameters;
  await Deno.mkdir(folder, { recursive: true });
  const known = await presentTables(store, before, runtime.log, { verify: whole });
  const states = new Map<string, ExtractedState>();
  const skippedTables: ExtractedSources["skippedTables"] = [];
  await using readings = new AsyncDisposableStack();
  // Beside it in memory is what the source copies meanwhile.
  using session = await openSession({ memoryLimit: "896MiB", spillFolder: join(folder, "spill") });

  const begin = (source: TableSource, table: ExtractedTable, place: TablePlace): BegunTable => {
    const tableRun: TableRun = {
      run,
      extractedAt,
      now,
      folder,
      sourceTime: place.time,
      known: known.tables[table.name],
      watermark: watermarks[table.name],
      mayShrink: mayShrink || place.isLoaded,
      whole: whole || place.isReplaced || known.damaged.has(table.name),
      log: runtime.log,
    };
    const reading = readings.use(beginReading(source, table, tableRun));
    return { table, tableRun, reading, identity: place.identity };
  };
  const finish = async ({ table, tableRun, reading, identity }: BegunTable) => {
    try {
      const state = await extractTable(session, store, reading, table, tableRun);
      states.set(table.name, { ...state, watermark: { ...state.watermark, tableOid: identity } });
    } catch (error) {
      if (!(error instanceof SchemaContractError || error instanceof PartialSourceError)) throw error;
      skippedTables.push({ name: table.name, error });
    }
  };

  const openTickets = () => {
    const { ticketsUrl, supportApiKey: apiKey, reconnectSeconds } = config;
    return ticketSource(ticketsUrl, { apiKey, reconnectMs: reconnectSeconds * 1000, isKnown }, runtime);
  };
  const { transactionTime, tickets } = await withPostgresSource(
    config.postgresUrl,
    runtime,
    async (source) => {
      const { transactionTime: time, tableOids, contractViolations } = source;
      connected();
      for (const [name, error] of contractViolations) skippedTables.push({ name, error });
      const tables = SOURCE_TABLES.filter(({ name }) => !contractViolations.has(name));
      const replaced = tables.filter(({ name }) =>
        watermarks[name] !== undefined && watermarks[name].tableOid !== tableOids.get(name)
      );
      // A watermark says nothing of a table that was dropped and created again, as when another shop was loaded.
      const isReplaced = replaced.length > 0;
      const isLoaded = replaced.some(({ name }) => {
        const comment = commentOf(tableOids.get(name));
        return comment !== "" && comment !== commentOf(watermarks[name]!.tableOid);
      });
      const tickets = begin(openTickets(), TICKET_TABLE, {
        time: extractedAt.replace("T", " ").slice(0, -1),
        isReplaced,
        isLoaded,
      });
      const beginAt = (i: number) =>
        tables[i] &&
        begin(source, tables[i], { time, isReplaced, isLoaded, identity: tableOids.get(tables[i].name) });
      let next = beginAt(0);
      for (let i = 1; next !== undefined; i++) {
        const current = next;
        await current.reading.ended;
        next = beginAt(i);
        try {
          await finish(current);
        } catch (error) {
          // The connection must not end while the next table is copied from it.
          await next?.reading.ended;
          throw error;
        }
      }
      return { transactionTime: time, tickets };
    },
  );
  await finish(tickets);
  return { states, skippedTables, sourceTransactionTime: `${transactionTime.replace(" ", "T")}Z` };
}

/** The comment that a load leaves at a table, in what tells the table from others of its name. */
const commentOf = (identity = "") => identity.slice(identity.indexOf(" ") + 1);
