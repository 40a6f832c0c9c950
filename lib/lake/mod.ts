/** The lake: extracts, snapshots and which of them is current. */
export {
  acceptRawExtract,
  currentRawVersion,
  isMadeOf,
  moveWatermarks,
  publishRawExtract,
  type RawExtract,
  type RawFile,
  rawInputs,
  rawKey,
  type RawState,
  type RawTable,
  readRawExtract,
  refuseRawExtract,
  stateOf,
} from "./raw.ts";
export {
  type CurrentSnapshot,
  currentSnapshot,
  currentSnapshotId,
  type InputFile,
  type Lineage,
  type Manifest,
  publishSnapshot,
  type RawRun,
  readManifest,
  type SnapshotTable,
  type TableFile,
} from "./snapshots.ts";
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
