import { objectsBeforeLake, openWriteRecord } from "shopflow/lake/gc/mod.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import {
  currentRawVersion,
  currentSnapshotId,
  keepRawQuarantine,
  moveWatermarks,
  publishRawExtract,
  type RawTable,
} from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { formatCount, type Runtime } from "shopflow/runtime/mod.ts";
import { mayReconnect, retryWhileLost } from "shopflow/sources/mod.ts";
import { type Pipeline, withTemporaryFolder } from "../../context.ts";
import { type ExtractedSources, extractSources } from "./read_source.ts";
import { foreignText } from "../../commands/lake_text.ts";

/**
 * Brings what changed in the source tables and the support tickets into the lake's raw layer: Parquet files
 * first, then `raw/current.json`, which names them and says how far the sources were read. An extract that fails or is
 * killed leaves the last one as it was.
 *
 * A table that is not as agreed keeps its last state, is named in `problems`, and the others go on.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when no table is as agreed.
 * @throws {LakeError} when another extract was published meanwhile.
 */
export const extract: Pipeline = ({ config, store, runtime, fullRefresh }) =>
  withTemporaryFolder(config.home, async (folder) => {
    const source = `${maskUrl(config.postgresUrl)}, ${maskUrl(config.ticketsUrl)}`;
    const version = await currentRawVersion(store);
    const last = version?.extract;
    if (last === undefined) await warnOfOthersFiles(store, runtime.log);
    const now = runtime.now();
    const extractedAt = later(now, last?.extractedAt).toISOString();
    const run = `${extractedAt.replace(/[-:.]/g, "")}-${crypto.randomUUID().slice(0, 8)}`;
    const isKnown = last?.source === source;
    const before = isKnown ? last.tables : withoutWatermarks(last?.tables ?? {});
    const sources = await retryWhileLost(
      async ({ number, connected }) => {
        // What a lost attempt had copied would take room once more for each attempt.
        if (number > 1) await Deno.remove(`${folder}/${number - 1}`, { recursive: true });
        return await extractSources({
          config,
          store,
          runtime,
          folder: `${folder}/${number}`,
          run,
          extractedAt,
          now: now.toISOString(),
          before,
          fullRefresh,
          isKnown,
          connected,
        });
      },
      (error, attempt) => mayReconnect(error, isKnown || attempt > 1),
      { boundMs: config.reconnectSeconds * 1000, log: runtime.log },
    );
    const changed = await putFiles(store, sources);
    await putQuarantine(store, sources, before, { run, extractedAt });
    const problems = sources.skippedTables.map(({ error }) => error);
    const tables = { ...before, ...tablesOf(sources) };
    const rows = `${formatCount(Object.values(tables).reduce((sum, table) => sum + table.rows, 0))} rows`;
    // A lost file is named no more, although what it held is in others.
    const isListed = Object.entries(before).every(([name, { files }]) =>
      files.length <= (tables[name]?.files.length ?? 0)
    );
    if (version !== undefined && changed.length === 0 && isKnown && isListed) {
      await moveWatermarks(store, version, tables);
      return { status: "unchanged", summary: `${rows}, as in run ${version.extract.run}`, problems };
    }
    const { sourceTransactionTime } = sources;
    await publishRawExtract(store, { run, extractedAt, source, sourceTransactionTime, tables }, {
      replaces: last?.run ?? null,
    });
    const what = changed.map(({ name, rows }) => `${name} (${formatCount(rows)})`).join(", ") ||
      (isListed ? "only the source" : "only the list of files");
    return { status: "done", summary: `${rows}, changed: ${what}`, problems };
  });

/** Watermarks of another shop say nothing about this one. */
function withoutWatermarks(tables: Record<string, RawTable>): Record<string, RawTable> {
  return Object.fromEntries(
    Object.entries(tables).map(([name, { files, contentSha256, rows, controlTotals }]) => [
      name,
      { files, contentSha256, rows, ...(controlTotals && { controlTotals }) },
    ]),
  );
}

const tablesOf = ({ states }: ExtractedSources): Record<string, RawTable> =>
  Object.fromEntries([...states].map(([name, { table }]) => [name, table]));

/** The place of a new lake may be one where other programs keep files. */
async function warnOfOthersFiles(store: ObjectStore, log: Runtime["log"]): Promise<void> {
  if (await currentSnapshotId(store) !== undefined) return;
  const foreign = await objectsBeforeLake(store);
  if (foreign.length === 0) return;
  log.warn(
    `The place of the new lake, ${store.url}, already holds ${
      foreignText(foreign)
    }. Nothing of it is touched; a prefix of its ` +
      "own for the lake (SHOPFLOW_LAKE) keeps others' files apart.",
  );
}

/** Now, or just after the run before when the clock stands still or was put back. */
function later(now: Date, before: string | undefined): Date {
  return new Date(Math.max(now.getTime(), before === undefined ? 0 : Date.parse(before) + 1));
}

/** Keeps the rows that were left out, or that none are any more. */
async function putQuarantine(
  store: ObjectStore,
  { states }: ExtractedSources,
  before: Record<string, RawTable>,
  extract: { run: string; extractedAt: string },
): Promise<void> {
  for (const [table, { quarantined }] of states) {
    if (quarantined.length === 0 && before[table]?.quarantined === undefined) continue;
    await keepRawQuarantine(store, { table, ...extract, rows: quarantined });
  }
}

/** Moves the new files into the store, where nobody sees them until they are published. */
async function putFiles(
  store: ObjectStore,
  { states }: ExtractedSources,
): Promise<{ name: string; rows: number }[]> {
  const changed = [];
  const files = [...states.values()].flatMap(({ newFile }) => newFile ?? []);
  if (files.length > 0) await openWriteRecord(store).add(files);
  for (const [name, { newFile }] of states) {
    if (newFile === undefined) continue;
    await store.moveIn(newFile.key, newFile.path);
    changed.push({ name, rows: newFile.rows });
  }
  return changed;
}
