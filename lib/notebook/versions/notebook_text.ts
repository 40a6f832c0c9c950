import { cleanNotebook } from "../clean_notebook.ts";
import type { Notebook } from "../nbformat.ts";

/**
 * A notebook as text that reads well line by line in `git diff`: what belongs in version control, one cell below the
 * other, each below a line `%% code <id> [<tags>]`. What the notebook wants of our runner is above them.
 */
export function notebookText(notebook: Notebook): string {
  const { cells, metadata } = cleanNotebook(notebook);
  const texts = cells.map(({ cell_type, id, metadata: { tags = [] }, source }) =>
    [`%% ${cell_type} ${id}${tags.length > 0 ? ` [${tags.join(", ")}]` : ""}`, source, ""].join("\n")
  );
  const wishes = metadata.shopflow === undefined
    ? []
    : [`shopflow: ${JSON.stringify(metadata.shopflow, null, 2)}`];
  return [`kernel: ${metadata.kernelspec.name}`, ...wishes, "", ...texts].join("\n");
}
