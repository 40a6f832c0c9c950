import { type Config, NO_TICKETS } from "shopflow/config/mod.ts";
import { PartialSourceError, SchemaContractError, type ShopFlowError } from "shopflow/errors/mod.ts";
import { type RawFile, type RawTable, readRawQuarantine } from "shopflow/lake/mod.ts";
import { isIntact, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { formatCount, type Logger, type Runtime } from "shopflow/runtime/mod.ts";
import {
  type ExtractedTable,
  SOURCE_TABLES,
  type TableSource,
  TICKET_TABLE,
  ticketSource,
  withPostgresSource,
} from "shopflow/sources/mod.ts";
import { readMapping, type SourceMapping, withoutTickets } from "shopflow/sources/compare/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type ExtractedState, extractTable } from "./extract_table.ts";
import { beginReading, type TableReading } from "./table_reading.ts";

/** What a run needs to read every source. */
interface SourcesRun {
  config: Config;
  store: ObjectStore;
  runtime: Runtime;
  /** For this attempt alone. */
  folder: string;
  run: string;
  /** Later than that of the extract before, whatever the clock says. */
  extractedAt: string;
  /** What the clock says (ISO 8601). */
  now: string;
  /** The raw tables; without watermarks where they are of another shop. */
  before: Record<string, RawTable>;
  fullRefresh: boolean;
  /** Whether the last extract was of the same sources: one that cannot be found is down then, not misspelt. */
  isKnown: boolean;
  /** Called when PostgreSQL answers. */
  connected(): void;
}

/** The next states of the tables; nothing of it is in the store yet. */
export interface ExtractedSources {
  states: Map<string, ExtractedState>;
  /** Tables that are not as agreed, hold a value that is not, or of which a large part is gone. */
  skippedTables: { name: string; error: ShopFlowError }[];
  sourceTransactionTime: string;
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
  const { config, store, runtime, folder, run, extractedAt, now, before, fullRefresh, isKnown } = parameters;
  await Deno.mkdir(folder, { recursive: true });
  const present = await presentTables(store, before, runtime.log, { verify: fullRefresh });
  const states = new Map<string, ExtractedState>();
  const skippedTables: ExtractedSources["skippedTables"] = [];
  await using readings = new AsyncDisposableStack();
  // Beside it in memory is what the source copies meanwhile.
  using session = await openSession({ memoryLimit: "896MiB", spillFolder: join(folder, "spill") });

  const begin = async (
    source: TableSource,
    table: ExtractedTable,
    place: Replacement & { sourceTime: string },
  ) =>
    readings.use(
      await beginReading(session, store, source, table, {
        run,
        extractedAt,
        now,
        folder,
        sourceTime: place.sourceTime,
        quarantineLimit: config.quarantineLimit,
        known: present.tables[table.name],
        mayShrink: fullRefresh || !isKnown || place.isLoaded,
        fullRefresh: fullRefresh || place.isReplaced || present.damaged.has(table.name),
        log: runtime.log,
      }),
    );
  const finish = async (reading: TableReading, tableOid?: string) => {
    const { name } = reading.table;
    try {
      const { table, ...written } = await extractTable(session, store, reading);
      states.set(name, { ...written, table: { ...table, ...(tableOid !== undefined && { tableOid }) } });
    } catch (error) {
      if (!(error instanceof SchemaContractError || error instanceof PartialSourceError)) throw error;
      skippedTables.push({ name, error });
    }
  };

  const mapping = await readMapping(config.sourceMapping);
  const { log, progress } = runtime;
  const { transactionTime, tickets } = await withPostgresSource(
    config.postgresUrl,
    { log, progress, mapping, schema: config.postgresSchema },
    async (source) => {
      const { transactionTime, tableOids, contractViolations } = source;
      parameters.connected();
      for (const [name, reason] of source.absentTables) {
        const gone = missingTable(name, reason, before, log);
        if (gone !== undefined) contractViolations.set(name, gone);
      }
      for (const [name, error] of contractViolations) skippedTables.push({ name, error });
      const tables = SOURCE_TABLES.filter(({ name }) => !contractViolations.has(name));
      const replacement = replacedTables(before, tables, tableOids);
      const ticketsGone = await withoutTickets(config, mapping)
        ? missingTable(TICKET_TABLE.name, "the shop has none", before, log)
        : undefined;
      if (ticketsGone !== undefined) skippedTables.push({ name: TICKET_TABLE.name, error: ticketsGone });
      const tickets = ticketsGone
        ? undefined
        : await begin(await openTickets(parameters, mapping), TICKET_TABLE, {
          sourceTime: now.replace("T", " ").slice(0, -1),
          ...replacement,
        });
      const [first, ...others] = tables;
      const beginTable = async (table: ExtractedTable | undefined) =>
        table && await begin(source, table, { sourceTime: transactionTime, ...replacement });
      let next = await beginTable(first);
      while (next !== undefined) {
        const current = next;
        await current.ended;
        next = await beginTable(others.shift());
        try {
          await finish(current, tableOids.get(current.table.name));
        } catch (error) {
          // The connection must not end while the next table is copied from it.
          await next?.ended;
          throw error;
        }
      }
      return { transactionTime, tickets };
    },
  );
  if (tickets !== undefined) await finish(tickets);
  return { states, skippedTables, sourceTransactionTime: `${transactionTime.replace(" ", "T")}Z` };
}

/**
 * Says that the shop has no such table; reports do without.
 *
 * @returns An error where the lake has rows of it: it was there before.
 */
function missingTable(
  name: string,
  reason: string,
  before: Record<string, RawTable>,
  log: Logger,
): SchemaContractError | undefined {
  const { rows = 0 } = before[name] ?? {};
  if (rows === 0) return void log.info(`  ${name} stays empty, the shop does without: ${reason}`);
  return new SchemaContractError(`The shop's table ${name} is gone`, {
    expected: `a table with about the ${formatCount(rows)} rows of the last extract`,
    found: reason,
    remedy: "Give it back, or grant the user SELECT on it. The lake keeps its last state meanwhile.",
  });
}

async function openTickets(
  { config, store, runtime, isKnown }: SourcesRun,
  mapping: SourceMapping,
): Promise<TableSource> {
  const { supportApiKey: apiKey, reconnectSeconds } = config;
  const ticketsUrl = await withoutTickets(config, mapping) ? NO_TICKETS : config.ticketsUrl;
  const kept = await readRawQuarantine(store);
  return ticketSource(ticketsUrl, {
    apiKey,
    reconnectMs: reconnectSeconds * 1000,
    isKnown,
    ...(mapping.tickets !== null && { mapping: mapping.tickets }),
    quarantined: kept.find(({ table }) => table === TICKET_TABLE.name)?.rows ?? [],
  }, runtime);
}

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
  before: Record<string, RawTable>,
  log: Logger,
  { verify }: { verify: boolean },
): Promise<PresentTables> {
  const tables: Record<string, RawTable> = {};
  const damaged = new Set<string>();
  for (const [name, table] of Object.entries(before)) {
    const listed = new Set((await store.list(`raw/${name}/`)).map(({ key }) => key));
    const files: RawFile[] = [];
    for (const file of table.files) {
      if (listed.has(file.key) && (!verify || await isIntact(store, file))) files.push(file);
      else {log.warn(
          `${file.key} of the lake is lost; ${name} is read in full, and its rows are written again.`,
        );}
    }
    if (files.length < table.files.length) damaged.add(name);
    if (files.length > 0) tables[name] = { ...table, files };
  }
  return { tables, damaged };
}

/** What happened to the tables of the shop since the last extract. */
interface Replacement {
  /** Whether one was dropped and created again: a watermark says nothing of another table, or another shop. */
  isReplaced: boolean;
  /** Whether it was so by a load of a shop, after which rows may be fewer. */
  isLoaded: boolean;
}

function replacedTables(
  before: Record<string, RawTable>,
  tables: ExtractedTable[],
  tableOids: Map<string, string>,
): Replacement {
  const replaced = tables.flatMap(({ name }) => {
    const [was, is] = [before[name]?.tableOid, tableOids.get(name)];
    return was === undefined || was === is ? [] : [{ was, is }];
  });
  return {
    isReplaced: replaced.length > 0,
    isLoaded: replaced.some(({ was, is }) => commentOf(is) !== "" && commentOf(is) !== commentOf(was)),
  };
}

/** The comment that a load leaves at a table, in what tells the table from others of its name. */
const commentOf = (tableOid = "") => tableOid.slice(tableOid.indexOf(" ") + 1);
