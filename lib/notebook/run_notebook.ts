import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash, randomBytes } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { kernelEnvironment, type KernelLake } from "./jupyter/kernel_environment.ts";
import { openKernel } from "./jupyter/kernel_client.ts";
import type { Notebook } from "./nbformat.ts";
import { formatNotebook, readNotebook } from "./notebook_file.ts";
import { injectParameters, type Parameters, readParameters } from "./parameters.ts";
import { findFailure, runCells, type TimeLimits } from "./run_cells.ts";
import { type ExecutedNotebook, runKey, type RunRecord } from "./run_record.ts";
import { requireDenoKernel } from "./kernelspec.ts";

export interface RunOptions extends TimeLimits {
  /** Values that replace the notebook's own. */
  parameters?: Parameters;
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
      // Where `lake gc` finds it, if this process is killed while the kernel starts.
      temporaryFolder: join(context.config.home, "tmp"),
    });
    try {
      await runCells(notebook, kernel, context.runtime, options);
    } finally {
      await kernel.close();
      record.reads = kernel.reads;
    }
    record.failure = findFailure(notebook);
    if (record.failure) record.status = "failed";
  } catch (error) {
    record.status = "failed";
    record.failure = { cellId: "", ename: "KernelError", evalue: String(error) };
    throw error;
  } finally {
    record.milliseconds = Math.round(performance.now() - clock);
    await context.store.put(key, new TextEncoder().encode(formatNotebook(notebook)));
  }
  return { notebook, record, key };
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
