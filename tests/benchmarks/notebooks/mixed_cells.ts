import type { Notebook, Output } from "../../../lib/notebook/format/nbformat.ts";
import { writeNotebook } from "../../lib/notebook/write_notebook.ts";

/** Cells of four kinds: a result, a line, an error line with a result, and something displayed. */
const KINDS: ((i: number) => { code: string; expected: string[] })[] = [
  (i) => ({ code: `${i}`, expected: [`${i}`] }),
  (i) => ({ code: `console.log("out ${i}")`, expected: [`out ${i}`] }),
  (i) => ({ code: `console.error("bad ${i}"); ${i}`, expected: [`bad ${i}`, `${i}`] }),
  (i) => ({
    code: `await Deno.jupyter.display({ "text/plain": "shown ${i}" }, { raw: true })`,
    expected: [`shown ${i}`],
  }),
];

const cellOf = (i: number) => KINDS[i % KINDS.length]!(i);

/** Writes a notebook of `count` such cells. */
export async function writeMixedCells(path: string, count: number): Promise<string> {
  return await writeNotebook(path, Array.from({ length: count }, (_, i) => cellOf(i).code));
}

/** How many of the outputs that the cells must have are not there, of how many. */
export function countLost({ cells }: Notebook): { lost: number; outputs: number } {
  let lost = 0, outputs = 0;
  for (const [i, cell] of cells.entries()) {
    const { expected } = cellOf(i);
    const found = cell.cell_type === "code" ? cell.outputs.flatMap(textsOf) : [];
    outputs += expected.length;
    lost += expected.filter((text) => !found.includes(text)).length;
  }
  return { lost, outputs };
}

function textsOf(output: Output): string[] {
  if (output.output_type === "error") return [];
  return output.output_type === "stream"
    ? output.text.trim().split("\n")
    : [String(output.data["text/plain"]).trim()];
}
