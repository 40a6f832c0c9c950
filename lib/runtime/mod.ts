/** Time, randomness, logging and progress: what a test must be able to hold still. */
export { createRuntime, type Runtime } from "./runtime.ts";
export { createRandom, type Random } from "./random.ts";
export { createLogger, type Logger } from "./logger.ts";
export { createProgress, type Progress, type ProgressBar, silentProgress } from "./progress.ts";
export { fileExists } from "./file_exists.ts";
export { writeAll } from "./write_all.ts";
export { isFile } from "./is_file.ts";
export { type GuardedOptions, type GuardedProcess, startGuarded } from "./guarded_process.ts";
export type { Lease } from "./lease.ts";
export { codeVersion } from "./code_version.ts";
export { type LeftoverFolder, leftoverFolders, makeWorkingFolder, workingFolders } from "./working_folder.ts";
