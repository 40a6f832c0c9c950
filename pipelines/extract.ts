import { SourceError } from "shopflow/errors/mod.ts";
import { currentRawExtract, publishRawExtract, rawKey, type RawTable } from "shopflow/lake/mod.ts";
import { type CopiedTable, copySourceTables, copyTickets, maskUrl } from "shopflow/sources/mod.ts";
import { openSession, type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Pipeline, PipelineContext } from "./context.ts";

/**
 * Copies the source tables and the support tickets into the lake's raw layer: Parquet files first, then
 * `raw/current.json`, so that a failed extract leaves the last one as it was. A table whose rows are those
 * of the last time keeps its file.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when a source is not as agreed.
 */
export const extract: Pipeline = async (context) => {
  const { config, store, runtime, force } = context;
  const extractedAt = runtime.now().toISOString();
  const source = `${maskUrl(config.postgresUrl)}, ${maskUrl(config.ticketsUrl)}`;
  const temporary = join(config.home, "tmp");
  await Deno.mkdir(temporary, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: temporary, prefix: "extract-" });
  try {
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
      const kept = force ? undefined : await unchangedFile(context, before?.tables[table.name], table);
      if (!kept) changed.push(table.name);
      tables[table.name] = kept ?? await storeTable(session, context, table, { run, extractedAt });
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
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
};

/** Names runs by time, and by content so that two runs at the same time never share a file. */
function runName(extractedAt: string, copied: CopiedTable[]): string {
  const content = createHash("sha256").update(copied.map((table) => table.contentSha256).join()).digest(
    "hex",
  );
  return `${extractedAt.replace(/[-:.]/g, "")}-${content.slice(0, 8)}`;
}

async function unchangedFile(
  { store }: PipelineContext,
  before: RawTable | undefined,
  table: CopiedTable,
): Promise<RawTable | undefined> {
  if (before?.contentSha256 !== table.contentSha256) return undefined;
  return await store.stat(before.key) ? before : undefined;
}

async function storeTable(
  session: Session,
  { store }: PipelineContext,
  table: CopiedTable,
  { run, extractedAt }: { run: string; extractedAt: string },
): Promise<RawTable> {
  const path = `${table.path}.parquet`;
  const columns = table.columns.map(({ name, lakeType }) => `${sqlString(name)}: ${sqlString(lakeType)}`);
  try {
    const written = await session.rows<{ Count: number }>(
      `COPY (
         SELECT ${table.columns.map(({ name }) => sqlName(name)).join(", ")},
                TIMESTAMP ${sqlString(extractedAt.slice(0, -1))} AS _extracted_at,
                ${sqlString(run)} AS _run
         FROM read_csv(${sqlString(table.path)}, columns = {${columns.join(", ")}}, auto_detect = false,
                       header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
                       allow_quoted_nulls = false)
       ) TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    if (written[0]?.Count !== table.rows) {
      throw new SourceError(`Table ${table.name} did not arrive whole`, {
        expected: `${table.rows} rows`,
        found: `${written[0]?.Count}`,
      });
    }
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(`Rows of table ${table.name} do not fit the lake's types`, {
      remedy: "The cause names row and value; correct it in the shop's database.",
      cause,
    });
  }
  const { size, sha256 } = await fingerprint(path);
  const key = rawKey(table.name, run);
  await store.moveIn(key, path);
  return { key, rows: table.rows, size, sha256, contentSha256: table.contentSha256 };
}

async function fingerprint(path: string): Promise<{ size: number; sha256: string }> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of file.readable) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}
