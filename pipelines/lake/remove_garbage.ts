import { collectGarbage, type Garbage, type Retention } from "shopflow/lake/mod.ts";
import type { PipelineContext } from "../context.ts";
import { leftoverFolders } from "./leftover_folders.ts";

/** What a collection removed. */
export interface Removed {
  garbage: Garbage;
  /** Working folders of pipelines that were killed. */
  folders: string[];
}

export const NO_GARBAGE: Garbage = { kept: [], manifests: [], files: [], unfinished: [] };

/**
 * Removes old snapshots, files that nothing names, and working folders of killed pipelines.
 *
 * @throws {LakeError} when another run moved the lake's pointer meanwhile.
 */
export async function removeGarbage(
  { config, store, runtime }: Pick<PipelineContext, "config" | "store" | "runtime">,
  retention: Retention,
): Promise<Removed> {
  const folders = await leftoverFolders(config.home, ageLimit(runtime.now(), retention));
  // First: where the disk is full, this makes room for what the rest has to write.
  for (const folder of folders) await removeFolder(folder);
  const garbage = await collectGarbage(store, retention, runtime.now) ?? NO_GARBAGE;
  return { garbage, folders };
}

/** Another collection, or a pipeline that starts, may do the same. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What was changed before it is old enough to be removed. */
export const ageLimit = (now: Date, { minimumAgeMs }: Retention) => new Date(now.getTime() - minimumAgeMs);
