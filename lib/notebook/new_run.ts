import type { Runtime } from "shopflow/runtime/mod.ts";
import { randomBytes } from "node:crypto";
import type { Notebook } from "./nbformat.ts";
import type { ExecutedNotebook, RunRecord } from "./run_record.ts";

/** The notebook file that is run. */
export type RunFile = Pick<RunRecord, "notebook" | "path" | "notebookSha256">;

/** The notebook with the record of a run that begins now. */
export function newRun(
  { cells, metadata, ...format }: Notebook,
  file: RunFile,
  { now }: Pick<Runtime, "now">,
  more: Pick<RunRecord, "parameters" | "parameterRules" | "report" | "env" | "rerunOf"> = { parameters: {} },
): ExecutedNotebook {
  const started = now();
  const record: RunRecord = {
    ...file,
    runId: newRunId(started),
    status: "running",
    startedAt: started.toISOString(),
    savedAt: started.toISOString(),
    milliseconds: 0,
    reads: [],
    ...more,
  };
  return { ...format, cells, metadata: { ...metadata, shopflow: record } };
}

/** Sorts by time, and differs for runs of the same millisecond. */
function newRunId(now: Date): string {
  return `${now.toISOString().slice(0, 23).replaceAll(/[-:.]/g, "")}-${randomBytes(3).toString("hex")}`;
}
