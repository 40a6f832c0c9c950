import { collectGarbage, type Garbage, type Retention } from "shopflow/lake/gc/mod.ts";
import { leftoverFolders } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../context.ts";

/** What a collection removed. */
interface Removed {
  garbage: Garbage;
  /** Working folders of pipelines that were killed. */
  folders: string[];
}

export const NO_GARBAGE: Garbage = {
  kept: [],
  manifests: [],
  files: [],
  records: [],
  unfinished: [],
  foreign: [],
};

/**
 * Removes old snapshots, files of the lake that nothing names, and working folders of killed pipelines.
 *
 * @throws {LakeError} when another run moved the lake's pointer meanwhile.
 */
export async function removeGarbage(
  { config, store, runtime }: Pick<PipelineContext, "config" | "store" | "runtime">,
  retention: Retention,
): Promise<Removed> {
  const folders = await leftoverFolders(config.home, ageLimit(runtime.now(), retention));
  // First: where the disk is full, this frees space for what the rest has to write.
  for (const folder of folders) await folder.remove();
  const garbage = await collectGarbage(store, retention, runtime.now) ?? NO_GARBAGE;
  return { garbage, folders: folders.map(({ path }) => path) };
}

/** What was changed before it is old enough to be removed. */
export const ageLimit = (now: Date, { minimumAgeMs }: Retention) => new Date(now.getTime() - minimumAgeMs);
