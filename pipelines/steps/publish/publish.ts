import { countOf, type Progress } from "shopflow/runtime/mod.ts";
import { LakeError, NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  type CurrentReport,
  currentReport,
  markNotebookRemoved,
  reportNames,
} from "shopflow/notebook/report/mod.ts";
import { basename, join } from "node:path";
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

/** Runs the notebooks of `notebooks/` whose inputs changed and publishes them as reports. */
export const publish: Pipeline = (context) => publishNotebooks(context, NOTEBOOKS);

/**
 * Runs the notebooks of a folder, two at a time, and publishes each as a report. One that fails leaves its last good
 * report in place, beside which the failure is named. A notebook whose file, data, models and code are those of its
 * last good report is left out, unless `context.force`. Reports whose notebook was removed are marked.
 *
 * @throws {NotebookError} at the end, when a notebook failed.
 */
export async function publishNotebooks(context: PipelineContext, folder: string): Promise<PipelineResult> {
  const paths = await notebooksIn(folder);
  await markRemoved(context, paths.map(nameOf));
  const planned = await planNotebooks(context.store, paths);
  const work: PlannedNotebook[] = [];
  for (const notebook of planned) {
    if (context.force || !await isUpToDate(context, notebook)) work.push(notebook);
  }
  if (work.length === 0) return { status: "unchanged", summary: `${paths.length} reports are up to date` };
  const { shared, finish } = cellProgress(
    context.runtime.progress,
    work.reduce((total, { cells }) => total + cells, 0),
  );
  const quiet: PipelineContext = { ...context, runtime: { ...context.runtime, progress: shared } };
  const failures = (await pLimit(CONCURRENCY).map(work, async (notebook) => {
    const failure = await publishNotebook(quiet, notebook);
    return failure && `${basename(notebook.path)}: ${failure}`;
  })).filter((failure) => failure !== undefined);
  const published = countOf(work.length - failures.length, "report");
  const summary = `${published} published, ${paths.length - work.length} up to date`;
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

/** Readers must see that a report is not updated any more. */
async function markRemoved(
  { store, runtime }: Pick<PipelineContext, "store" | "runtime">,
  notebooks: string[],
): Promise<void> {
  for (const name of await reportNames(store)) {
    await markNotebookRemoved(
      store,
      name,
      notebooks.includes(name) ? undefined : runtime.now().toISOString(),
    );
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
