/** The lake: extracts, snapshots and which of them is current. */
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
export {
  type CurrentSnapshot,
  currentSnapshot,
  currentSnapshotId,
  type InputFile,
  type Lineage,
  type Manifest,
  publishSnapshot,
  readManifest,
  type SnapshotTable,
  type TableFile,
} from "./snapshots.ts";
export {
  keepRawQuarantine,
  quarantinedText,
  type RawQuarantine,
  readRawQuarantine,
} from "./raw_quarantine.ts";
export { publishedSince } from "./pointer.ts";
export {
  compareSnapshots,
  findSnapshot,
  listSnapshots,
  rollBack,
  rolledBackSnapshots,
  type SnapshotSummary,
  type TableDifference,
} from "./history.ts";
