import type { ReadFact } from "./jupyter/kernel_messages.ts";
import type { Notebook } from "./nbformat.ts";
import type { Parameters } from "./parameters.ts";

/** What the output notebook says of its run, under `metadata.shopflow`. */
export interface RunRecord {
  /** Name of the notebook, the file's without `.ipynb`. */
  notebook: string;
  /** SHA-256 of the notebook file that was run. */
  notebookSha256: string;
  /** Commit of the repository that the notebook is in, if it is in one. */
  commit?: string;
  /** Whether files of that repository differed from the commit. */
  uncommitted?: boolean;
  runId: string;
  status: "succeeded" | "failed";
  /** All parameters with the values of this run. */
  parameters: Parameters;
  startedAt: string;
  milliseconds: number;
  /** Snapshots and model versions that the notebook read. */
  reads: ReadFact[];
  /** The cell that failed, if one did. */
  failure?: { cellId: string; ename: string; evalue: string };
}

/** A notebook that was run, with its record. */
export type ExecutedNotebook = Notebook<{ shopflow: RunRecord }>;

/** The version of the lake's snapshot that a run read, if it read one. */
export function snapshotRead(record: RunRecord): string | undefined {
  return record.reads.find(({ kind }) => kind === "snapshot")?.version;
}

/** Where a run's notebook is in the store. */
export const runKey = (notebook: string, runId: string): string =>
  `runs/notebooks/${notebook}/${runId}.ipynb`;
