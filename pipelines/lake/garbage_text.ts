import type { ForeignObject, Garbage } from "shopflow/lake/mod.ts";
import { counted, formatSize } from "../text_table.ts";

/** What a garbage collection did or would do, for a terminal. */
export function garbageText(
  garbage: Garbage,
  folders: string[],
  { dryRun, list }: { dryRun: boolean; list: boolean },
): string {
  const { kept, manifests, files, records, unfinished, foreign } = garbage;
  const all = [...manifests, ...files, ...unfinished];
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
    ...(foreign.length > 0 ? [keptText(foreign)] : []),
  ].join("\n");
}

/** What a collection kept since the lake did not write it, and what to do about it. */
export const keptText = (foreign: ForeignObject[]) =>
  `kept ${foreignText(foreign)}. Delete what is not needed yourself; a prefix of its own for the lake ` +
  "(SHOPFLOW_LAKE) keeps others' files apart.";

/** So many folders are named. */
const MOST_FOLDERS = 5;

/** How many objects the lake did not write, how large they are, and where. */
export function foreignText(foreign: ForeignObject[]): string {
  const folders = new Map<string, ForeignObject[]>();
  for (const object of foreign) {
    const folder = folderOf(object);
    const objects = folders.get(folder);
    if (objects === undefined) folders.set(folder, [object]);
    else objects.push(object);
  }
  const places = [...folders.values()].map((objects) =>
    objects.length === 1
      ? objects[0]!.name
      : `${objects[0]!.name} and ${objects.length - 1} more in ${folderOf(objects[0]!)}/`
  );
  const shown = places.slice(0, MOST_FOLDERS);
  const more = places.length - shown.length;
  const size = formatSize(foreign.reduce((sum, object) => sum + object.size, 0));
  return `${counted(foreign.length, "object")} that this lake did not write, ${size}: ${shown.join("; ")}${
    more > 0 ? `; and in ${counted(more, "other folder")}` : ""
  }`;
}

const folderOf = ({ name }: ForeignObject) => name.split("/").slice(0, -1).slice(0, 2).join("/");
