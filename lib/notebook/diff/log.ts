import type { Notebook } from "../format/nbformat.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { basename, dirname, resolve } from "node:path";
import { cleanNotebook } from "../format/clean.ts";
import { latestRuns } from "../run/find_runs.ts";
import { formatNotebook, parseNotebook } from "../format/notebook_file.ts";
import type { Parameters } from "../format/parameters.ts";
import { type ReportedMetric, runMetrics } from "../run/metrics.ts";
import { runStatus, snapshotRead } from "../run/record.ts";
import { type Commit, commitsOf, textAtRevision } from "./git.ts";

interface CommitEntry extends Commit {
  kind: "commit";
}

export interface RunEntry {
  kind: "run";
  runId: string;
  /** When it started, ISO 8601 in UTC. */
  time: string;
  status: ReturnType<typeof runStatus>;
  /** The error, if there was one. */
  error?: string;
  parameters: Parameters;
  /** Snapshot of the lake that was read, if one was. */
  snapshot?: string;
  milliseconds: number;
  metrics: Record<string, ReportedMetric>;
  /** The newest commit listed whose notebook is the one that ran, up to outputs; absent when none is. */
  commit?: string;
}

export type LogEntry = CommitEntry | RunEntry;

interface LogContext {
  store: ObjectStore;
  runtime: Runtime;
}

interface LogOptions {
  /** How many commits and how many runs are looked at. Default 20. */
  limit?: number;
}

/** The versions of a notebook file: commits that touched it and its runs in the lake, the newest first. */
export async function notebookLog(
  file: string,
  { store, runtime }: LogContext,
  { limit = 20 }: LogOptions = {},
): Promise<LogEntry[]> {
  const commits = await commitsOf(file, limit);
  const contents = await Promise.all(commits.map((commit) => contentAt(commit, file)));
  const executed = await latestRuns(store, {
    notebook: basename(file, ".ipynb"),
    limit,
    onUnreadable: ({ message }) => runtime.log.warn(message),
  });
  const runs = executed.map(
    (run): RunEntry => {
      const record = run.metadata.shopflow;
      const { runId, startedAt, failure, parameters, milliseconds } = record;
      const snapshot = snapshotRead(record);
      const commit = commits[contents.indexOf(contentOf(run))]?.commit;
      return {
        kind: "run",
        runId,
        time: startedAt,
        status: runStatus(record, runtime.now()),
        ...(failure && { error: `${failure.ename}: ${failure.evalue}` }),
        parameters,
        ...(snapshot && { snapshot }),
        milliseconds,
        metrics: runMetrics(run),
        ...(commit && { commit }),
      };
    },
  );
  const entries = [...runs, ...commits.map((commit) => ({ kind: "commit" as const, ...commit }))];
  return entries.toSorted((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : 0).slice(0, limit);
}

/** What a run and a version in git have in common when they are the same notebook. */
const contentOf = (notebook: Notebook) => formatNotebook(cleanNotebook(notebook));

/** Undefined for the commit that deleted the notebook, and for versions that no run can have had. */
async function contentAt({ commit, path }: Commit, file: string): Promise<string | undefined> {
  try {
    return contentOf(parseNotebook(await textAtRevision(commit, path, dirname(resolve(file))), path));
  } catch (error) {
    if (error instanceof NotebookError) return undefined;
    throw error;
  }
}
