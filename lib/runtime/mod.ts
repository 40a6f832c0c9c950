/** Clock, randomness, logging, progress, retries, formats and files. */
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
  isLogged,
  LOG_LEVELS,
  type Logger,
  type Progress,
  type Random,
  type Runtime,
  setLogLevel,
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
