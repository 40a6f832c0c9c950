import { objectsBeforeLake, openWriteRecord } from "shopflow/lake/gc/mod.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import {
  currentRawVersion,
  currentSnapshotId,
  moveWatermarks,
  publishRawExtract,
  type RawExtract,
  readWatermarks,
} from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { isConnectionLoss, isUnreachable, retryWhileLost } from "shopflow/sources/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type Pipeline, withTemporaryFolder } from "../../context.ts";
import { type ExtractedSources, extractSources } from "./read_source.ts";
import { foreignText } from "../../commands/lake_text.ts";

/**
 * Brings what changed in the source tables and the support tickets into the lake's raw layer: Parquet files
 * first, then `raw/current.json`, then the watermarks. An extract that fails or is killed leaves the last one as
 * it was; one that is killed before the watermarks moved reads some rows again and finds them known.
 *
 * A table that is not as agreed keeps its last state, is named in `problems`, and the others go on.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when no table is as agreed.
 * @throws {LakeError} when another extract was published meanwhile.
 */
export const extract: Pipeline = ({ config, store, runtime, force }) =>
  withTemporaryFolder(config.home, async (folder) => {
    const source = `${maskUrl(config.postgresUrl)}, ${maskUrl(config.ticketsUrl)}`;
    const version = await currentRawVersion(store);
    const before = version?.extract;
    if (before === undefined) await warnOfOthersFiles(store, runtime.log);
    const marks = await readWatermarks(store);
    const now = runtime.now();
    const extractedAt = later(now, before?.extractedAt).toISOString();
    const run = `${extractedAt.replace(/[-:.]/g, "")}-${crypto.randomUUID().slice(0, 8)}`;
    const isKnown = before?.source === source;
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
          // Watermarks of another shop say nothing about this one.
          watermarks: marks?.source === source && isKnown ? marks.tables : {},
          whole: force,
          mayShrink: force || !isKnown,
          isKnown,
          connected,
        });
      },
      (error, attempt) => isConnectionLoss(error) || ((isKnown || attempt > 1) && isUnreachable(error)),
      { boundMs: config.reconnectSeconds * 1000, log: runtime.log },
    );
    const changed = await moveIn(store, sources);
    const problems = sources.skippedTables.map(({ error }) => error);
    const tables = {
      ...before?.tables,
      ...Object.fromEntries([...sources.states].map(([name, { table }]) => [name, table])),
    };
    const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0).toLocaleString("en-US");
    const watermarks = {
      source,
      tables: {
        ...(marks?.source === source && marks.tables),
        ...Object.fromEntries([...sources.states].map(([name, { watermark }]) => [name, watermark])),
      },
    };
    // Extracts of older versions did not keep what the source counted: without it every run compares all rows.
    const isCounted = Object.keys(tables).every((name) => before?.tables[name]?.controlTotals !== undefined);
    // A lost file is named no more, although what it held is in others.
    const isListed = Object.entries(before?.tables ?? {}).every(([name, { files }]) =>
      files.length <= tables[name]!.files.length
    );
    if (before && changed.length === 0 && isKnown && isCounted && isListed) {
      await moveWatermarks(store, watermarks);
      return { status: "unchanged", summary: `${rows} rows, as in run ${before.run}`, problems };
    }
    const { sourceTransactionTime } = sources;
    const extract: RawExtract = { run, extractedAt, source, sourceTransactionTime, tables };
    await publishRawExtract(store, extract, { replaces: version?.etag ?? null });
    await moveWatermarks(store, watermarks);
    const what = changed.map(({ name, rows }) => `${name} (${rows.toLocaleString("en-US")})`).join(", ");
    return {
      status: "done",
      summary: `${rows} rows, changed: ${
        what || (isListed ? "only what is known of the source" : "only the list of files")
      }`,
      problems,
    };
  });

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

/** Moves the new files into the store, where nobody sees them until they are published. */
async function moveIn(
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
