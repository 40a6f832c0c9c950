import type { Runtime } from "shopflow/runtime/mod.ts";
import { startCopyMeter } from "./copy_meter.ts";
import { csvFields, writeCsv } from "./csv_copy.ts";
import { isMongoLoss } from "./mongo_client.ts";
import { withRetries } from "./retry.ts";
import { countTickets } from "./ticket_figures.ts";
import type { RowSelection, TableSource } from "./row_selection.ts";
import { readTickets } from "./ticket_documents.ts";
import { ticketValues } from "./ticket_values.ts";

/** Tickets whose CSV is encoded and written at once. */
const BATCH = 500;

/**
 * The support tickets of a `mongodb:`, `file:` or `https:` URL. A connection that is lost halfway is opened
 * again, and the copy begins anew.
 *
 * @throws {SourceError} (when it copies) when they cannot be reached or read.
 * @throws {SchemaContractError} (when it copies) when a field has another type than agreed.
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
          let rows = 0;
          const counted = async function* () {
            for await (const lines of encoded(ticketsUrl, { selection, apiKey, log: runtime.log })) {
              rows += lines.rows;
              meter.add(lines.rows, lines.bytes.length);
              yield lines.bytes;
            }
          };
          const bytes = await writeCsv(path, counted());
          meter.finish();
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
  options: { selection: RowSelection; apiKey: string | undefined; log: Runtime["log"] },
): AsyncGenerator<{ rows: number; bytes: Uint8Array }> {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  for await (const { document, place } of readTickets(ticketsUrl, options)) {
    lines.push(csvFields(ticketValues(document, place)) + "\n");
    if (lines.length < BATCH) continue;
    yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
    lines = [];
  }
  yield { rows: lines.length, bytes: encoder.encode(lines.join("")) };
}
