import type { Runtime } from "shopflow/runtime/mod.ts";
import type { KernelClient } from "./jupyter/kernel_client.ts";
import { CANCELLED } from "./jupyter/kernel_failures.ts";
import type { CodeCell, ErrorOutput, Notebook } from "./nbformat.ts";
import type { ExecutedNotebook, RunRecord } from "./run_record.ts";

export interface TimeLimits {
  /** Milliseconds that one cell may take. Default ten minutes. */
  cellTimeout?: number;
  /** Milliseconds that the whole notebook may take. Default one hour. */
  timeout?: number;
}

interface CellsOptions extends TimeLimits {
  /** Ends the cell that runs, with the kernel. */
  signal?: AbortSignal;
}

/**
 * Runs the code cells from top to bottom, up to the first that fails, and writes outputs, counts and times into them.
 * Late outputs are still added until the kernel is closed.
 */
export async function runCells(
  notebook: ExecutedNotebook,
  kernel: KernelClient,
  runtime: Runtime,
  { cellTimeout = 600_000, timeout = 3_600_000, signal }: CellsOptions,
): Promise<void> {
  const cells = notebook.cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && cell.source.trim() !== ""
  );
  const bar = runtime.progress.start(
    `notebook ${notebook.metadata.shopflow.notebook}`,
    cells.length,
    "cells",
  );
  const deadline = performance.now() + timeout;
  let done = 0;
  let error: ErrorOutput | undefined;
  for (const cell of cells) {
    const left = Math.max(0, deadline - performance.now());
    const limit = left < cellTimeout
      ? { timeout: left, overtime: `the notebook took longer than ${timeout / 1000} s` }
      : { timeout: cellTimeout };
    error = await runCell(cell, kernel, runtime, { ...limit, signal });
    if (error) break;
    bar.update(++done);
  }
  const end = error ? `, then ${error.ename === CANCELLED ? "it was cancelled" : "one failed"}` : "";
  bar.finish(`${done} of ${cells.length} cells${end}`);
}

/** The first cell with an error; looked for when the kernel is closed, since a rejected promise may come late. */
export function findFailure({ cells }: Pick<Notebook, "cells">): RunRecord["failure"] {
  for (const cell of cells) {
    const error = cell.cell_type === "code" && cell.outputs.find((output) => output.output_type === "error");
    if (error) return { cellId: cell.id, ename: error.ename, evalue: error.evalue };
  }
}

async function runCell(
  cell: CodeCell,
  kernel: KernelClient,
  runtime: Runtime,
  limit: { timeout: number; overtime?: string; signal?: AbortSignal },
): Promise<ErrorOutput | undefined> {
  const startedAt = runtime.now().toISOString();
  const clock = performance.now();
  // The list itself, not a copy: what is saved meanwhile shows its outputs so far, and late ones are added to it.
  const { executionCount, error } = await kernel.execute(cell.source, { ...limit, outputs: cell.outputs });
  cell.execution_count = executionCount;
  cell.metadata.shopflow = { startedAt, milliseconds: Math.round(performance.now() - clock) };
  return error;
}
