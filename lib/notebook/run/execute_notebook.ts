import { knowSecrets, NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { type Runtime, workingFolders } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { cancellable, runCells, startSaving, type TimeLimits } from "./cells.ts";
import type { CellProblem } from "../check/notebook_module.ts";
import { type CheckOptions, showProblems } from "../check/check_types.ts";
import { kernelEnvironment, type KernelLake, wantedVariables } from "../kernel/environment.ts";
import type { LineageEntry } from "../kernel/messages.ts";
import { openKernel } from "../kernel/client.ts";
import type { KernelOptions } from "../kernel/process.ts";
import { findKernel } from "../kernel/kernelspecs.ts";
import { DENO_KERNELSPEC, kernelNameOf, type Notebook } from "../format/nbformat.ts";
import {
  type ExecutedNotebook,
  markCancelled,
  markEnded,
  markFailed,
  markLineage,
  markStarted,
  newRun,
  type NotebookRun,
  RecordedFailure,
  repositoryState,
  type RunFile,
  type RunRecord,
} from "./record.ts";
import type { Parameters } from "../format/parameters.ts";

export interface ExecuteOptions extends TimeLimits, Pick<KernelOptions, "startTimeout" | "startTimer"> {
  /** Whether the types of the cells are checked before the run, in notebooks for the Deno kernel. Default true. */
  check?: boolean;
  /** Cancels the run: its kernel is ended, and the run saved as cancelled. */
  signal?: AbortSignal;
  /** The command that starts the run, for its record, e.g. `notebook publish`. */
  command?: string;
  /** Is called when the run has its record in the store, before its kernel starts. */
  onStart?: (record: RunRecord) => Promise<void>;
}

/** Where a run is kept and what it works with. */
export interface RunContext {
  store: ObjectStore;
  config: KernelLake & { run?: { name: string } | undefined };
  runtime: Runtime;
  /** Where kernels are looked for, and what notebooks may ask for; default: the environment of this program. */
  env?: Record<string, string>;
}

/** A notebook that is ready to be run. */
interface PreparedNotebook {
  /** Without outputs, with its parameters injected. */
  notebook: Notebook;
  file: RunFile;
  /** Working directory of the kernel. */
  folder: string;
  /** All parameters with the values of this run, for the record. */
  parameters: Parameters;
  /** The rules that gave parameters their values, for the record. */
  parameterRules?: Record<string, string> | undefined;
  /** What the notebook reads where it names no version itself. */
  pinnedVersions?: LineageEntry[] | undefined;
  rerunOf?: string;
}

/**
 * Runs a prepared notebook and keeps it, see `runNotebook`.
 *
 * @throws {RecordedFailure} when there is no such kernel or it does not start.
 */
export async function executeNotebook(
  prepared: PreparedNotebook,
  context: RunContext,
  options: ExecuteOptions = {},
): Promise<NotebookRun> {
  const { file, parameters, parameterRules = {}, rerunOf } = prepared;
  if (context.env !== undefined) knowSecrets(context.env);
  const env = wantedVariables(prepared.notebook, file.path);
  const { report } = (prepared.notebook.metadata.shopflow ?? {}) as { report?: unknown };
  const notebook = newRun(prepared.notebook, file, context.runtime, {
    parameters,
    ...(Object.keys(parameterRules).length > 0 && { parameterRules }),
    ...(report !== undefined && { report }),
    ...(env.length > 0 && { env }),
    ...(rerunOf && { rerunOf }),
    ...startedBy(options.command, context.config.run?.name),
  });
  const record = notebook.metadata.shopflow;
  const { signal, done } = cancellable(options.signal);
  try {
    const saver = await startSaving(notebook, context.store, context.runtime);
    try {
      await options.onStart?.(record);
      await executeRun(notebook, prepared, context, { ...options, signal });
      markEnded(notebook);
    } catch (error) {
      markFailed(record, error instanceof Error ? error : new Error(String(error)));
      if (!(error instanceof NotebookError)) throw error;
      throw new RecordedFailure(error, { notebook, record, key: saver.key });
    } finally {
      await saver.finish();
    }
    return { notebook, record, key: saver.key };
  } finally {
    done();
  }
}

function startedBy(command: string | undefined, scheduledRun: string | undefined) {
  if (command === undefined && scheduledRun === undefined) return {};
  return { startedBy: { ...(command && { command }), ...(scheduledRun && { scheduledRun }) } };
}

/** The notebook as before a run. */
export function withoutOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code"
      ? { ...cell, metadata: { ...cell.metadata }, execution_count: null, outputs: [] }
      : cell
  );
  return { ...notebook, cells };
}

async function executeRun(
  notebook: ExecutedNotebook,
  { folder, pinnedVersions }: PreparedNotebook,
  { config, runtime, env: ours = Deno.env.toObject() }: RunContext,
  { check = true, startTimeout, startTimer, signal, ...limits }: ExecuteOptions,
): Promise<void> {
  const record = notebook.metadata.shopflow;
  const kernelName = kernelNameOf(notebook);
  if (kernelName === undefined) {
    throw new NotebookError(`${record.path} does not say which kernel runs it`, {
      expected:
        'metadata.kernelspec, e.g. {"name": "deno", "display_name": "Deno", "language": "typescript"}',
      found: "none",
      remedy: "Choose a kernel in Jupyter and save.",
    });
  }
  const command = await findKernel(kernelName, ours);
  const env = kernelEnvironment(config, ours, record.env);
  const checked = check && command.name === DENO_KERNELSPEC.name;
  // The kernel starts while the types are checked; it gets no code before they are found in order.
  const [state, types, opened] = await Promise.allSettled([
    repositoryState(folder),
    checked ? checkCells(notebook, { folder, cache: join(config.home, "notebook_types"), env, signal }) : [],
    // Its connection file is where `lake gc` finds it, if this process is killed.
    openKernel({
      command,
      cwd: folder,
      env,
      pinnedVersions,
      run: { notebook: record.notebook, runId: record.runId },
      startTimeout,
      startTimer,
      temporaryFolder: workingFolders(config.home),
    }),
  ]);
  const kernel = valueOf<Awaited<ReturnType<typeof openKernel>>>(opened);
  try {
    markStarted(record, kernel.info, valueOf(state));
    if (signal?.aborted) return markCancelled(record, signal.reason);
    const problems = valueOf<CellProblem[]>(types);
    if (problems.length > 0) return showProblems(notebook, problems);
    await runCells(notebook, kernel, runtime, { ...limits, signal });
  } finally {
    await kernel.close();
    markLineage(record, kernel.lineage);
  }
}

/** The checker's parser is loaded while the kernel starts, and not at all without a check. */
async function checkCells(notebook: Notebook, options: CheckOptions): Promise<CellProblem[]> {
  const { checkTypes } = await import("../check/check_types.ts");
  return await checkTypes(notebook, options);
}

function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === "fulfilled") return outcome.value;
  throw outcome.reason instanceof Error ? outcome.reason : new NotebookError(String(outcome.reason));
}
