import { collectGarbage, type Garbage, plannedGarbage, type Retention } from "shopflow/lake/gc/mod.ts";
import {
  findRegistryGarbage,
  type RegistryGarbage,
  type RegistryRetention,
  removeRegistryGarbage,
} from "shopflow/ml/registry/gc/mod.ts";
import { openFeatureCache } from "shopflow/ml/features/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { leftoverFolders } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../context.ts";

/** What a collection removed. */
export interface Removed {
  garbage: Garbage;
  /** Model versions and score tables. */
  registry: RegistryGarbage;
  /** Working folders of pipelines that were killed. */
  folders: string[];
}

const NO_GARBAGE: Garbage = {
  kept: [],
  manifests: [],
  files: [],
  records: [],
  unfinished: [],
  foreign: [],
};

/**
 * Removes old snapshots, files of the lake that nothing names, model versions and score tables that nothing needs,
 * working folders of killed pipelines, and cached features of snapshots that are gone.
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
  const found = await findRegistryGarbage(store, registryRetention(config, retention), runtime.now());
  const registry = await removeRegistryGarbage(store, found);
  const cache = openFeatureCache(config, { warn: runtime.log.warn });
  // A table of a snapshot that is gone is never read again.
  if (garbage !== NO_GARBAGE) await cache?.keepOnly(garbage.kept);
  return { garbage, registry, folders: folders.map(({ path }) => path) };
}

/** What {@linkcode removeGarbage} would remove; nothing is changed. */
export async function planGarbage(
  { config, store, runtime }: Pick<PipelineContext, "config" | "store" | "runtime">,
  retention: Retention,
): Promise<Removed> {
  const now = runtime.now();
  const folders = await leftoverFolders(config.home, ageLimit(now, retention));
  return {
    garbage: await plannedGarbage(store, retention, now) ?? NO_GARBAGE,
    registry: await findRegistryGarbage(store, registryRetention(config, retention), now),
    folders: folders.map(({ path }) => path),
  };
}

const registryRetention = (
  { keep }: PipelineContext["config"],
  { minimumAgeMs }: Retention,
): RegistryRetention => ({
  keepVersions: keep.models,
  keepScores: keep.scores,
  monitored: MODELS.flatMap(({ monitoring, scoreTable }) =>
    monitoring === undefined ? [] : [scoreTable.name]
  ),
  minimumAgeMs,
});

/** What was changed before it is old enough to be removed. */
const ageLimit = (now: Date, { minimumAgeMs }: Retention) => new Date(now.getTime() - minimumAgeMs);
