/** The lake: extracts, snapshots and what is beside them. */
export {
  currentRawVersion,
  moveWatermarks,
  publishRawExtract,
  type RawExtract,
  type RawFile,
  rawKey,
  type RawTable,
  readRawExtract,
} from "./raw.ts";
export { publishedSince } from "./pointer.ts";
export {
  findSnapshot,
  listSnapshots,
  rollBack,
  type SnapshotSummary,
  withdrawnSnapshots,
} from "./history.ts";
export { compareSnapshots, type TableDifference } from "./compare.ts";
export { openWriteRecord, type WriteRecord } from "./gc/write_records.ts";
export { type ForeignObject, type Garbage, objectsBeforeLake, type Retention } from "./gc/garbage.ts";
export { collectGarbage, plannedGarbage } from "./gc/collect.ts";
export { changedFile, fileSha256, isWhole, refuseDamaged, verifiedPath } from "./damaged_files.ts";
export {
  type CurrentSnapshot,
  currentSnapshot,
  currentSnapshotId,
  type Lineage,
  type Manifest,
  publishSnapshot,
  readManifest,
  type SnapshotTable,
  type TableFile,
} from "./snapshots.ts";
