/** Time, randomness, logging, progress and processes: what a test must be able to hold still. */
export {
  countOf,
  escapeHtml,
  formatBytes,
  formatCount,
  formatDuration,
  formatTime,
  formatTimestamp,
} from "./format.ts";
export { type Backoff, backoffMs, delay, retry } from "./retry.ts";
export { mapConcurrently } from "./concurrency.ts";
export {
  createLogger,
  createRandom,
  createRuntime,
  type Logger,
  type Progress,
  type Random,
  type Runtime,
  silentProgress,
} from "./runtime.ts";
export {
  codeVersion,
  fileExists,
  isFile,
  leftoverFolders,
  makeWorkingFolder,
  workingFolders,
  writeAll,
} from "./files.ts";
export { type GuardedProcess, type Lease, startGuarded } from "./process/guarded_process.ts";
