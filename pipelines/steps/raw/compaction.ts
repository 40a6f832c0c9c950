import type { RawFile } from "shopflow/lake/mod.ts";

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
