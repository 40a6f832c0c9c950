import { type Config, NO_TICKETS } from "shopflow/config/mod.ts";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { countOf, fileExists, type Runtime } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { TICKET_FIELDS, TICKET_TABLE } from "../contract.ts";
import { fieldsWithout } from "../tickets/copy.ts";
import { ticketContract } from "../tickets/contract.ts";
import { readTickets } from "../tickets/documents.ts";
import { quarantinedTicket, ticketValues } from "../tickets/values.ts";
import type { SourceMapping } from "./mapping.ts";
import type { ColumnReport, TableReport } from "./report.ts";
import { likelyName, yamlText } from "./suggestions.ts";

/** So many tickets show what tickets look like; the extract reads them all. */
const MOST_READ = 5000;
/** Tickets with a wrong value that a report shows. */
const EXAMPLES = 5;

/**
 * Whether the shop has no tickets: as said by a setting or the mapping, or where a server's shop names no place for
 * them.
 */
export async function withoutTickets(
  { home, postgresUrl, ticketsUrl }: Pick<Config, "home" | "postgresUrl" | "ticketsUrl">,
  mapping: SourceMapping,
): Promise<boolean> {
  if (ticketsUrl === NO_TICKETS || mapping.tickets === null) return true;
  const isDefault = ticketsUrl === `file:${join(home, "shop", "support_tickets.jsonl")}`;
  return isDefault && !postgresUrl.startsWith("pglite:") &&
    !await fileExists(ticketsUrl.slice("file:".length));
}

/** Compares the fields of the first tickets with what ShopFlow expects. */
export async function checkTickets(
  config: Config,
  mapping: SourceMapping,
  { log }: Pick<Runtime, "log">,
): Promise<TableReport> {
  const report: TableReport = {
    table: TICKET_TABLE.name,
    status: "fits",
    columns: [],
    unread: [],
    problems: [],
    quarantined: { rows: 0, examples: [] },
    notes: [],
  };
  const { tickets } = mapping;
  if (tickets === null || await withoutTickets(config, mapping)) {
    return { ...report, status: "absent", notes: ["the shop has none"] };
  }
  const without = fieldsWithout(tickets);
  const contract = ticketContract({ isComplete: false, without });
  const names = new Set<string>();
  let read = 0;
  const { supportApiKey: apiKey, ticketsUrl } = config;
  for await (
    const ticket of readTickets(ticketsUrl, { apiKey, reconnectMs: 0, isKnown: false, mapping: tickets, log })
  ) {
    contract.see(ticket);
    read++;
    for (const [name, value] of Object.entries(ticket.document)) {
      if (value !== null && value !== undefined) names.add(name);
    }
    const { wrong } = ticketValues(ticket.document);
    if (wrong.length > 0) {
      report.quarantined.rows++;
      if (report.quarantined.examples.length < EXAMPLES) {
        report.quarantined.examples.push(quarantinedTicket(ticket.document, ticket.place, wrong));
      }
    }
    if (read === MOST_READ) break;
  }
  const known = new Set(["_id", ...TICKET_FIELDS.map(({ name }) => name)]);
  report.unread = [...names].filter((name) => !known.has(name)).sort();
  if (read < MOST_READ) report.rows = read - report.quarantined.rows;
  report.notes.push(`${countOf(read, "ticket")} read${read === MOST_READ ? ", of more" : ""}`);
  report.columns = TICKET_FIELDS.map(({ name, lakeType, required }): ColumnReport => {
    const field = { column: name, agreed: lakeType.toLowerCase(), source: tickets.columns[name] ?? name };
    if (names.has(name)) return { ...field, status: "same" };
    const isNeeded = required === true && !without.includes(name) && read > 0;
    return { ...field, status: isNeeded ? "wrong" : "missing", note: "no value in any ticket that was read" };
  });
  try {
    report.notes.push(...contract.check().warnings);
  } catch (error) {
    if (!(error instanceof SchemaContractError)) throw error;
    report.status = "wrong";
    report.problems.push({ expected: error.expected ?? "", found: error.found ?? error.message });
    report.suggestion = { mapping: suggestFields(report, tickets.collection) };
  }
  return report;
}

function suggestFields({ columns, unread }: TableReport, collection: string): string {
  let free = unread;
  const lines = columns.filter(({ status }) => status !== "same").map(({ column }) => {
    const source = likelyName(column, free);
    free = free.filter((name) => name !== source);
    return `      ${column}: ${source === undefined ? "null" : yamlText(source)}`;
  });
  const collectionLine = collection === TICKET_TABLE.name ? [] : [`    collection: ${yamlText(collection)}`];
  return [`  ${TICKET_TABLE.name}:`, ...collectionLine, "    columns:", ...lines].join("\n");
}
