import type { RawFile, RawTable } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { openSession, type Session } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { mergeFiles, type ReadableFile } from "./merge_files.ts";

/** Raw files that a run keeps or writes; nothing of it is visible before the extract names them. */
export interface TidyFiles {
  tables: Record<string, RawTable>;
  /** Local paths of files that the store does not have yet, by key. */
  newFiles: ReadableFile[];
}

/** How files are looked after. */
interface TidyOptions {
  /** Times of runs to correct; see `runsAhead`. */
  times?: ReadonlyMap<string, string>;
  /** A run to take out of the history. */
  without?: string;
  /** Whether to merge small files. */
  compact: boolean;
  /** Local folder for new files and for DuckDB. */
  folder: string;
}

/**
 * Merges small raw files, corrects the times of runs, or takes a run out, by writing new files in the place of others. A
 * run that is killed leaves files that no extract names, which garbage collection removes.
 *
 * @param newFiles Files that are not in the store yet.
 * @returns Tables without those that have no row left, and the files that have to be in the store for them.
 */
export async function tidyFiles(
  store: ObjectStore,
  { tables, newFiles }: TidyFiles,
  { times = new Map(), without, compact, folder }: TidyOptions,
): Promise<TidyFiles> {
  const local = new Map(newFiles.map((one) => [one.file.key, one]));
  const readable = async (file: RawFile): Promise<ReadableFile> =>
    local.get(file.key) ?? { file, path: await store.localPath(file.key) };
  const isWrong = ({ runs }: RawFile) => runs.some(({ run }) => run === without || times.has(run));
  const tidied: Record<string, RawTable> = {};
  let opened: Session & Disposable | undefined;
  try {
    for (const [name, table] of Object.entries(tables)) {
      const merged = compact ? filesToMerge(table.files) : [];
      const single = table.files.filter((file) => isWrong(file) && !merged.includes(file));
      const groups = [...(merged.length > 0 ? [merged] : []), ...single.map((file) => [file])];
      if (groups.length === 0) {
        tidied[name] = table;
        continue;
      }
      opened ??= await openSession({ memoryLimit: "896MiB", spillFolder: join(folder, "merge-spill") });
      let files = table.files;
      for (const group of groups) {
        const written = await mergeFiles(opened, name, await Promise.all(group.map(readable)), {
          times,
          ...(without !== undefined && { without }),
          folder,
        });
        files = replaced(files, group, written?.file);
        if (written !== undefined) local.set(written.file.key, written);
      }
      if (files.length > 0) tidied[name] = { ...table, files };
    }
  } finally {
    opened?.close();
  }
  const named = new Set(Object.values(tidied).flatMap(({ files }) => files.map(({ key }) => key)));
  return { tables: tidied, newFiles: [...local.values()].filter(({ file }) => named.has(file.key)) };
}

/** Puts one file in the place of the first of several. */
function replaced(files: RawFile[], group: RawFile[], by: RawFile | undefined): RawFile[] {
  const place = files.indexOf(group[0]!);
  return files.flatMap((file, i) =>
    i === place ? by === undefined ? [] : [by] : group.includes(file) ? [] : [file]
  );
}

/** So many files of one size class are merged into one. */
const FAN_IN = 8;
/** Bytes. A smaller file costs its opening rather than its rows. */
const SMALL = 256 * 1024;

/**
 * The files of a table that are worth merging into one, in their order: none where fewer than eight are of one size
 * class. Classes grow by a factor of eight, as in a log-structured merge tree with size tiers (O'Neil et al. 1996, "The
 * log-structured merge-tree", Acta Informatica 33: 351–385), so that a row is written again only as often as the
 * logarithm of the history, and a table has a few files of each class.
 */
export function filesToMerge(files: RawFile[]): RawFile[] {
  const classes = new Map<number, number>();
  for (const file of files) classes.set(sizeClass(file), (classes.get(sizeClass(file)) ?? 0) + 1);
  const full = [...classes].filter(([, count]) => count >= FAN_IN).map(([one]) => one);
  if (full.length === 0) return [];
  const largest = Math.max(...full);
  // The smaller ones go along: they would be read beside it otherwise.
  return files.filter((file) => sizeClass(file) <= largest);
}

const sizeClass = ({ size }: RawFile) =>
  size < SMALL ? 0 : 1 + Math.floor(Math.log(size / SMALL) / Math.log(FAN_IN));
