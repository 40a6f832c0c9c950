import { objectsBeforeLake, openWriteRecord } from "shopflow/lake/gc/mod.ts";
import { maskUrl } from "shopflow/config/mod.ts";
import {
  currentRawVersion,
  currentSnapshotId,
  keepRawQuarantine,
  moveWatermarks,
  publishRawExtract,
  type RawExtract,
  type RawTable,
} from "shopflow/lake/mod.ts";
import { chooseBase } from "shopflow/lake/raw/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { countOf, formatCount, type Runtime } from "shopflow/runtime/mod.ts";
import { mayReconnect, retryWhileLost } from "shopflow/sources/mod.ts";
import { type Pipeline, withTemporaryFolder } from "../../context.ts";
import { runsAhead } from "../raw/run_times.ts";
import { type TidyFiles, tidyFiles } from "../raw/tidy_files.ts";
import { type ExtractedSources, extractSources } from "./read_source.ts";
import { foreignText } from "../../commands/lake_text.ts";

/**
 * Brings what changed in the source tables and the support tickets into the lake's raw layer: Parquet files
 * first, then `raw/current.json`, which names them and says how far the sources were read. An extract that fails or is
 * killed leaves the last one as it was.
 *
 * A table that is not as agreed keeps its last state, is named in `problems`, and the others go on. Where data tests
 * refused the last state, the extract goes on from the last accepted one, as if what came since had never been. Small
 * files are merged, and the times of runs whose clock was ahead are corrected.
 *
 * @throws {SourceError} when a source cannot be reached or read.
 * @throws {SchemaContractError} when no table is as agreed.
 * @throws {LakeError} when another extract was published meanwhile.
 */
export const extract: Pipeline = ({ config, store, runtime, fullRefresh }) =>
  withTemporaryFolder(config.home, async (folder) => {
    const source = `${maskUrl(config.postgresUrl)}, ${maskUrl(config.ticketsUrl)}`;
    const version = await currentRawVersion(store);
    const present = version?.extract;
    const { base: last, isTakenBack, accepted } = await chooseBase(store, present);
    if (present === undefined) await warnOfOthersFiles(store, runtime.log);
    if (isTakenBack) {
      runtime.log.info(
        `  data tests refused the state of run ${present?.refused?.run}: this extract goes on from ${
          last === undefined ? "an empty lake" : `run ${last.run}, which they accepted`
        }`,
      );
    }
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
    await putQuarantine(store, sources, present?.tables ?? {}, { run, extractedAt });
    const problems = sources.skippedTables.map(({ error }) => error);
    const changed = changedTables(sources);
    const found = withSourceTime({ ...before, ...tablesOf(sources) }, run, sources.sourceTransactionTime);
    const { corrected, doubtful } = runsAhead(found, {
      run,
      now: now.toISOString(),
      sourceTime: sources.sourceTransactionTime,
    });
    if (doubtful.length > 0) runtime.log.warn(doubtText(doubtful));
    const rows = `${formatCount(Object.values(found).reduce((sum, table) => sum + table.rows, 0))} rows`;
    // A lost file is named no more, although what it held is in others.
    const isListed = Object.entries(before).every(([name, { files }]) =>
      files.length <= (found[name]?.files.length ?? 0)
    );
    const incomplete = (present?.incomplete ?? []).filter((name) => !sources.states.has(name));
    const isSame = changed.length === 0 && isKnown && isListed && !isTakenBack && corrected.size === 0 &&
      present?.incomplete === undefined;
    if (version !== undefined && isSame) {
      await moveWatermarks(store, version, found);
      return { status: "unchanged", summary: `${rows}, as in run ${version.extract.run}`, problems };
    }
    const { tables, newFiles } = await tidyFiles(
      store,
      { tables: found, newFiles: newFilesOf(sources, found) },
      { times: corrected, compact: true, folder },
    );
    await putFiles(store, newFiles);
    const next: RawExtract = {
      run,
      extractedAt: corrected.get(run) ?? extractedAt,
      source,
      sourceTransactionTime: sources.sourceTransactionTime,
      tables,
      ...(accepted !== undefined && { accepted }),
      ...(present?.withdrawn !== undefined && { withdrawn: present.withdrawn }),
      ...(incomplete.length > 0 && { incomplete }),
    };
    await publishRawExtract(store, next, { replaces: present ?? null });
    const what = changed.map(({ name, rows }) => `${name} (${formatCount(rows)})`).join(", ") ||
      (isTakenBack
        ? "nothing since the accepted state"
        : isKnown
        ? "only the list of files"
        : "only the source");
    const clock = corrected.size > 1
      ? `; the time of ${countOf(corrected.size - 1, "run")} whose clock was ahead is corrected`
      : "";
    return { status: "done", summary: `${rows}, changed: ${what}${clock}`, problems };
  });

/** Runs of a time that has not come, which may also mean that the present clock is behind. */
const doubtText = (runs: string[]) =>
  `By the clock of this machine, ${countOf(runs.length, "earlier extract")} (${runs.at(-1)}) ${
    runs.length === 1 ? "is" : "are"
  } of a time that has not come. If the clock is right now, take ${
    runs.length === 1 ? "it" : "them"
  } back with ` +
  "`deno task lake raw withdraw RUN`; until then rows are dated after them.";

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

/** Notes in the files of this run when PostgreSQL was read, by its own clock. */
function withSourceTime(
  tables: Record<string, RawTable>,
  run: string,
  sourceTime: string,
): Record<string, RawTable> {
  const mark = (table: RawTable): RawTable => ({
    ...table,
    files: table.files.map((file) =>
      file.runs.some((part) => part.run === run)
        ? { ...file, runs: file.runs.map((part) => part.run === run ? { ...part, sourceTime } : part) }
        : file
    ),
  });
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, mark(table)]));
}

const changedTables = ({ states }: ExtractedSources): { name: string; rows: number }[] =>
  [...states].flatMap(([name, { newFile }]) => newFile === undefined ? [] : [{ name, rows: newFile.rows }]);

/** The files of this run, still on the local disk. */
function newFilesOf({ states }: ExtractedSources, tables: Record<string, RawTable>): TidyFiles["newFiles"] {
  return [...states].flatMap(([name, { newFile }]) => {
    const file = tables[name]?.files.find(({ key }) => key === newFile?.key);
    return newFile === undefined || file === undefined ? [] : [{ file, path: newFile.path }];
  });
}

/** Moves the new files into the store, where nobody sees them until they are published. */
async function putFiles(store: ObjectStore, files: TidyFiles["newFiles"]): Promise<void> {
  if (files.length > 0) {
    await openWriteRecord(store).add(files.map(({ file: { key, size } }) => ({ key, size })));
  }
  for (const { file, path } of files) await store.moveIn(file.key, path);
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
