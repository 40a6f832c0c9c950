import type { Garbage } from "shopflow/lake/mod.ts";
import { counted, formatSize } from "../text_table.ts";

/** What a garbage collection did or would do, for a terminal. */
export function garbageText(
  garbage: Garbage,
  folders: string[],
  { dryRun, list }: { dryRun: boolean; list: boolean },
): string {
  const { kept, manifests, files, unfinished } = garbage;
  const all = [...files, ...unfinished];
  const size = formatSize([...manifests, ...all].reduce((sum, object) => sum + object.size, 0));
  const parts = [
    counted(manifests.length, "snapshot"),
    counted(files.length, "file"),
    counted(unfinished.length, "unfinished write"),
    counted(folders.length, "leftover folder"),
  ];
  return [
    ...(list ? [...manifests, ...files].map(({ key }) => key) : []),
    ...(list ? [...unfinished.map(({ name }) => name), ...folders] : []),
    `${dryRun ? "would delete" : "deleted"} ${parts.join(", ")}: ${size}`,
    `kept ${counted(kept.length, "snapshot")}: ${kept.join(", ")}`,
  ].join("\n");
}
