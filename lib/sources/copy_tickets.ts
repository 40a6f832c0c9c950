import type { Runtime } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { type CopiedTable, csvFields, writeCsv } from "./csv_copy.ts";
import { TICKET_COLLECTION } from "./mongo_client.ts";
import { rowRate } from "./row_rate.ts";
import { TICKET_FIELDS } from "./source_tables.ts";
import { readTickets } from "./ticket_documents.ts";
import { ticketValues } from "./ticket_values.ts";

/** Tickets whose CSV is encoded and written at once. */
const BATCH = 500;

/**
 * Copies the support tickets of a `mongodb:` or `file:` URL into a CSV file in `folder`.
 *
 * @throws {SourceError} when they cannot be reached or read.
 * @throws {SchemaContractError} when a field has another type than agreed.
 */
export async function copyTickets(
  ticketsUrl: string,
  folder: string,
  { progress }: Pick<Runtime, "progress">,
): Promise<CopiedTable> {
  const bar = progress.start(`extract ${TICKET_COLLECTION}`, 0, "rows");
  const started = performance.now();
  const path = join(folder, `${TICKET_COLLECTION}.csv`);
  let rows = 0;
  async function* encoded(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    let lines: string[] = [];
    for await (const { document, place } of readTickets(ticketsUrl)) {
      lines.push(csvFields(ticketValues(document, place)) + "\n");
      if (++rows % BATCH > 0) continue;
      yield encoder.encode(lines.join(""));
      lines = [];
    }
    yield encoder.encode(lines.join(""));
  }
  const contentSha256 = await writeCsv(path, TICKET_FIELDS, encoded());
  bar.finish(rowRate(rows, performance.now() - started));
  return { name: TICKET_COLLECTION, columns: TICKET_FIELDS, path, rows, contentSha256 };
}
