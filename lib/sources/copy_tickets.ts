import type { Runtime } from "shopflow/runtime/mod.ts";
import { startCopyMeter } from "./copy_meter.ts";
import { csvFields, writeCsv } from "./csv_copy.ts";
import { isMongoLoss } from "./mongo_client.ts";
import { withRetries } from "./retry.ts";
import { countTickets } from "./ticket_figures.ts";
import type { RowSelection, TableSource } from "./row_selection.ts";
import { readTickets } from "./ticket_documents.ts";
import { type TicketContract, ticketContract } from "./ticket_contract.ts";
import { ticketValues } from "./ticket_values.ts";

/** Tickets whose CSV is encoded and written at once. */
const BATCH = 500;

/**
 * The support tickets of a `mongodb:`, `file:` or `https:` URL. A connection that is lost halfway is opened
 * again, and the copy begins anew.
 *
 * @throws {SourceError} (when it copies) when they cannot be reached or read.
 * @throws {SchemaContractError} (when it copies) when a field has another type or name than agreed.
 */
export function ticketSource(
  ticketsUrl: string,
  apiKey: string | undefined,
  runtime: Pick<Runtime, "log" | "progress">,
): TableSource {
  return {
    byUnit: !/^https?:/.test(ticketsUrl),
    ofOneMoment: false,
    ...(!ticketsUrl.startsWith("file:") && {
      figures: () =>
        withRetries(
          () => countTickets(ticketsUrl, { apiKey, log: runtime.log }),
          isMongoLoss,
          { log: runtime.log },
        ),
    }),
    async copy(table, path, selection) {
      return await withRetries(
        async (attempt) => {
          if (attempt > 1) await Deno.remove(path);
          const meter = startCopyMeter(table.name, 0, runtime);
          const contract = ticketContract();
          let rows = 0;
          const counted = async function* () {
            for await (
              const lines of encoded(ticketsUrl, contract, { selection, apiKey, log: runtime.log })
            ) {
              rows += lines.rows;
              meter.add(lines.rows, lines.bytes.length);
              yield lines.bytes;
            }
          };
          const bytes = await writeCsv(path, counted());
          meter.finish();
          // Tickets that were asked for by name are of any age.
          if (selection.units === undefined) {
            const unread = contract.check().map((field) => `${table.name}.${field}`);
            if (unread.length > 0) {
              runtime.log.info(`  columns that ShopFlow does not read: ${unread.join(", ")}`);
            }
          }
          return { path, rows, bytes };
        },
        isMongoLoss,
        { log: runtime.log },
      );
    },
  };
}

/** Tickets as CSV, some at once. */
async function* encoded(
  ticketsUrl: string,
  contract: TicketContract,
  options: { selection: RowSelection; apiKey: string | undefined; log: Runtime["log"] },
): AsyncGenerator<{ rows: number; bytes: Uint8Array }> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for await (const { document, place } of readTickets(ticketsUrl, options)) {
    contract.see(document);
    lines.push(csvFields(ticketValues(document, place)) + "\n");
    if (lines.length < BATCH) continue;
    yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
    lines = [];
  }
  yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
}
