import type { LineageEntry } from "../kernel/messages.ts";
import type { KernelInfo } from "../kernel/client.ts";
import { CANCELLED } from "../kernel/failures.ts";
import type { Notebook } from "../format/nbformat.ts";
import type { Parameters } from "../format/parameters.ts";
import { z } from "zod";
import { maskSecrets, NotebookError, type ShopFlowError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { randomBytes } from "node:crypto";

/**
 * What the output notebook says of its run, under `metadata.shopflow`. While the run goes on, only the functions of
 * this file change it.
 */
export interface RunRecord {
  /** Name of the notebook, the file's without `.ipynb`. */
  readonly notebook: string;
  /** The file as it was named from the working directory, e.g. `notebooks/churn.ipynb`; none of a file that Jupyter ran. */
  readonly path?: string | undefined;
  /** SHA-256 of the notebook file that was run. */
  readonly notebookSha256: string;
  /** Commit of the repository that the notebook is in, if it is in one. */
  readonly commit?: string;
  /** Whether files of that repository differed from the commit. */
  readonly uncommitted?: boolean;
  readonly runId: string;
  /** A run that says `running` may have ended nevertheless: see {@linkcode runStatus}. */
  readonly status: "running" | "succeeded" | "failed" | "cancelled";
  /** All parameters with the values of this run. */
  readonly parameters: Parameters;
  /** The rules that gave parameters their values, by parameter. */
  readonly parameterRules?: Record<string, string>;
  /** What the notebook declares of its report, as it was written. */
  readonly report?: unknown;
  readonly startedAt: string;
  /** When the record was written: a run that goes on writes it every few seconds. */
  readonly savedAt?: string;
  readonly milliseconds: number;
  /** Snapshots, model versions and score tables that the notebook read. */
  readonly lineage: LineageEntry[];
  readonly kernel?: KernelInfo;
  /** Variables of the environment that the notebook asked for. */
  readonly env?: string[];
  /** The run that this one repeats. */
  readonly rerunOf?: string;
  /** What started it; unknown of a file that Jupyter ran. */
  readonly startedBy?: StartedBy;
  /** The cell that failed, if one did; its id is empty when the run failed before the first cell. */
  readonly failure?: { cellId: string; ename: string; evalue: string } | undefined;
}

/** What started a run. */
export interface StartedBy {
  /** The command, e.g. `notebook publish`. */
  command?: string;
  /** The scheduled run that it served, `JOB@TIME`. */
  scheduledRun?: string;
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

/** While a run goes on, its record is saved at least this often. */
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
  return record.lineage.find(({ kind }) => kind === "snapshot")?.version;
}

/** Where the runs of notebooks are in the store. */
export const RUNS = "runs/notebooks/";

/** Where a run's notebook is in the store. */
export const runKey = (notebook: string, runId: string): string => `${RUNS}${notebook}/${runId}.ipynb`;

/** What everybody needs of a record; a file from elsewhere may claim anything. */
const shape = z.looseObject({
  notebook: z.string(),
  notebookSha256: z.string(),
  commit: z.string().optional(),
  runId: z.string(),
  status: z.enum(["running", "succeeded", "failed", "cancelled"]),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  parameterRules: z.record(z.string(), z.string()).optional(),
  startedAt: z.iso.datetime(),
  milliseconds: z.number(),
  lineage: z.array(
    z.object({ kind: z.string(), name: z.string(), version: z.string() }),
  ),
  failure: z.object({ cellId: z.string(), ename: z.string(), evalue: z.string() }).optional(),
});

/** A notebook's `metadata.shopflow`, if it is the record of a run. */
export function asRunRecord(value: unknown): RunRecord | undefined {
  const parsed = shape.safeParse(value);
  return parsed.success ? parsed.data as RunRecord : undefined;
}

/** A run ended before its first cell; it is kept as one that failed. */
export class RecordedFailure extends NotebookError {
  constructor(cause: ShopFlowError, readonly run: NotebookRun) {
    super(cause.message, { cause: cause.cause });
  }
}

/** The notebook file that is run. */
export type RunFile = Pick<RunRecord, "notebook" | "path" | "notebookSha256">;

/** The notebook with the record of a run that begins now. */
export function newRun(
  { cells, metadata, ...format }: Notebook,
  file: RunFile,
  { now }: Pick<Runtime, "now">,
  more: Pick<RunRecord, "parameters" | "parameterRules" | "report" | "env" | "rerunOf" | "startedBy"> = {
    parameters: {},
  },
): ExecutedNotebook {
  const started = now();
  const record: RunRecord = {
    ...file,
    runId: newRunId(started),
    status: "running",
    startedAt: started.toISOString(),
    savedAt: started.toISOString(),
    milliseconds: 0,
    lineage: [],
    ...more,
  };
  return { ...format, cells, metadata: { ...metadata, shopflow: record } };
}

/** A record that is being written. */
type OpenRecord = { -readonly [Key in keyof RunRecord]: RunRecord[Key] };

/** The record was saved at a time, so many milliseconds after the run's start. */
export function markSaved(record: OpenRecord, now: Date, milliseconds: number): void {
  record.savedAt = now.toISOString();
  record.milliseconds = milliseconds;
}

/** The kernel is up, and the state of the repository known. */
export function markStarted(record: OpenRecord, kernel: KernelInfo, repository: RepositoryState): void {
  record.kernel = kernel;
  Object.assign(record, repository);
}

/** The kernel has ended: nothing more is read. */
export function markLineage(record: OpenRecord, lineage: LineageEntry[]): void {
  record.lineage = lineage;
}

/** The run was cancelled before its first cell. */
export function markCancelled(record: OpenRecord, reason: unknown): void {
  const evalue = reason instanceof Error ? reason.message : String(reason);
  record.failure = { cellId: "", ename: CANCELLED, evalue };
}

/** The run could not be carried out. */
export function markFailed(record: OpenRecord, { name, message }: Error): void {
  record.status = "failed";
  record.failure = { cellId: "", ename: name, evalue: message };
}

/** All cells that are run have run; a failure that was marked before stays. */
export function markEnded({ cells, metadata }: ExecutedNotebook): void {
  const record: OpenRecord = metadata.shopflow;
  const failure = record.failure ?? findFailure({ cells });
  if (failure) record.failure = failure;
  record.status = !failure ? "succeeded" : failure.ename === CANCELLED ? "cancelled" : "failed";
}

/** Takes secrets out of the failure. */
export function maskFailure(record: OpenRecord): void {
  if (record.failure) record.failure = { ...record.failure, evalue: maskSecrets(record.failure.evalue) };
}

/** The first cell with an error; looked for when the kernel is closed, since a rejected promise may come late. */
export function findFailure({ cells }: Pick<Notebook, "cells">): RunRecord["failure"] {
  for (const cell of cells) {
    const error = cell.cell_type === "code" && cell.outputs.find((output) => output.output_type === "error");
    if (error) return { cellId: cell.id, ename: error.ename, evalue: error.evalue };
  }
}

/** Sorts by time, and differs for runs of the same millisecond. */
function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 23).replaceAll(/[-:.]/g, "")}-${randomBytes(3).toString("hex")}`;
}

/** The commit that a folder's files are at. */
interface RepositoryState {
  commit?: string;
  /** Whether anything differs from the commit. */
  uncommitted?: boolean;
}

/** What git says of a folder; empty when it is in no repository or there is no git. */
export async function repositoryState(folder: string): Promise<RepositoryState> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", folder, "status", "--porcelain=v2", "--branch"],
      stdin: "null",
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    const commit = lines.find((line) => line.startsWith("# branch.oid "))?.split(" ")[2];
    if (!success || commit === undefined || commit === "(initial)") return {};
    return { commit, uncommitted: lines.some((line) => !line.startsWith("#")) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
