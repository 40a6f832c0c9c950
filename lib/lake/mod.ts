/** The data lake: an object store, and immutable snapshots of tables published in it. */
export type { ObjectStat, ObjectStore, StoredObject, UnfinishedWrite } from "./object_store.ts";
export { createDirectoryStore } from "./directory_store.ts";
export { changedFile, fileSha256, isWhole, refuseDamaged, verifiedPath } from "./damaged_files.ts";
export { type LakeConfig, openStore } from "./open_store.ts";
export { guardPresence, type PresenceOptions } from "./lake_presence.ts";
export { readOnlyStore } from "./read_only_store.ts";
export { encodeSealedJson, readSealedJson, sealed, type SealOptions } from "./sealed_json.ts";
export { decodeJson, encodeJson, readJson, swapJson } from "./json_object.ts";
export {
  type CurrentSnapshot,
  currentSnapshot,
  currentSnapshotId,
  filesOf,
  type Lineage,
  type Manifest,
  publishSnapshot,
  readManifest,
  type SnapshotTable,
  type TableFile,
} from "./snapshots.ts";
export {
  currentRawExtract,
  currentRawVersion,
  publishRawExtract,
  type RawExtract,
  type RawFigures,
  type RawFile,
  rawKey,
  type RawTable,
  readRawExtract,
} from "./raw_extract.ts";
export { findSnapshot, listSnapshots, type SnapshotSummary, withdrawnSnapshots } from "./snapshot_history.ts";
export { type Rollback, rollBack } from "./rollback.ts";
export { compareSnapshots, type TableDifference } from "./compare_snapshots.ts";
export { type ForeignObject, type Garbage, objectsBeforeLake, type Retention } from "./garbage.ts";
export { openWriteRecord, type WriteRecord } from "./write_records.ts";
export { collectGarbage, plannedGarbage } from "./collect_garbage.ts";
export { publishedSince, readPointer } from "./snapshot_pointer.ts";
export { createOverlayStore } from "./overlay_store.ts";
export { moveWatermarks, readWatermarks, type Watermark, type Watermarks } from "./watermarks.ts";
