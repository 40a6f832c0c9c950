import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { z } from "zod";
import type { Notebook } from "./nbformat.ts";
import { parseNotebook } from "./notebook_file.ts";
import { type Parameters, parameterValues, readParameters } from "./parameters.ts";
import { findFailure } from "./run_cells.ts";
import type { ExecutedNotebook, RunRecord } from "./run_record.ts";

const value = z.union([z.string(), z.number(), z.boolean()]);
/** What a page needs of a record; a file from elsewhere may claim anything. */
const recordSchema = z.looseObject({
  notebook: z.string(),
  notebookSha256: z.string(),
  commit: z.string().optional(),
  runId: z.string(),
  status: z.enum(["running", "succeeded", "failed", "cancelled"]),
  parameters: z.record(z.string(), value),
  startedAt: z.iso.datetime(),
  milliseconds: z.number(),
  reads: z.array(
    z.object({ kind: z.string(), name: z.string(), version: z.string() }),
  ),
  failure: z.object({ cellId: z.string(), ename: z.string(), evalue: z.string() }).optional(),
});

/**
 * Reads an executed notebook: the record of one of our runs, or a file that Jupyter has run and saved, for which a
 * record is made from what the file says.
 *
 * @throws {NotebookError} when the file is missing or no notebook.
 */
export async function readExecuted(path: string): Promise<ExecutedNotebook> {
  try {
    const [source, { mtime }] = [await Deno.readTextFile(path), await Deno.stat(path)];
    return asExecuted(parseNotebook(source, path), { source, path, savedAt: mtime ?? new Date(0) });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new NotebookError(`There is no notebook ${path}`, {
      remedy: "Name an existing .ipynb file, or a run.",
    });
  }
}

interface Origin {
  source: string;
  path: string;
  savedAt: Date;
}

function asExecuted(notebook: Notebook, origin: Origin): ExecutedNotebook {
  const parsed = recordSchema.safeParse(notebook.metadata.shopflow);
  const shopflow = parsed.success ? parsed.data as RunRecord : recordOf(notebook, origin);
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
