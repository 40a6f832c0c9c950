import { LakeError, NotebookError, ShopFlowError } from "shopflow/errors/mod.ts";
import {
  currentReport,
  type Notebook,
  notebookPath,
  type NotebookRun,
  type Parameters,
  publishReport,
  readNotebook,
  readParameters,
  RecordedFailure,
  renderPage,
  type Report,
  runNotebook,
} from "shopflow/notebook/mod.ts";
import { basename, join } from "node:path";
import type { Pipeline, PipelineContext, PipelineResult } from "./context.ts";
import { counted } from "./text_table.ts";
import { cellProgress } from "./publish/cell_progress.ts";
import { latestAsOf } from "./publish/latest_as_of.ts";
import { reportInputs, sharedInputs } from "./publish/report_inputs.ts";

const NOTEBOOKS = join(import.meta.dirname!, "..", "notebooks");
/** Kernels at once: each is a process with a database of its own. */
const AT_ONCE = 2;

/** A notebook that has to be run. */
interface Work {
  path: string;
  parameters: Parameters;
  inputs: string;
  cells: number;
}

/** Runs the notebooks of `notebooks/` whose inputs changed and publishes them as reports. */
export const publish: Pipeline = (context) => publishNotebooks(context, NOTEBOOKS);

/**
 * Runs the notebooks of a folder, two at a time, and publishes each as a report, the failed ones too. A notebook
 * whose file, data, models and code are those of its last good report is left out, unless `context.force`.
 *
 * @throws {NotebookError} at the end, when a notebook failed.
 */
export async function publishNotebooks(context: PipelineContext, folder: string): Promise<PipelineResult> {
  const paths = await notebooksIn(folder);
  const work = await changedNotebooks(context, paths);
  if (work.length === 0) return { status: "unchanged", summary: `${paths.length} reports are up to date` };
  const { shared, finish } = cellProgress(
    context.runtime.progress,
    work.reduce((total, { cells }) => total + cells, 0),
  );
  const quiet: PipelineContext = { ...context, runtime: { ...context.runtime, progress: shared } };
  const queue = [...work];
  const failures: string[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const failure = await publishOne(quiet, next);
      if (failure) failures.push(`${basename(next.path)}: ${failure}`);
    }
  }));
  const published = counted(work.length - failures.length, "report");
  const summary = `${published} published, ${paths.length - work.length} up to date`;
  finish(summary);
  if (failures.length === 0) return { status: "done", summary };
  throw new NotebookError(`${failures.length} of ${work.length} notebooks failed`, {
    found: failures.join("; "),
    remedy: "Their reports show what failed; the other notebooks are published.",
  });
}

/** What went wrong, or undefined. */
async function publishOne(
  context: PipelineContext,
  { path, parameters, inputs }: Work,
): Promise<string | undefined> {
  try {
    const { notebook, record } = await runOrFail(path, context, parameters);
    // Whoever stopped it did not ask for another page; what is published stays.
    if (record.status === "cancelled") return `cancelled by ${record.failure?.evalue}`;
    const page = await renderPage(notebook, { notebookHref: notebookPath(record) });
    await publishReport(context.store, { record, page, inputs });
    const { failure } = record;
    if (failure === undefined) return undefined;
    const { cellId, ename, evalue } = failure;
    return cellId === "" ? evalue : `cell ${cellId}, ${ename}: ${evalue}`;
  } catch (error) {
    if (error instanceof ShopFlowError) return error.message;
    throw error;
  }
}

/** A run that ended before its first cell is a run like any other that failed: its page says why. */
async function runOrFail(
  path: string,
  context: PipelineContext,
  parameters: Parameters,
): Promise<NotebookRun> {
  try {
    return await runNotebook(path, context, { parameters });
  } catch (error) {
    if (error instanceof RecordedFailure) return error.run;
    throw error;
  }
}

/** Whether a notebook has an as-of date; one that says e.g. "latest" finds its date itself. */
function looksBackFromDate(notebook: Notebook, path: string): boolean {
  return readParameters(notebook, path).some(({ name, value }) =>
    name === "as_of" && /^\d{4}-\d{2}-\d{2}$/.test(String(value))
  );
}

async function notebooksIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ name, isFile }) => isFile && name.endsWith(".ipynb"))
    .map(({ name }) => join(folder, name)).sort();
}

async function changedNotebooks(
  { store, runtime, force }: PipelineContext,
  paths: string[],
): Promise<Work[]> {
  const shared = await sharedInputs(store);
  const asOf = await latestAsOf(store);
  const work: Work[] = [];
  for (const path of paths) {
    const readable = await ifReadable(path);
    if (readable === undefined) {
      // The run tells why, and is recorded.
      work.push({ path, parameters: {}, inputs: "", cells: 0 });
      continue;
    }
    const { cells, looksBack } = readable;
    const parameters: Parameters = asOf !== undefined && looksBack ? { as_of: asOf } : {};
    const inputs = await reportInputs(path, parameters, shared);
    const current = await readableReport(store, basename(path, ".ipynb"), runtime.log);
    if (!force && current?.status === "succeeded" && current.inputs === inputs) continue;
    work.push({ path, parameters, inputs, cells });
  }
  return work;
}

/** What there is to know of a notebook before it is run; undefined of what is none, which must not hold up the others. */
async function ifReadable(path: string): Promise<{ cells: number; looksBack: boolean } | undefined> {
  try {
    const notebook = await readNotebook(path);
    const cells = notebook.cells.filter(({ cell_type }) => cell_type === "code").length;
    return { cells, looksBack: looksBackFromDate(notebook, path) };
  } catch (error) {
    if (error instanceof NotebookError) return undefined;
    throw error;
  }
}

/** The current report; one that was damaged counts as none, so that it is made anew. */
async function readableReport(
  store: PipelineContext["store"],
  name: string,
  log: PipelineContext["runtime"]["log"],
): Promise<Report | undefined> {
  try {
    return await currentReport(store, name);
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    log.warn(`${error.message} The report is made anew.`);
  }
}
