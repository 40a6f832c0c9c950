import type { CodeCell, Notebook, Output } from "../format/nbformat.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { findSnapshot } from "shopflow/lake/mod.ts";
import { dirname, resolve } from "node:path";
import { executeNotebook, type ExecuteOptions, type RunContext, withoutOutputs } from "./execute_notebook.ts";
import { findRun } from "./find_runs.ts";
import type { LineageEntry } from "../kernel/messages.ts";
import { type NotebookRun, type RunRecord, snapshotRead } from "./record.ts";

/** A cell whose outputs are not those of another run. */
export interface CellDifference {
  cellId: string;
  /** Which of the code cells, counted from 1. */
  cell: number;
  /** What is different, e.g. `text/html` or `stdout`; `cell` when only one run has it. */
  parts: string[];
}

/**
 * The cells whose outputs differ between two runs of the same notebook. Streams may come in between other outputs
 * at any place, as the kernel has a channel for each; of errors, name and message count.
 */
export function compareOutputs(before: Notebook, after: Notebook): CellDifference[] {
  const [first, second] = [before, after].map(codeCells) as [CodeCell[], CodeCell[]];
  const later = new Map(second.map((cell) => [cell.id, cell]));
  const differences = first.map((cell, i): CellDifference => {
    const other = later.get(cell.id);
    const parts = other ? differentParts(cell.outputs, other.outputs) : ["cell"];
    return { cellId: cell.id, cell: i + 1, parts };
  });
  const known = new Set(first.map(({ id }) => id));
  for (const [i, { id }] of second.entries()) {
    if (!known.has(id)) differences.push({ cellId: id, cell: i + 1, parts: ["cell"] });
  }
  return differences.filter(({ parts }) => parts.length > 0);
}

const codeCells = ({ cells }: Notebook) =>
  cells.filter((cell): cell is CodeCell => cell.cell_type === "code" && cell.source.trim() !== "");

function differentParts(before: Output[], after: Output[]): string[] {
  const [first, second] = [partsOf(before), partsOf(after)];
  const names = new Set([...first.keys(), ...second.keys()]);
  return [...names].filter((name) => first.get(name) !== second.get(name)).sort();
}

/** What a cell showed by kind: the whole of each stream, and each representation of its values one after the other. */
function partsOf(outputs: Output[]): Map<string, string> {
  const parts = new Map<string, string>();
  const add = (name: string, text: string, separator: string) => {
    const before = parts.get(name);
    parts.set(name, before === undefined ? text : before + separator + text);
  };
  for (const output of outputs) {
    if (output.output_type === "stream") add(output.name, output.text, "");
    else if (output.output_type === "error") add("error", `${output.ename}: ${output.evalue}`, "\0");
    else for (const [mime, value] of Object.entries(output.data)) add(mime, JSON.stringify(value), "\0");
  }
  return parts;
}

/** A run and its repetition. */
export interface Rerun extends NotebookRun {
  before: RunRecord;
  /** Cells whose outputs are not the same; empty when all are equal. */
  differences: CellDifference[];
  /** What the repetition read that the run before did not, e.g. a model that a cell names by itself. */
  otherLineage: LineageEntry[];
}

/**
 * Repeats a run: the same cells with the same parameters on the same snapshot, model versions and score tables, with
 * the code of `lib/` as it is now.
 *
 * @throws {InputError} when there is no such run.
 * @throws {NotebookError} when its folder does not exist any more, or the kernel does not start.
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
        metadata: { ...metadata, shopflow: declarationsOf(before) },
      }),
      file: { notebook: before.notebook, path: before.path, notebookSha256: before.notebookSha256 },
      folder,
      parameters: before.parameters,
      parameterRules: before.parameterRules,
      pinnedVersions: before.lineage,
      rerunOf: before.runId,
    },
    context,
    options,
  );
  const known = new Set(before.lineage.map(versionOf));
  return {
    ...run,
    before,
    differences: compareOutputs(executed, run.notebook),
    otherLineage: run.record.lineage.filter((fact) => !known.has(versionOf(fact))),
  };
}

/** What the notebook declared, which its record keeps. */
const declarationsOf = ({ env, report }: RunRecord) => ({
  ...(env && { env }),
  ...(report !== undefined && { report }),
});

const versionOf = ({ kind, name, version }: LineageEntry) => `${kind} ${name} ${version}`;

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
