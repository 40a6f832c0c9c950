import type { ReadFact } from "./jupyter/kernel_messages.ts";
import type { KernelInfo } from "./jupyter/kernel_client.ts";
import type { Notebook } from "./nbformat.ts";
import type { Parameters } from "./parameters.ts";

/** What the output notebook says of its run, under `metadata.shopflow`. */
export interface RunRecord {
  /** Name of the notebook, the file's without `.ipynb`. */
  notebook: string;
  /** The file as it was named from the working directory, e.g. `notebooks/churn.ipynb`; older records have none. */
  path?: string;
  /** SHA-256 of the notebook file that was run. */
  notebookSha256: string;
  /** Commit of the repository that the notebook is in, if it is in one. */
  commit?: string;
  /** Whether files of that repository differed from the commit. */
  uncommitted?: boolean;
  runId: string;
  /** A run that says `running` may be over all the same: see {@linkcode runStatus}. */
  status: "running" | "succeeded" | "failed" | "cancelled";
  /** All parameters with the values of this run. */
  parameters: Parameters;
  /** The rules that gave parameters their values, by parameter. */
  parameterRules?: Record<string, string>;
  /** What the notebook declares of its report, as it was written. */
  report?: unknown;
  startedAt: string;
  /** When the record was written: a run that goes on writes it every few seconds. */
  savedAt?: string;
  milliseconds: number;
  /** Snapshots, model versions and score tables that the notebook read. */
  reads: ReadFact[];
  kernel?: KernelInfo;
  /** Variables of the environment that the notebook asked for. */
  env?: string[];
  /** The run that this one repeats. */
  rerunOf?: string;
  /** The cell that failed, if one did; its id is empty when the run failed before the first cell. */
  failure?: { cellId: string; ename: string; evalue: string };
}

/** A notebook that was run, with its record. */
export type ExecutedNotebook = Notebook<{ shopflow: RunRecord }>;

/** An executed notebook and its place in the store. */
export interface NotebookRun {
  notebook: ExecutedNotebook;
  record: RunRecord;
  /** Key of the output notebook. */
  key: string;
}

/** A run that goes on has its record written anew after this time at the latest. */
export const SAVE_EVERY_MS = 5_000;
/** Silence after which a run counts as killed: its machine may have been busy, or its clock wrong. */
const KILLED_AFTER_MS = 60_000;

/** How a run stands: `killed` when its program ended without a word, by SIGKILL or with its machine. */
export function runStatus(
  { status, savedAt, startedAt }: RunRecord,
  now: Date,
): RunRecord["status"] | "killed" {
  const silence = now.getTime() - Date.parse(savedAt ?? startedAt);
  return status === "running" && silence > KILLED_AFTER_MS ? "killed" : status;
}

/** The version of the lake's snapshot that a run read, if it read one. */
export function snapshotRead(record: RunRecord): string | undefined {
  return record.reads.find(({ kind }) => kind === "snapshot")?.version;
}

/** Where the runs of notebooks are in the store. */
export const RUNS = "runs/notebooks/";

/** Where a run's notebook is in the store. */
export const runKey = (notebook: string, runId: string): string => `${RUNS}${notebook}/${runId}.ipynb`;
