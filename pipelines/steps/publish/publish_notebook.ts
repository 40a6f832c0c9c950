import { dirname } from "node:path";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type ExecutedNotebook,
  type ExecuteOptions,
  type NotebookRun,
  RecordedFailure,
  runMetrics,
  runNotebook,
  type RunRecord,
  snapshotRead,
} from "shopflow/notebook/run/mod.ts";
import {
  markRunStarted,
  notebookPath,
  oneLine,
  type Page,
  publishReport,
  renderPage,
} from "shopflow/notebook/report/mod.ts";
import { lastOrderDay } from "shopflow/warehouse/mod.ts";
import type { PipelineContext } from "../../context.ts";
import type { PlannedNotebook } from "./plan_notebooks.ts";

export interface PublishOptions extends ExecuteOptions {
  /** Whether the run takes the place of the report, or is kept under its own link only. Default true. */
  isCurrent?: boolean;
}

/** How the publishing of a notebook ended. */
export interface PublishedNotebook {
  /** The run; none when it could not be recorded. */
  record?: RunRecord;
  /** What went wrong. */
  failure?: string;
}

/** Runs a notebook and publishes its page. Whatever goes wrong is this notebook's own: the others go on. */
export async function publishNotebook(
  context: PipelineContext,
  notebook: PlannedNotebook,
  options: PublishOptions = {},
): Promise<PublishedNotebook> {
  try {
    const run = await runOrFail(context, notebook, options);
    // A cancelled run gets no page; what is published stays.
    if (run.record.status === "cancelled") {
      return { record: run.record, failure: `cancelled by ${run.record.failure?.evalue}` };
    }
    const record = await publishRun(context.store, run, { ...options, inputs: notebook.inputs });
    const { failure } = record;
    if (failure === undefined) return { record };
    const where = failure.cellId === "" ? "" : `cell ${failure.cellId}, ${failure.ename}: `;
    return { record, failure: where + failure.evalue };
  } catch (error) {
    if (error instanceof ShopFlowError) return { failure: error.message };
    // A defect, or an unexpected error of a driver: it keeps its stack.
    context.runtime.log.warn(`${notebook.path}: ${error instanceof Error ? error.stack : error}`);
    return { failure: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** A run that ended before its first cell is a run like any other that failed: its page says why. */
async function runOrFail(
  context: PipelineContext,
  { path, parameters, filled }: PlannedNotebook,
  { isCurrent = true, ...options }: PublishOptions,
): Promise<NotebookRun> {
  try {
    return await runNotebook(path, context, {
      ...options,
      parameters,
      filled,
      ...(isCurrent && { onStart: (record) => markRunStarted(context.store, record) }),
    });
  } catch (error) {
    if (error instanceof RecordedFailure) return error.run;
    throw error;
  }
}

/**
 * Publishes a run that has ended.
 *
 * @param options.inputs see `Report.inputs`
 * @returns its record, in which it has failed when its page could not be drawn.
 */
export async function publishRun(
  store: ObjectStore,
  run: NotebookRun,
  { inputs, isCurrent = true }: { inputs: string; isCurrent?: boolean },
): Promise<RunRecord> {
  const snapshot = snapshotRead(run.record);
  const ordersUntil = snapshot === undefined ? undefined : await lastOrderDay(store, snapshot);
  const { record, page } = await pageOf(run, ordersUntil);
  await publishReport(store, {
    record,
    page,
    inputs,
    metrics: runMetrics(run.notebook),
    ...(ordersUntil && { ordersUntil }),
    isCurrent,
  });
  return record;
}

/** The page of a run; one that cannot be drawn is a failed run, whose page says so and shows none of its cells. */
async function pageOf(
  { notebook, record }: NotebookRun,
  ordersUntil: string | undefined,
): Promise<{ record: RunRecord; page: Page }> {
  const notebookHref = notebookPath(record);
  try {
    const folder = record.path === undefined ? undefined : dirname(record.path);
    return {
      record,
      page: await renderPage(notebook, {
        notebookHref,
        tablesHref: notebookHref.replace(/notebook\.ipynb$/, "tables"),
        ...(folder && { folder }),
        ...(ordersUntil && { ordersUntil }),
      }),
    };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const failed: RunRecord = {
      ...record,
      status: "failed",
      failure: { cellId: "", ename: name, evalue: `The page could not be rendered: ${oneLine(message)}` },
    };
    const bare: ExecutedNotebook = {
      ...notebook,
      cells: [],
      metadata: { ...notebook.metadata, shopflow: failed },
    };
    return { record: failed, page: await renderPage(bare, { notebookHref }) };
  }
}
