/** How a cell ends that the kernel could not finish, as the error outputs that its readers see. */
import type { ErrorOutput } from "../format/nbformat.ts";

/**
 * The kernel's process ended.
 *
 * @param reason How, e.g. by which signal.
 */
export const died = (reason: string): ErrorOutput => ({
  output_type: "error",
  ename: "KernelDied",
  evalue: `the kernel ended while it ran this cell (${reason})`,
  traceback: [
    `The kernel ended while it ran this cell: ${reason}.`,
    "Typical causes are Deno.exit(), a crash of a native library, or too little memory.",
  ],
});

/** What came from the kernel was no message that can be read. */
export const protocolError = (error: unknown): ErrorOutput => ({
  output_type: "error",
  ename: "KernelProtocolError",
  evalue: error instanceof Error ? error.message : String(error),
  traceback: ["What came from the kernel could not be read.", String(error)],
});

/**
 * The cell or its notebook took too long.
 *
 * @param overtime What is over, e.g. `the notebook took longer than 60 s`.
 */
export const timedOut = (overtime: string): ErrorOutput => ({
  output_type: "error",
  ename: "Timeout",
  evalue: overtime,
  traceback: [`The kernel was stopped because ${overtime}.`],
});

/** Name of the error of a cell that ran when its run was cancelled. */
export const CANCELLED = "Cancelled";

/**
 * The run was cancelled.
 *
 * @param reason Of the signal.
 */
export function cancelled(reason: unknown): ErrorOutput {
  const why = reason instanceof Error ? reason.message : String(reason);
  return {
    output_type: "error",
    ename: CANCELLED,
    evalue: `the run was cancelled (${why})`,
    traceback: [`The kernel was stopped because the run was cancelled: ${why}.`],
  };
}
