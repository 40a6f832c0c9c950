import { isLog, JOBS, strayParts } from "shopflow/jobs/mod.ts";
import type { ObjectStat } from "shopflow/lake/mod.ts";
import { QUARANTINE } from "shopflow/warehouse/mod.ts";
import type { Pipeline } from "./context.ts";
import { removeGarbage } from "./lake/remove_garbage.ts";
import { counted, formatSize } from "./text_table.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** What `deno task lake gc` asks for. A month of daily snapshots, or a day of hourly ones and more. */
const RETENTION = { keep: 30, minimumAgeMs: DAY_MS };
/** So long logs and quarantined rows are kept. */
const KEPT_DAYS = 90;
const BATCH = 50;

/**
 * Removes what nothing needs: snapshots beyond the newest 30, files that no snapshot and no extract names, leftovers
 * of killed runs and schedulers, all of them older than 24 hours, and logs of scheduled runs and quarantined rows that
 * are older than 90 days.
 *
 * @throws {LakeError} when another run moved the lake's pointer meanwhile; the next run removes the rest.
 */
export const collectGarbage: Pipeline = async (context) => {
  const { store, runtime } = context;
  const { garbage, folders } = await removeGarbage(context, RETENTION);
  const ofJobs = await store.list(JOBS);
  const isOld = ({ modified }: ObjectStat) => modified < ago(runtime.now(), KEPT_DAYS * DAY_MS);
  // A backfilled slot's log is young, whichever time the slot is of.
  const logs = ofJobs.filter((object) => isLog(object.key) && isOld(object));
  const quarantined = (await store.list(QUARANTINE)).filter(isOld);
  const parts = await strayParts(store, ofJobs, ago(runtime.now(), RETENTION.minimumAgeMs));
  const gone = [...logs, ...quarantined, ...parts];
  for (let from = 0; from < gone.length; from += BATCH) {
    await Promise.all(gone.slice(from, from + BATCH).map(({ key }) => store.delete(key)));
  }
  const { kept, manifests, files, unfinished } = garbage;
  const counts = [
    counted(manifests.length, "snapshot"),
    counted(files.length, "file"),
    counted(unfinished.length, "unfinished write"),
    counted(folders.length, "leftover folder"),
    `${counted(logs.length, "piece")} of logs and ${
      counted(quarantined.length, "file")
    } of quarantine older than ${KEPT_DAYS} days`,
    `${counted(parts.length, "stray part")} of the ledger`,
  ];
  const removed = [...manifests, ...files, ...unfinished, ...gone];
  const size = formatSize(removed.reduce((sum, { size }) => sum + size, 0));
  return {
    status: removed.length + folders.length === 0 ? "unchanged" : "done",
    summary: `removed ${counts.join(", ")}: ${size}; ${counted(kept.length, "snapshot")} kept`,
  };
};

const ago = (now: Date, ms: number) => new Date(now.getTime() - ms);
