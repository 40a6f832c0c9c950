import { NO_TICKETS } from "shopflow/config/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { csvFields, startCopyMeter, writeCsv } from "../csv.ts";
import { isMongoLoss, isMongoUnreachable } from "./mongodb.ts";
import { retryWhileLost } from "../retry.ts";
import { type TicketContract, ticketContract, ticketValues } from "./contract.ts";
import { canCountTickets, countTickets } from "./count.ts";
import type { TableSource } from "../source.ts";
import { readTickets, type ReadTicketsOptions } from "./documents.ts";

/** Tickets whose CSV is encoded and written at once. */
const BATCH = 500;

interface TicketSourceOptions {
  /** Key of the Support API. */
  apiKey?: string | undefined;
  /** Milliseconds for which a source that was lost is tried again in all. */
  reconnectMs: number;
  /** Whether the source was read before: one that cannot be found is down then, not misspelt. */
  isKnown: boolean;
}

/** The tickets of a shop that has none. */
const noTickets: TableSource = {
  keyLookup: "scan",
  isConsistent: false,
  async copy(_table, path) {
    return { path, rows: 0, bytes: await writeCsv(path, (async function* () {})()) };
  },
};

/**
 * The support tickets of a `mongodb:`, `file:` or `https:` URL, or none. A connection that is lost halfway is opened
 * again, and the copy restarts.
 *
 * @throws {SourceError} when they cannot be reached or (when it copies) read.
 * @throws {SchemaContractError} (when it copies) when a field has another type or name than agreed.
 */
export async function ticketSource(
  ticketsUrl: string,
  { apiKey, reconnectMs, isKnown }: TicketSourceOptions,
  { log, progress }: Pick<Runtime, "log" | "progress">,
): Promise<TableSource> {
  if (ticketsUrl === NO_TICKETS) return noTickets;
  const read = { apiKey, reconnectMs, isKnown, log };
  const retries = { boundMs: reconnectMs, log };
  const mayPass = (error: unknown, attempt: number) =>
    isMongoLoss(error) || ((isKnown || attempt > 1) && isMongoUnreachable(error));
  const isCounted = await retryWhileLost(() => canCountTickets(ticketsUrl), mayPass, retries);
  return {
    keyLookup: /^https?:/.test(ticketsUrl) ? "none" : "scan",
    isConsistent: false,
    ...(isCounted && {
      controlTotals: () => retryWhileLost(() => countTickets(ticketsUrl, read), mayPass, retries),
    }),
    async copy(table, path, selection) {
      return await retryWhileLost(
        async ({ number, connected }) => {
          if (number > 1) await Deno.remove(path);
          const meter = startCopyMeter(table.name, 0, { log, progress });
          const contract = ticketContract({ isComplete: Object.keys(selection).length === 0 });
          let rows = 0;
          const counted = async function* () {
            for await (const lines of encoded(ticketsUrl, contract, { ...read, selection })) {
              connected();
              rows += lines.rows;
              meter.add(lines.rows, lines.bytes.length);
              yield lines.bytes;
            }
          };
          const bytes = await writeCsv(path, counted());
          meter.finish();
          const { unread, warnings } = contract.check();
          if (unread.length > 0) {
            const names = unread.map((field) => `${table.name}.${field}`);
            log.info(`  columns that ShopFlow does not read: ${names.join(", ")}`);
          }
          for (const warning of warnings) log.warn(warning);
          return { path, rows, bytes };
        },
        mayPass,
        retries,
      );
    },
  };
}

/** Tickets as CSV, some at once. */
async function* encoded(
  ticketsUrl: string,
  contract: TicketContract,
  options: ReadTicketsOptions,
): AsyncGenerator<{ rows: number; bytes: Uint8Array }> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for await (const ticket of readTickets(ticketsUrl, options)) {
    contract.see(ticket);
    lines.push(csvFields(ticketValues(ticket.document, ticket.place)) + "\n");
    if (lines.length < BATCH) continue;
    yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
    lines = [];
  }
  yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
}
