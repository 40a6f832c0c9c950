import { currentRawExtract, type ObjectStore, publishRawExtract, type RawTable } from "shopflow/lake/mod.ts";
import { type CopiedTable, copySourceTables, copyTickets, maskUrl } from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import type { Pipeline } from "./context.ts";
import { storeTable } from "./extract/store_table.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";

/**
 * Copies the source tables and the support tickets into the lake's raw layer: Parquet files first, then
 * `raw/current.json`, so that a failed extract leaves the last one as it was. A table whose rows are those
 * of the last time keeps its file.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when a source is not as agreed.
 */
export const extract: Pipeline = ({ config, store, runtime, force }) =>
  withTemporaryFolder(config.home, async (folder) => {
    const extractedAt = runtime.now().toISOString();
    const source = `${maskUrl(config.postgresUrl)}, ${maskUrl(config.ticketsUrl)}`;
    const copied = [
      ...await copySourceTables(config.postgresUrl, folder, runtime),
      await copyTickets(config.ticketsUrl, folder, runtime),
    ];
    const before = await currentRawExtract(store);
    const run = runName(extractedAt, copied);
    const tables: Record<string, RawTable> = {};
    const changed: string[] = [];
    using session = await openSession();
    for (const table of copied) {
      const kept = force ? undefined : await unchangedFile(store, before?.tables[table.name], table);
      if (!kept) changed.push(table.name);
      tables[table.name] = kept ?? await storeTable(session, store, table, { run, extractedAt });
      await Deno.remove(table.path);
    }
    const rows = copied.reduce((sum, table) => sum + table.rows, 0).toLocaleString("en-US");
    if (before && changed.length === 0 && before.source === source) {
      return { status: "unchanged", summary: `${rows} rows, as in run ${before.run}` };
    }
    await publishRawExtract(store, { run, extractedAt, source, tables });
    return {
      status: "done",
      summary: `${rows} rows, changed: ${changed.join(", ") || "only the source's name"}`,
    };
  });

/** Names runs by time, and by content so that two runs at the same time never share a file. */
function runName(extractedAt: string, copied: CopiedTable[]): string {
  const content = createHash("sha256").update(copied.map((table) => table.contentSha256).join()).digest(
    "hex",
  );
  return `${extractedAt.replace(/[-:.]/g, "")}-${content.slice(0, 8)}`;
}

async function unchangedFile(
  store: ObjectStore,
  before: RawTable | undefined,
  table: CopiedTable,
): Promise<RawTable | undefined> {
  if (before?.contentSha256 !== table.contentSha256) return undefined;
  return await store.stat(before.key) ? before : undefined;
}
