/** Processes of runs: each ends with its scheduler, within its time, and with its output in the lake. */
export { exitReason, formatDuration, type ProcessResult, type ProgramCall } from "./process_result.ts";
export { type ProcessOptions, runProcess } from "./run_process.ts";
export type { AttemptName } from "./log_chunk.ts";
export { openRunLog, type RunLog, type RunLogEnd, type RunLogOptions } from "./run_log.ts";
export { type FollowOptions, followRunLog, readRunLog } from "./read_run_log.ts";
export { runStep, type StepOptions } from "./run_step.ts";
export { stepExecutor, type StepExecutorOptions } from "./execute_steps.ts";
