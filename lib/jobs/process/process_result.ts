/** A program to start, without a shell. */
export interface ProgramCall {
  program: string;
  args: string[];
  /** Working directory. */
  cwd: string;
  /** Added to the environment. */
  env?: Record<string, string>;
}

/** How a process came to its end. */
export interface ProcessResult {
  ended:
    /** By itself, or by a signal that is not ours. */
    | "exited"
    | "timed out"
    | "cancelled"
    /** By its guard, for want of a sign of life of the scheduler. */
    | "unattended"
    | "not started";
  /** Null where a signal killed it, or it did not start. */
  exitCode: number | null;
  /** Name of the signal that killed it. */
  killedBy: string | null;
  /** `reason` of the signal that cancelled it. */
  cancelReason?: unknown;
  /** Why it could not be started. */
  problem?: string;
  /** Largest resident memory of the process with all that it started, in bytes; where the system tells. */
  peakBytes?: number;
  /** The end of what it printed on both streams, masked. */
  lastLines: string[];
  milliseconds: number;
  /** The limit it had, in milliseconds. */
  timeoutMs: number;
}

/** Why a process ended, in a few words for the ledger, e.g. `exit code 3`. */
export function exitReason(result: ProcessResult): string {
  switch (result.ended) {
    case "not started":
      return `it could not be started: ${result.problem ?? "for an unknown reason"}`;
    case "timed out":
      return `ended after its limit of ${formatDuration(result.timeoutMs)}`;
    case "cancelled":
      return `cancelled: ${cancelled(result.cancelReason)}`;
    case "unattended":
      return "ended by its guard, since its scheduler gave no sign of life";
    case "exited":
      if (result.killedBy === "SIGKILL") return "killed by SIGKILL, perhaps for want of memory";
      return result.killedBy === null ? `exit code ${result.exitCode}` : `killed by ${result.killedBy}`;
  }
}

/** Of an abort without a reason of its own the system's words say nothing. */
function cancelled(reason: unknown): string {
  if (reason instanceof DOMException && reason.name === "AbortError") return "on request";
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : "on request";
}

/** `850 ms`, `12.3 s`, `5 minutes`, `1 hour 30 minutes`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 60) return `${seconds} s`;
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [
    whole % 60,
    "second",
  ]] as const;
  return parts.filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`).join(" ");
}
