import type { ForeignObject, Garbage } from "shopflow/lake/mod.ts";
import { counted, formatSize } from "../text_table.ts";

/** What a garbage collection did or would do, for a terminal. */
export function garbageText(
  garbage: Garbage,
  folders: string[],
  { dryRun, list }: { dryRun: boolean; list: boolean },
): string {
  const { kept, manifests, files, records, unfinished, foreign } = garbage;
  const all = [...manifests, ...files, ...records, ...unfinished];
  const size = formatSize(all.reduce((sum, object) => sum + object.size, 0));
  const parts = [
    counted(manifests.length, "snapshot"),
    counted(files.length, "file"),
    counted(unfinished.length, "unfinished write"),
    counted(folders.length, "leftover folder"),
  ];
  return [
    ...(list ? [...manifests, ...files, ...records].map(({ key }) => key) : []),
    ...(list ? [...unfinished.map(({ name }) => name), ...folders] : []),
    `${dryRun ? "would delete" : "deleted"} ${parts.join(", ")}: ${size}`,
    `kept ${counted(kept.length, "snapshot")}: ${kept.join(", ")}`,
    ...(foreign.length > 0 ? [foreignText(foreign)] : []),
  ].join("\n");
}

/** So many folders are named. */
const MOST_FOLDERS = 5;

/** What lies in the lake without being its own: how much, where, and what to do about it. */
export function foreignText(foreign: ForeignObject[]): string {
  const folders = new Map<string, ForeignObject[]>();
  for (const object of foreign) {
    const folder = object.name.split("/").slice(0, 2).join("/");
    folders.set(folder, [...folders.get(folder) ?? [], object]);
  }
  const places = [...folders.values()].map((objects) =>
    objects.length === 1 ? objects[0]!.name : `${objects[0]!.name} and ${objects.length - 1} more beside it`
  );
  const shown = places.slice(0, MOST_FOLDERS);
  const more = places.length - shown.length;
  const size = formatSize(foreign.reduce((sum, object) => sum + object.size, 0));
  return `kept ${counted(foreign.length, "object")} that this lake did not write, ${size}: ${
    shown.join("; ")
  }${more > 0 ? `; and in ${counted(more, "other folder")}` : ""}. Garbage collection never deletes them. ` +
    "Delete what is left over yourself; a prefix of its own for the lake (SHOPFLOW_LAKE) keeps others' files apart.";
}
