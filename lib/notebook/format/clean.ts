import { wantedVariables } from "../kernel/environment.ts";
import { DENO_KERNELSPEC, hasTag, type Notebook } from "./nbformat.ts";

/**
 * The notebook as it belongs in version control: no outputs, no counts, no traces of runs or of the
 * editor; sources, tags, the wanted variables of the environment and what is declared of the report are
 * kept. Cleaning twice changes nothing more.
 */
export function cleanNotebook(notebook: Notebook): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters")).map((cell) => {
    const metadata = cell.metadata.tags?.length ? { tags: cell.metadata.tags } : {};
    return cell.cell_type === "code"
      ? { ...cell, metadata, execution_count: null, outputs: [] }
      : { ...cell, metadata };
  });
  const metadata = { ...kernelMetadata(notebook.metadata), ...declarations(notebook) };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

/** Of another kernel, the language stays what that kernel said; its version changes with each update. */
function kernelMetadata({ kernelspec, language_info }: Notebook["metadata"]): Notebook["metadata"] {
  if (kernelspec?.name === DENO_KERNELSPEC.name) {
    return { kernelspec: DENO_KERNELSPEC, language_info: LANGUAGE };
  }
  const kernel = kernelspec === undefined ? {} : { kernelspec };
  if (typeof language_info !== "object" || language_info === null) return kernel;
  const { version: _, ...language } = language_info as Record<string, unknown>;
  return { ...kernel, language_info: language };
}

/** What the notebook declares for our runner belongs to it; the record of a run, in the same place, does not. */
function declarations(notebook: Notebook): { shopflow?: { env?: string[]; report?: unknown } } {
  const env = wantedVariables(notebook);
  const { report } = (notebook.metadata.shopflow ?? {}) as { report?: unknown };
  if (env.length === 0 && report === undefined) return {};
  return { shopflow: { ...(env.length > 0 && { env }), ...(report !== undefined && { report }) } };
}

/** What Jupyter would add by itself at the first save, without the versions that change with each update. */
const LANGUAGE = {
  file_extension: ".ts",
  mimetype: "text/x.typescript",
  name: "typescript",
  nbconvert_exporter: "script",
  pygments_lexer: "typescript",
};
