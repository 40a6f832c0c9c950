import { NotebookError } from "shopflow/errors/mod.ts";
import { findSnapshot } from "shopflow/lake/mod.ts";
import { dirname, resolve } from "node:path";
import { type CellDifference, compareOutputs } from "./compare_outputs.ts";
import { executeNotebook, type ExecuteOptions, type RunContext, withoutOutputs } from "./execute_notebook.ts";
import { findRun } from "./find_runs.ts";
import type { ReadFact } from "./jupyter/kernel_messages.ts";
import { type NotebookRun, type RunRecord, snapshotRead } from "./run_record.ts";

/** A run and its repetition. */
export interface Rerun extends NotebookRun {
  before: RunRecord;
  /** Cells whose outputs are not the same; empty when all are equal. */
  differences: CellDifference[];
  /** What the repetition read that the run before did not, e.g. a model that a cell names by itself. */
  otherReads: ReadFact[];
}

/**
 * Repeats a run: the same cells with the same parameters on the same snapshot, model versions and score tables, with
 * the code of `lib/` as it is now.
 *
 * @throws {InputError} when there is no such run.
 * @throws {NotebookError} when its folder is gone, or the kernel does not start.
 * @throws {LakeError} when its snapshot is not kept any more.
 */
export async function rerunNotebook(
  runId: string,
  context: RunContext,
  options: ExecuteOptions = {},
): Promise<Rerun> {
  const executed = await findRun(context.store, runId);
  const before = executed.metadata.shopflow;
  const snapshot = snapshotRead(before);
  if (snapshot !== undefined) await findSnapshot(context.store, snapshot);
  const folder = await folderOf(before);
  const { shopflow: _, ...metadata } = executed.metadata;
  const run = await executeNotebook(
    {
      notebook: withoutOutputs({
        ...executed,
        metadata: { ...metadata, shopflow: wishesOf(before) },
      }),
      file: { notebook: before.notebook, path: before.path, notebookSha256: before.notebookSha256 },
      folder,
      parameters: before.parameters,
      parameterRules: before.parameterRules,
      pinned: before.reads,
      rerunOf: before.runId,
    },
    context,
    options,
  );
  const known = new Set(before.reads.map(versionOf));
  return {
    ...run,
    before,
    differences: compareOutputs(executed, run.notebook),
    otherReads: run.record.reads.filter((fact) => !known.has(versionOf(fact))),
  };
}

/** What the notebook declared, which its record keeps. */
const wishesOf = ({ env, report }: RunRecord) => ({
  ...(env && { env }),
  ...(report !== undefined && { report }),
});

const versionOf = ({ kind, name, version }: ReadFact) => `${kind} ${name} ${version}`;

async function folderOf({ runId, path }: RunRecord): Promise<string> {
  const folder = path && dirname(resolve(path));
  try {
    if (folder && (await Deno.stat(folder)).isDirectory) return folder;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new NotebookError(`The run ${runId} cannot be repeated here`, {
    expected: path ? `the folder of ${path}` : "a record that names its notebook file",
    found: "no such folder",
    remedy: "Repeat it in the repository that it ran in.",
  });
}
