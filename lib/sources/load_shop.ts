import { SourceError } from "shopflow/errors/mod.ts";
import { type LoadOptions, loadSourceTables, type TableCsv } from "./postgres/load.ts";
import { type StagedTickets, stageTickets, type Tickets } from "./tickets/load.ts";

/** Where a shop is kept. */
interface ShopUrls {
  postgresUrl: string;
  ticketsUrl: string;
}

interface ShopRows {
  tables: TableCsv[];
  tickets: Tickets;
}

interface LoadShopOptions extends LoadOptions {
  /** Receives the rows loaded, by table, before anybody else can see them; what it throws leaves all as it was. */
  accept?: (rows: Record<string, number>) => void;
}

/**
 * Loads tables and tickets so that readers see either the shop from before or the whole new one: the tickets are staged
 * and the tables loaded in a transaction, and only when both are complete and accepted are they shown.
 *
 * @returns rows loaded, by table.
 * @throws {SourceError} see {@linkcode loadSourceTables} and {@linkcode loadTickets}; nothing has changed then, but for
 *   the one that says that the tables are new and the tickets are not.
 */
export async function loadShop(
  { postgresUrl, ticketsUrl }: ShopUrls,
  { tables, tickets }: ShopRows,
  { accept, ...options }: LoadShopOptions,
): Promise<Record<string, number>> {
  let staged: StagedTickets | undefined;
  let rows: Record<string, number>;
  try {
    rows = await loadSourceTables(postgresUrl, tables, {
      ...options,
      async beforeCommit(loaded) {
        accept?.(loaded);
        staged = await stageTickets(ticketsUrl, tickets, options);
      },
    });
  } catch (error) {
    // The first error is the one that matters.
    await staged?.discard().catch(() => {});
    throw error;
  }
  try {
    await staged?.publish();
  } catch (cause) {
    throw new SourceError("The tables are the new shop's, but the tickets are still those from before", {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Run the command again with --replace.",
      cause,
    });
  }
  return { ...rows, support_tickets: staged?.rows ?? 0 };
}
