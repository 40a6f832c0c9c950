import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, relative, resolve } from "node:path";
import { executeNotebook, type ExecuteOptions, type RunContext, withoutOutputs } from "./execute_notebook.ts";
import { DENO_KERNELSPEC } from "./kernelspec.ts";
import { newRun, type RunFile } from "./new_run.ts";
import type { Notebook } from "./nbformat.ts";
import { formatNotebook, parseNotebook, readNotebookText } from "./notebook_file.ts";
import {
  injectParameters,
  type ParameterDeclaration,
  type Parameters,
  parameterValues,
  parseAssignments,
  readParameters,
} from "./parameters.ts";
import { RecordedFailure } from "./recorded_failure.ts";
import { type NotebookRun, runKey } from "./run_record.ts";

export interface RunOptions extends ExecuteOptions {
  /** Values that replace the notebook's own. */
  parameters?: Parameters;
  /** The same as texts, `name=value`, which are read as the types that the notebook declares. */
  assignments?: string[];
}

/**
 * Runs a notebook from top to bottom in its kernel, whose working directory is the notebook's folder, up to the
 * first cell that fails, and keeps the executed notebook in the store: from the start on, so that a run is seen
 * whose program is killed. A failing cell is a result, not an exception: see the record's status.
 *
 * @throws {NotebookError} when there is no such file, or a parameter does not fit.
 * @throws {RecordedFailure} when the file is no notebook, or its kernel does not start.
 */
export async function runNotebook(
  path: string,
  context: RunContext,
  options: RunOptions = {},
): Promise<NotebookRun> {
  const text = await readNotebookText(path);
  const file: RunFile = {
    notebook: basename(path, ".ipynb"),
    path: pathFromHere(path),
    notebookSha256: createHash("sha256").update(text).digest("hex"),
  };
  const { source, declared } = await parseOrRecord(text, file, path, context);
  const parameters = { ...options.parameters, ...parseAssignments(declared, options.assignments ?? []) };
  const notebook = injectParameters(withoutOutputs(source), parameters);
  return await executeNotebook(
    {
      notebook,
      file,
      folder: dirname(resolve(path)),
      parameters: { ...parameterValues(declared), ...parameters },
    },
    context,
    options,
  );
}

/** Of what is no notebook, or one whose parameters cannot be read, a failed run is kept whose only cell says so. */
async function parseOrRecord(
  text: string,
  file: RunFile,
  path: string,
  { store, runtime }: RunContext,
): Promise<{ source: Notebook; declared: ParameterDeclaration[] }> {
  try {
    const source = parseNotebook(text, path);
    return { source, declared: readParameters(source, path) };
  } catch (error) {
    if (!(error instanceof NotebookError)) throw error;
    const unreadable = newRun(unreadableNotebook(file.notebook, error.message), file, runtime);
    const record = unreadable.metadata.shopflow;
    record.status = "failed";
    record.failure = { cellId: "", ename: error.name, evalue: error.message };
    const key = runKey(record.notebook, record.runId);
    await store.put(key, new TextEncoder().encode(formatNotebook(unreadable)));
    throw new RecordedFailure(error, { notebook: unreadable, record, key });
  }
}

function unreadableNotebook(name: string, message: string): Notebook {
  const source = `# ${name}\n\n${message}`;
  return {
    cells: [{ cell_type: "markdown", id: "unreadable", metadata: {}, source }],
    metadata: { kernelspec: { ...DENO_KERNELSPEC } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** From the working directory, unless it is outside. */
function pathFromHere(path: string): string {
  const absolute = resolve(path);
  const fromHere = relative(Deno.cwd(), absolute);
  return fromHere.startsWith("..") ? absolute : fromHere;
}
