import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, resolve } from "node:path";
import { kernelEnvironment, type KernelLake } from "./jupyter/kernel_environment.ts";
import { type KernelClient, openKernel } from "./jupyter/kernel_client.ts";
import type { CodeCell, ErrorOutput, Notebook } from "./nbformat.ts";
import { formatNotebook, readNotebook } from "./notebook_file.ts";
import { injectParameters, type Parameters, readParameters } from "./parameters.ts";
import { type ExecutedNotebook, runKey, type RunRecord } from "./run_record.ts";
import { requireDenoKernel } from "./kernelspec.ts";

export interface RunOptions {
  /** Values that replace the notebook's own. */
  parameters?: Parameters;
  /** Milliseconds that one cell may take. Default ten minutes. */
  cellTimeout?: number;
  /** Milliseconds that the whole notebook may take. Default one hour. */
  timeout?: number;
}

/** Where a run is kept and what it works with. */
export interface RunContext {
  store: ObjectStore;
  config: KernelLake;
  runtime: Runtime;
}

/** An executed notebook and its place in the store. */
export interface NotebookRun {
  notebook: ExecutedNotebook;
  record: RunRecord;
  /** Key of the output notebook. */
  key: string;
}

const CELL_TIMEOUT = 600_000;
const NOTEBOOK_TIMEOUT = 3_600_000;

/**
 * Runs a notebook from top to bottom in a Deno kernel whose working directory is the notebook's folder, up to the
 * first cell that fails, and keeps the executed notebook in the store. A failing cell is a result, not an
 * exception: see the record's status.
 *
 * @throws {NotebookError} when the file cannot be read, a parameter does not fit, or the kernel does not start.
 */
export async function runNotebook(
  path: string,
  context: RunContext,
  options: RunOptions = {},
): Promise<NotebookRun> {
  const source = await readNotebook(path);
  requireDenoKernel(source, path);
  const { parameters = {} } = options;
  const prepared = injectParameters(withoutOutputs(source), parameters);
  const started = context.runtime.now();
  const record: RunRecord = {
    notebook: basename(path, ".ipynb"),
    notebookSha256: createHash("sha256").update(await Deno.readFile(path)).digest("hex"),
    runId: newRunId(started),
    status: "succeeded",
    parameters: { ...declaredValues(source), ...parameters },
    startedAt: started.toISOString(),
    milliseconds: 0,
    reads: [],
  };
  const notebook: ExecutedNotebook = { ...prepared, metadata: { ...prepared.metadata, shopflow: record } };
  const clock = performance.now();
  const key = runKey(record.notebook, record.runId);
  try {
    const kernel = await openKernel({
      cwd: dirname(resolve(path)),
      env: kernelEnvironment(context.config),
    });
    try {
      await runCells(notebook, kernel, context.runtime, options);
    } finally {
      await kernel.close();
      record.reads = kernel.reads;
    }
  } catch (error) {
    record.status = "failed";
    record.failure ??= {
      cellId: "",
      ename: "NotebookError",
      evalue: error instanceof Error ? error.message : String(error),
    };
    throw error;
  } finally {
    record.milliseconds = Math.round(performance.now() - clock);
    await context.store.put(key, new TextEncoder().encode(formatNotebook(notebook)));
  }
  return { notebook, record, key };
}

async function runCells(
  notebook: ExecutedNotebook,
  kernel: KernelClient,
  runtime: Runtime,
  { cellTimeout = CELL_TIMEOUT, timeout = NOTEBOOK_TIMEOUT }: RunOptions,
): Promise<void> {
  const record = notebook.metadata.shopflow;
  const cells = notebook.cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && cell.source.trim() !== ""
  );
  const bar = runtime.progress.start(`notebook ${record.notebook}`, cells.length, "cells");
  const deadline = performance.now() + timeout;
  let done = 0;
  for (const cell of cells) {
    const left = Math.max(0, Math.min(cellTimeout, deadline - performance.now()));
    const error = await runCell(cell, kernel, runtime, left);
    if (error) {
      const { ename, evalue } = error;
      record.status = "failed";
      record.failure = { cellId: cell.id, ename, evalue };
      break;
    }
    bar.update(++done);
  }
  bar.finish(`${done} of ${cells.length} cells${record.status === "failed" ? ", then one failed" : ""}`);
}

async function runCell(
  cell: CodeCell,
  kernel: KernelClient,
  runtime: Runtime,
  timeout: number,
): Promise<ErrorOutput | undefined> {
  const startedAt = runtime.now().toISOString();
  const clock = performance.now();
  const { executionCount, outputs, error } = await kernel.execute(cell.source, { timeout });
  cell.execution_count = executionCount;
  // Not copied: late outputs are added to this list until the kernel is closed.
  cell.outputs = outputs;
  cell.metadata.shopflow = { startedAt, milliseconds: Math.round(performance.now() - clock) };
  return error;
}

function withoutOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code"
      ? { ...cell, metadata: { ...cell.metadata }, execution_count: null, outputs: [] }
      : cell
  );
  return { ...notebook, cells };
}

const declaredValues = (notebook: Notebook): Parameters =>
  Object.fromEntries(readParameters(notebook).map(({ name, value }) => [name, value]));

/** Sorts by time, and differs for runs of the same second. */
function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}-${randomBytes(3).toString("hex")}`;
}
