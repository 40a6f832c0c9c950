import { NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { NotebookRun } from "shopflow/notebook/runner.ts";
import type { RunFlags } from "./run_flags.ts";

/**
 * Prints where a run's notebook and page are.
 *
 * @throws {NotebookError} when the run failed.
 */
export async function finishRun(
  { notebook, record, key }: NotebookRun,
  store: ObjectStore,
  { page }: Pick<RunFlags, "page">,
): Promise<void> {
  console.log(await store.localPath(key));
  if (page) {
    const { renderPage } = await import("shopflow/notebook/mod.ts");
    const pageKey = key.replace(/\.ipynb$/, ".html");
    await store.put(pageKey, new TextEncoder().encode((await renderPage(notebook)).html));
    console.log(await store.localPath(pageKey));
  }
  if (!record.failure) return;
  const { cellId, ename, evalue } = record.failure;
  const failed = notebook.cells.filter((cell) =>
    cell.cell_type === "code" && cell.outputs.some(({ output_type }) => output_type === "error")
  );
  const where = cellId === "" ? "before its first cell" : `in cell ${cellId}`;
  const more = failed.length > 1 ? ` (and in ${failed.length - 1} more cells)` : "";
  throw new NotebookError(`${record.path} ${record.status} ${where}${more}: ${ename}: ${evalue}`);
}
