/** The processes of a run and what they print. */
export { openRunLog } from "./run_log.ts";
export { followRunLog, readRunLog } from "./read_log.ts";
export type { ProgramCall } from "./process.ts";
export { stepExecutor } from "./steps.ts";
