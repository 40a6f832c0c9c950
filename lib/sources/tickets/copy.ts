import { NO_TICKETS } from "shopflow/config/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { csvFields, startCopyMeter, writeCsv } from "../csv.ts";
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { isMongoLoss, isMongoUnreachable } from "./mongodb.ts";
import { retryWhileLost } from "../retry.ts";
import { NO_MAPPING, type TicketMapping } from "../compare/mapping.ts";
import { TICKET_FIELDS } from "../contract.ts";
import { type TicketContract, ticketContract } from "./contract.ts";
import { canCountTickets, countTickets } from "./count.ts";
import type { QuarantinedRow, RowSelection, SourceTotals, TableSource } from "../source.ts";
import type { TicketDocument } from "./export_file.ts";
import { readTickets, type ReadTicketsOptions } from "./documents.ts";
import { quarantinedId, quarantinedTicket, ticketValues } from "./values.ts";

/** Tickets whose CSV is encoded and written at once. */
const BATCH = 500;

interface TicketSourceOptions {
  /** Key of the Support API. */
  apiKey?: string | undefined;
  /** Milliseconds for which a source that was lost is tried again in all. */
  reconnectMs: number;
  /** Whether the source was read before: one that cannot be found is down then, not misspelt. */
  isKnown: boolean;
  /** What the shop calls collection and fields. */
  mapping?: TicketMapping;
  /** Tickets that the extract before left out; a source that counts its tickets counts them as well. */
  quarantined?: QuarantinedRow[];
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
  { apiKey, reconnectMs, isKnown, mapping = NO_MAPPING.tickets!, quarantined = [] }: TicketSourceOptions,
  { log, progress }: Pick<Runtime, "log" | "progress">,
): Promise<TableSource> {
  if (ticketsUrl === NO_TICKETS) return noTickets;
  const read = { apiKey, reconnectMs, isKnown, mapping, log };
  const retries = { boundMs: reconnectMs, log };
  const mayPass = (error: unknown, attempt: number) =>
    isMongoLoss(error) || ((isKnown || attempt > 1) && isMongoUnreachable(error));
  const isCounted = await retryWhileLost(() => canCountTickets(ticketsUrl, mapping), mayPass, retries);
  const without = fieldsWithout(mapping);
  const fingerprint = ticketsUrl.startsWith("file:")
    ? await fileFingerprint(ticketsUrl.slice("file:".length), mapping)
    : undefined;
  let leftOut = quarantined;
  return {
    keyLookup: /^https?:/.test(ticketsUrl) ? "none" : "scan",
    isConsistent: false,
    ...(fingerprint !== undefined && { fingerprint }),
    ...(isCounted && {
      controlTotals: async () =>
        withoutLeftOut(await retryWhileLost(() => countTickets(ticketsUrl, read), mayPass, retries), leftOut),
    }),
    quarantine: () => Promise.resolve(leftOut),
    async copy(table, path, selection) {
      const isComplete = Object.keys(selection).length === 0;
      return await retryWhileLost(
        async ({ number, connected }) => {
          if (number > 1) await Deno.remove(path);
          const meter = startCopyMeter(table.name, 0, { log, progress });
          const contract = ticketContract({ isComplete, without });
          const wrong = new Map(isComplete ? [] : leftOut.map((row) => [row.key, row]));
          let rows = 0;
          const options = { ...read, selection: withLeftOut(selection, leftOut) };
          const counted = async function* () {
            for await (const lines of encoded(ticketsUrl, contract, wrong, options)) {
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
          leftOut = [...wrong.values()];
          return { path, rows, bytes };
        },
        mayPass,
        retries,
      );
    },
  };
}

/** Hash of a file and of how it is read; undefined where there is none, which reading it explains. */
async function fileFingerprint(path: string, mapping: TicketMapping): Promise<string | undefined> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const hash = createHash("sha256").update(JSON.stringify([TICKET_FIELDS, mapping]));
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Fields that a shop with a mapping does without: whoever mapped the tickets has said what there is. */
export function fieldsWithout({ columns }: TicketMapping): string[] {
  const mapped = Object.entries(columns);
  if (mapped.length === 0) return [];
  const vital = ["ticket_id", "created_date"];
  return TICKET_FIELDS.map(({ name }) => name).filter((name) => !vital.includes(name) && !columns[name]);
}

/** Tickets that were left out are read again, however old they are: one of them may have been corrected. */
function withLeftOut(selection: RowSelection, leftOut: QuarantinedRow[]): RowSelection {
  if (Object.keys(selection).length === 0) return selection;
  const keys = leftOut.flatMap((ticket) => {
    const id = quarantinedId(ticket);
    return id === undefined ? [] : [[id]];
  });
  return keys.length === 0 ? selection : { ...selection, keys: [...selection.keys ?? [], ...keys] };
}

/** What a source counts, without the tickets that were left out. */
function withoutLeftOut({ rows, months }: SourceTotals, leftOut: QuarantinedRow[]): SourceTotals {
  const usable = { ...months };
  for (const { month = "undated" } of leftOut) {
    const totals = usable[month];
    if (totals === undefined) continue;
    if (totals.rows === 1) delete usable[month];
    else usable[month] = { ...totals, rows: totals.rows - 1 };
  }
  return { rows: rows - leftOut.length, ...(months !== undefined && { months: usable }) };
}

/**
 * Tickets as CSV, some at once.
 *
 * @param wrong By key, tickets with a wrong value: those that are met are put in, or taken out where they are right.
 */
async function* encoded(
  ticketsUrl: string,
  contract: TicketContract,
  wrong: Map<string, QuarantinedRow>,
  options: ReadTicketsOptions,
): AsyncGenerator<{ rows: number; bytes: Uint8Array }> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for await (const ticket of readTickets(ticketsUrl, options)) {
    contract.see(ticket);
    const { document, place } = ticket;
    const { values, wrong: wrongValues } = ticketValues(document);
    if (wrongValues.length > 0) {
      const key = keyOf(document, place);
      wrong.set(key, quarantinedTicket(document, key, wrongValues));
      continue;
    }
    if (wrong.size > 0) wrong.delete(keyOf(document, place));
    lines.push(csvFields(values) + "\n");
    if (lines.length < BATCH) continue;
    yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
    lines = [];
  }
  yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
}

/** Tells a ticket from all others, the same in every run: the Support API alone gives no place that stays. */
function keyOf({ ticket_id: id, _id }: TicketDocument["document"], place: string): string {
  const ticket = `ticket_id ${id === undefined || id === null ? "missing" : String(id)}`;
  return _id === undefined && id !== undefined ? ticket : `${ticket} (${place})`;
}
