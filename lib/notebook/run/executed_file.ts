import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Notebook } from "../format/nbformat.ts";
import { parseNotebook, readNotebookText } from "../format/notebook_file.ts";
import { type Parameters, parameterValues, readParameters } from "../format/parameters.ts";
import { findFailure } from "./cells.ts";
import { asRunRecord, type ExecutedNotebook, type RunRecord } from "./record.ts";

/**
 * Reads an executed notebook: the record of one of our runs, or a file that Jupyter has run and saved, for which a
 * record is made from what the file says.
 *
 * @throws {NotebookError} when the file is missing or no notebook.
 */
export async function readExecuted(path: string): Promise<ExecutedNotebook> {
  const source = await readNotebookText(path);
  const { mtime } = await Deno.stat(path);
  return asExecuted(parseNotebook(source, path), { source, path, savedAt: mtime ?? new Date(0) });
}

interface Origin {
  source: string;
  path: string;
  savedAt: Date;
}

function asExecuted(notebook: Notebook, origin: Origin): ExecutedNotebook {
  const shopflow = asRunRecord(notebook.metadata.shopflow) ?? recordOf(notebook, origin);
  return { ...notebook, metadata: { ...notebook.metadata, shopflow } };
}

function recordOf(notebook: Notebook, { source, path, savedAt }: Origin): RunRecord {
  const failure = findFailure(notebook);
  return {
    notebook: basename(path, ".ipynb"),
    notebookSha256: createHash("sha256").update(source).digest("hex"),
    runId: "in_jupyter",
    status: failure === undefined ? "succeeded" : "failed",
    parameters: declaredIn(notebook, path),
    startedAt: savedAt.toISOString(),
    milliseconds: 0,
    reads: [],
    ...(failure && { failure }),
  };
}

/** Of a notebook from elsewhere, whose parameters may be written in ways that we do not read. */
function declaredIn(notebook: Notebook, path: string): Parameters {
  try {
    return parameterValues(readParameters(notebook, path));
  } catch (error) {
    if (error instanceof NotebookError) return {};
    throw error;
  }
}
