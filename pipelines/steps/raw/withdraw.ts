import { openWriteRecord } from "shopflow/lake/gc/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { publishRawExtract, type RawExtract, type RawTable, readRawExtract } from "shopflow/lake/mod.ts";
import type { RawRun, RawState } from "shopflow/lake/raw/mod.ts";
import { type PipelineContext, withTemporaryFolder } from "../../context.ts";
import { type TidyFiles, tidyFiles } from "./tidy_files.ts";

/** A run of the raw layer with what it brought. */
export interface RunRows {
  run: string;
  extractedAt: string;
  /** Rows that it found new, changed or deleted, by table. */
  tables: Record<string, number>;
}

/** The runs whose rows a state has, the latest first. */
export function rawRuns({ tables }: Pick<RawState, "tables">): RunRows[] {
  const runs = new Map<string, RunRows>();
  for (const [name, { files }] of Object.entries(tables)) {
    for (const { run, extractedAt, rows } of files.flatMap((file): RawRun[] => file.runs)) {
      const found = runs.get(run) ?? { run, extractedAt, tables: {} };
      // Every table has a file from the beginning, so that readers find its columns.
      if (rows > 0) found.tables[name] = rows;
      runs.set(run, found);
    }
  }
  return [...runs.values()].sort((a, b) => a.extractedAt < b.extractedAt ? 1 : -1);
}

/** Runs that a message names. */
const NAMED = 5;

/**
 * The run that a person means by its name or by the beginning of one that no other shares.
 *
 * @throws {InputError} when there is none, or several.
 */
export function findRun(extract: RawExtract, name: string): RunRows {
  const runs = rawRuns(extract);
  const found = runs.filter(({ run }) => run === name || (name !== "" && run.startsWith(name)));
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const withdrawn = extract.withdrawn?.find(({ run }) => run === name);
  const latest = runs.slice(0, NAMED).map(({ run }) => run).join(", ");
  throw new InputError(
    withdrawn !== undefined
      ? `The run was withdrawn already, at ${withdrawn.at}`
      : found.length === 0
      ? "There is no such run in the raw layer"
      : "The name matches several runs",
    {
      expected: `a run that \`deno task lake raw list\` has${latest === "" ? "" : `, such as ${latest}`}`,
      found: found.length > 1 ? found.map(({ run }) => run).join(", ") : JSON.stringify(name),
    },
  );
}

/**
 * Takes a run out of the history, as if it had never been: the rows that it brought, deletions among them. The tables
 * that it changed lose their watermark, so the next extract compares all their rows with the source, and brings again
 * what the source still has; until then no snapshot is built. What snapshots were made of stays in the lake until
 * garbage collection removes them.
 *
 * @param name The run, or the beginning of its name.
 * @throws {InputError} when there is no such run.
 * @throws {LakeError} when an extract was published, or a run withdrawn, at the same time; nothing is changed then.
 */
export async function withdrawRun(
  { config, store, runtime }: Pick<PipelineContext, "config" | "store" | "runtime">,
  name: string,
): Promise<RunRows> {
  const extract = await readRawExtract(store);
  const found = findRun(extract, name);
  return await withTemporaryFolder(config.home, async (folder) => {
    const without = async (tables: Record<string, RawTable>): Promise<TidyFiles> => {
      const tidied = await tidyFiles(store, { tables, newFiles: [] }, {
        without: found.run,
        compact: false,
        folder,
      });
      const isChanged = (table: string) => tidied.tables[table]?.files !== tables[table]?.files;
      const entries = Object.entries(tidied.tables).map(([table, state]) =>
        [table, isChanged(table) ? toBeReadInFull(state) : state] as const
      );
      return { ...tidied, tables: Object.fromEntries(entries) };
    };
    const present = await without(extract.tables);
    const accepted = extract.accepted && await without(extract.accepted.tables);
    const changed = Object.keys(extract.tables).filter((table) =>
      present.tables[table]?.files !== extract.tables[table]?.files
    );
    const incomplete = [...new Set([...extract.incomplete ?? [], ...changed])].sort();
    const newFiles = new Map(
      [...present.newFiles, ...accepted?.newFiles ?? []].map((one) => [one.file.key, one]),
    );
    if (newFiles.size > 0) {
      await openWriteRecord(store).add(
        [...newFiles.values()].map(({ file: { key, size } }) => ({ key, size })),
      );
    }
    for (const { file, path } of newFiles.values()) await store.moveIn(file.key, path);
    const next: RawExtract = {
      ...extract,
      ...latestOf(present.tables),
      tables: present.tables,
      ...(extract.accepted && accepted && {
        accepted: { ...extract.accepted, ...latestOf(accepted.tables), tables: accepted.tables },
      }),
      withdrawn: [...extract.withdrawn ?? [], { run: found.run, at: runtime.now().toISOString() }].slice(
        -KEPT,
      ),
      ...(incomplete.length > 0 && { incomplete }),
    };
    await publishRawExtract(store, next, { replaces: extract });
    return found;
  });
}

/** Withdrawals that are remembered. */
const KEPT = 100;

/** The run that a state is called by, where one is left. */
function latestOf(tables: Record<string, RawTable>): Pick<RawState, "run" | "extractedAt"> | undefined {
  const [latest] = rawRuns({ tables });
  return latest && { run: latest.run, extractedAt: latest.extractedAt };
}

/** What the source had is known no more. */
function toBeReadInFull({ watermark: _, controlTotals: __, refreshedAt: ___, ...table }: RawTable): RawTable {
  return table;
}
