import type { ObjectStat, ObjectStore } from "shopflow/lake/mod.ts";
import { isLog, JOBS } from "shopflow/jobs/mod.ts";
import type { Pipeline } from "./context.ts";
import { removeGarbage } from "./lake/remove_garbage.ts";
import { counted, formatSize } from "./lake/text_table.ts";

const HOUR_MS = 60 * 60 * 1000;
/** What `deno task lake gc` asks for. A month of daily snapshots, or a day of hourly ones and more. */
const RETENTION = { keep: 30, minimumAgeMs: 24 * HOUR_MS };
const LOG_DAYS = 90;
const BATCH = 50;

/**
 * Removes what nothing needs: snapshots beyond the newest 30, files that no snapshot and no extract names, leftovers
 * of killed runs, all of them older than 24 hours, and logs of scheduled runs that are older than 90 days.
 *
 * @throws {LakeError} when another run moved the lake's pointer meanwhile; the next run removes the rest.
 */
export const collectGarbage: Pipeline = async (context) => {
  const { store, runtime } = context;
  const { garbage, folders } = await removeGarbage(context, RETENTION);
  const logs = await oldLogs(store, new Date(runtime.now().getTime() - LOG_DAYS * 24 * HOUR_MS));
  for (let from = 0; from < logs.length; from += BATCH) {
    await Promise.all(logs.slice(from, from + BATCH).map(({ key }) => store.delete(key)));
  }
  const { kept, manifests, files, unfinished } = garbage;
  const parts = [
    counted(manifests.length, "snapshot"),
    counted(files.length, "file"),
    counted(unfinished.length, "unfinished write"),
    counted(folders.length, "leftover folder"),
    `${counted(logs.length, "piece")} of logs older than ${LOG_DAYS} days`,
  ];
  const removed = [...manifests, ...files, ...unfinished, ...logs];
  const size = formatSize(removed.reduce((sum, { size }) => sum + size, 0));
  return {
    status: removed.length + folders.length === 0 ? "unchanged" : "done",
    summary: `removed ${parts.join(", ")}: ${size}; ${counted(kept.length, "snapshot")} kept`,
  };
};

/** Pieces of logs that were written before a time, whichever slot they are of: a backfilled slot's log is young. */
async function oldLogs(store: ObjectStore, before: Date): Promise<ObjectStat[]> {
  return (await store.list(JOBS)).filter(({ key, modified }) => isLog(key) && modified < before);
}
