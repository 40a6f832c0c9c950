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
  const garbage = await collectGarbage(store, retention, runtime.now) ?? NO_GARBAGE;
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
  return { garbage, folders };
}

/** What was changed before it is old enough to be removed. */
export const ageLimit = (now: Date, { minimumAgeMs }: Retention) => new Date(now.getTime() - minimumAgeMs);
