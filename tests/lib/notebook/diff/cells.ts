import type { CodeCell, MarkdownCell, Notebook, Output } from "../../../../lib/notebook/format/nbformat.ts";

/** A code cell. */
export function code(id: string, source: string, outputs: Output[] = [], tags?: string[]): CodeCell {
  const execution_count = outputs.length > 0 ? 1 : null;
  return { cell_type: "code", id, metadata: tags ? { tags } : {}, source, execution_count, outputs };
}

/** A cell of prose. */
export function prose(id: string, source: string): MarkdownCell {
  return { cell_type: "markdown", id, metadata: {}, source };
}

/** A notebook for the Deno kernel. */
export function notebookOf(...cells: Notebook["cells"]): Notebook {
  const kernelspec = { name: "deno", display_name: "Deno", language: "typescript" };
  return { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
}

/** What `console.log` leaves. */
export const printed = (text: string): Output => ({ output_type: "stream", name: "stdout", text });

/** What a cell's last value leaves. */
export const shown = (data: Record<string, unknown>, execution_count = 1): Output => ({
  output_type: "execute_result",
  execution_count,
  data,
  metadata: {},
});
