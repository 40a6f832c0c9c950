import type { Notebook } from "../nbformat.ts";
import type { CellProblem } from "./cells_module.ts";

/** Puts what is wrong with a cell's code into the cell, as the error of a cell that was not run. */
export function showProblems({ cells }: Notebook, problems: CellProblem[]): void {
  for (const cell of cells) {
    const own = problems.filter(({ cellId }) => cellId === cell.id);
    if (cell.cell_type !== "code" || own.length === 0) continue;
    const [first] = own as [CellProblem];
    const more = own.length > 1 ? ` (and ${own.length - 1} more in this cell)` : "";
    cell.outputs.push({
      output_type: "error",
      ename: first.code,
      evalue: `cell ${first.cell}, line ${first.line}: ${first.message.split("\n")[0]}${more}`,
      traceback: [
        "The notebook was not run, since its code is not in order. `--no-check` runs it all the same.",
        ...own.flatMap((
          { code, line, message, source },
        ) => ["", `line ${line}: ${source.trim()}`, `  ${code}: ${message}`]),
      ],
    });
  }
}
