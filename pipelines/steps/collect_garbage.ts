import { findOldLogs } from "shopflow/jobs/ledger/mod.ts";
import type { ObjectStat, ObjectStore } from "shopflow/lake/store/mod.ts";
import { quarantinedObjects } from "shopflow/warehouse/mod.ts";
import type { Pipeline } from "../context.ts";
import { keptText, registryCounts } from "../commands/lake_text.ts";
import { removeGarbage } from "./remove_garbage.ts";
import { countOf, formatBytes, mapConcurrently } from "shopflow/runtime/mod.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** What `deno task lake gc` asks for. A month of daily snapshots, or a day of hourly ones and more. */
const RETENTION = { keep: 30, minimumAgeMs: DAY_MS };
/** So long logs and quarantined rows are kept. */
const KEPT_DAYS = 90;
const DELETIONS_AT_ONCE = 50;

/**
 * Removes what the lake wrote and nothing needs: snapshots beyond the newest 30, files that no snapshot and no extract
 * names, model versions and score tables beyond those that the settings keep, leftovers of killed runs and schedulers, all of them older than 24 hours, and logs of scheduled runs and
 * quarantined rows that are older than 90 days. What other programs wrote is kept and named.
 *
 * @throws {LakeError} when another run moved the lake's pointer meanwhile; the next run removes the rest.
 */
export const collectGarbage: Pipeline = async (context) => {
  const { store, runtime } = context;
  const logs = ago(runtime.now(), KEPT_DAYS * DAY_MS);
  // First, since nothing has to be written for it: where the disk is full, it frees space for the rest.
  const old = await removeOld(store, logs);
  const { garbage, registry, folders } = await removeGarbage(context, RETENTION);
  const { kept, manifests, files, unfinished } = garbage;
  const counts = [
    countOf(manifests.length, "snapshot"),
    countOf(files.length, "file"),
    ...registryCounts(registry),
    countOf(unfinished.length, "unfinished write"),
    countOf(folders.length, "leftover folder"),
    `${countOf(old.logs.length, "piece")} of logs and ${
      countOf(old.quarantined.length, "file")
    } of quarantine older than ${KEPT_DAYS} days`,
  ];
  const removed = [
    ...manifests,
    ...files,
    ...registry.versions,
    ...registry.scoreTables,
    ...unfinished,
    ...old.logs,
    ...old.quarantined,
  ];
  const size = formatBytes(removed.reduce((sum, { size }) => sum + size, 0));
  const foreign = [...garbage.foreign, ...old.foreign.map(({ key, size }) => ({ name: key, size }))]
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const others = foreign.length === 0 ? "" : `; ${keptText(foreign)}`;
  return {
    status: removed.length + folders.length === 0 ? "unchanged" : "done",
    summary: `removed ${counts.join(", ")}: ${size}; ${countOf(kept.length, "snapshot")} kept${others}`,
  };
};

/** Removes logs and quarantined rows that were written before a time. */
async function removeOld(
  store: ObjectStore,
  before: Date,
): Promise<{ logs: ObjectStat[]; quarantined: ObjectStat[]; foreign: ObjectStat[] }> {
  const { logs, foreign: amongLogs } = await findOldLogs(store, before);
  const { runs, foreign } = await quarantinedObjects(store);
  const oldRuns = runs.filter((objects) => objects.every(({ modified }) => modified < before));
  await deleteAll(store, logs);
  // Without its summary a file would not be known as ours, if this run is killed.
  await deleteAll(store, oldRuns.flatMap((objects) => objects.slice(0, -1)));
  await deleteAll(store, oldRuns.flatMap((objects) => objects.slice(-1)));
  return { logs, quarantined: oldRuns.flat(), foreign: [...amongLogs, ...foreign] };
}

async function deleteAll(store: ObjectStore, objects: ObjectStat[]): Promise<void> {
  await mapConcurrently(objects, DELETIONS_AT_ONCE, ({ key }) => store.delete(key));
}

const ago = (now: Date, ms: number) => new Date(now.getTime() - ms);
