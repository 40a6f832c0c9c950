import { countOf, type Progress } from "shopflow/runtime/mod.ts";
import { LakeError, NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type CurrentReport,
  currentReport,
  markNotebookRemoved,
  reportNames,
} from "shopflow/notebook/report/mod.ts";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pipeline, PipelineContext, PipelineResult } from "../../context.ts";
import pLimit from "p-limit";
import { type PlannedNotebook, planNotebooks } from "./plan_notebooks.ts";
import { publishNotebook } from "./publish_notebook.ts";

/** One bar over the cells of notebooks that run at the same time, whose own bars would overwrite each other. */
function cellProgress(
  progress: Progress,
  cells: number,
): { shared: Progress; finish(summary: string): void } {
  const bar = progress.start("notebooks", cells, "cells");
  let done = 0;
  const shared: Progress = {
    start() {
      let own = 0;
      return {
        update(count) {
          done += count - own;
          own = count;
          bar.update(done);
        },
        finish: () => {},
      };
    },
  };
  return { shared, finish: (summary) => bar.finish(summary) };
}

const NOTEBOOKS = fileURLToPath(new URL("../../../notebooks", import.meta.url));
/** Kernels at the same time: each is a process with a database of its own. */
const CONCURRENCY = 2;

/** Runs the notebooks of `notebooks/` that declare a report and whose inputs changed, and publishes them. */
export const publish: Pipeline = (context) => publishNotebooks(context, NOTEBOOKS);

/**
 * Runs the notebooks of a folder that declare a report, two at a time, and publishes each. One that fails leaves its
 * last good report in place, beside which the failure is named. A notebook whose file, data, models and code are those
 * of its last good report is left out, unless `context.force`. Reports whose notebook was removed are marked.
 *
 * @throws {NotebookError} at the end, when a notebook failed.
 */
export async function publishNotebooks(context: PipelineContext, folder: string): Promise<PipelineResult> {
  const { reports, others } = await planNotebooks(context, await notebooksIn(folder));
  await markRemoved(context, folder, reports.map(({ path }) => nameOf(path)));
  const work: PlannedNotebook[] = [];
  for (const notebook of reports) {
    if (context.force || !await isUpToDate(context, notebook)) work.push(notebook);
  }
  const left = others.length === 0
    ? ""
    : `; ${others.map((path) => basename(path)).join(", ")} left out: no shopflow.report in its metadata`;
  if (work.length === 0) {
    return { status: "unchanged", summary: `${countOf(reports.length, "report")} up to date${left}` };
  }
  const { shared, finish } = cellProgress(
    context.runtime.progress,
    work.reduce((total, { cells }) => total + cells, 0),
  );
  const quiet: PipelineContext = { ...context, runtime: { ...context.runtime, progress: shared } };
  const failures = (await pLimit(CONCURRENCY).map(work, async (notebook) => {
    const { failure } = await publishNotebook(quiet, notebook, { command: "pipeline run publish" });
    return failure && `${basename(notebook.path)}: ${failure}`;
  })).filter((failure) => failure !== undefined);
  const published = countOf(work.length - failures.length, "report");
  const summary = `${published} published, ${reports.length - work.length} up to date${left}`;
  finish(summary);
  if (failures.length === 0) return { status: "done", summary };
  throw new NotebookError(`${failures.length} of ${work.length} notebooks failed`, {
    found: failures.join("; "),
    remedy: "Their last good reports stay, with a note; the failed runs' pages show what failed. " +
      "The other notebooks are published.",
  });
}

const nameOf = (path: string) => basename(path, ".ipynb");

async function notebooksIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(({ name, isFile }) => isFile && name.endsWith(".ipynb"))
    .map(({ name }) => join(folder, name)).sort();
}

/**
 * Readers must see that a report is not updated any more. Those that were published by themselves, from elsewhere or
 * without a declaration, are left as they are while their notebook is there.
 */
async function markRemoved(
  { store, runtime }: Pick<PipelineContext, "store" | "runtime">,
  folder: string,
  published: string[],
): Promise<void> {
  for (const name of await reportNames(store)) {
    if (published.includes(name)) {
      await markNotebookRemoved(store, name);
      continue;
    }
    const report = await readableReport(store, name, runtime.log);
    const path = report?.path === undefined ? undefined : resolve(report.path);
    if (path !== undefined && dirname(path) !== resolve(folder)) continue;
    if (path !== undefined && report?.isDeclared === false && await isFile(path)) continue;
    await markNotebookRemoved(store, name, runtime.now().toISOString());
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

async function isUpToDate({ store, runtime }: PipelineContext, notebook: PlannedNotebook): Promise<boolean> {
  if (notebook.filled === undefined) return false;
  const current = await readableReport(store, nameOf(notebook.path), runtime.log);
  return current?.status === "succeeded" && current.unpublished === undefined && !current.isPending &&
    current.inputs === notebook.inputs;
}

/** The current report; one that was damaged counts as none, so that it is published again. */
async function readableReport(
  store: ObjectStore,
  name: string,
  log: PipelineContext["runtime"]["log"],
): Promise<CurrentReport | undefined> {
  try {
    return await currentReport(store, name);
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    log.warn(`${error.message} The report is published again.`);
  }
}
