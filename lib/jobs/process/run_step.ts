import { exitReason, formatDuration, type ProcessResult, type ProgramCall } from "./process_result.ts";
import type { RunLog } from "./run_log.ts";
import { type ProcessOptions, runProcess } from "./run_process.ts";

export interface StepOptions extends Omit<ProcessOptions, "onLine"> {
  /** Receives what the program prints, between a line with its command and one with its outcome. */
  log: RunLog;
}

/** Runs a step's program in a process of its own, with its output in the run's log. */
export async function runStep(
  program: ProgramCall,
  { log, ...options }: StepOptions,
): Promise<ProcessResult> {
  const { mask = (line: string) => line } = options;
  log.write(mask(`$ ${[program.program, ...program.args].map(quoted).join(" ")}`));
  const ended = await runProcess(program, { ...options, onLine: (line) => log.write(line) });
  const { milliseconds, peakBytes } = ended;
  const memory = peakBytes === undefined ? "" : `, peak memory ${Math.ceil(peakBytes / 1e6)} MB`;
  log.write(mask(`= ${exitReason(ended)}; took ${formatDuration(milliseconds)}${memory}`));
  return ended;
}

/** An argument as a shell would want it, for reading and copying. */
function quoted(argument: string): string {
  return /^[\w./:=@%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
