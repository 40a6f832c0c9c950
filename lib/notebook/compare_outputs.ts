import type { CodeCell, Notebook, Output } from "./nbformat.ts";

/** A cell whose outputs are not those of another run. */
export interface CellDifference {
  cellId: string;
  /** Which of the code cells, counted from 1. */
  cell: number;
  /** What is different, e.g. `text/html` or `stdout`; `cell` when only one run has it. */
  parts: string[];
}

/**
 * The cells whose outputs differ between two runs of the same notebook. Streams may come in between other outputs
 * at any place, as the kernel has a channel for each; of errors, name and message count.
 */
export function compareOutputs(before: Notebook, after: Notebook): CellDifference[] {
  const [first, second] = [before, after].map(codeCells) as [CodeCell[], CodeCell[]];
  const later = new Map(second.map((cell) => [cell.id, cell]));
  const differences = first.map((cell, i): CellDifference => {
    const other = later.get(cell.id);
    const parts = other ? differentParts(cell.outputs, other.outputs) : ["cell"];
    return { cellId: cell.id, cell: i + 1, parts };
  });
  const known = new Set(first.map(({ id }) => id));
  for (const [i, { id }] of second.entries()) {
    if (!known.has(id)) differences.push({ cellId: id, cell: i + 1, parts: ["cell"] });
  }
  return differences.filter(({ parts }) => parts.length > 0);
}

const codeCells = ({ cells }: Notebook) =>
  cells.filter((cell): cell is CodeCell => cell.cell_type === "code" && cell.source.trim() !== "");

function differentParts(before: Output[], after: Output[]): string[] {
  const [first, second] = [partsOf(before), partsOf(after)];
  const names = new Set([...first.keys(), ...second.keys()]);
  return [...names].filter((name) => first.get(name) !== second.get(name)).sort();
}

/** What a cell showed by kind: the whole of each stream, and each representation of its values one after the other. */
function partsOf(outputs: Output[]): Map<string, string> {
  const parts = new Map<string, string>();
  const add = (name: string, text: string, separator: string) => {
    const before = parts.get(name);
    parts.set(name, before === undefined ? text : before + separator + text);
  };
  for (const output of outputs) {
    if (output.output_type === "stream") add(output.name, output.text, "");
    else if (output.output_type === "error") add("error", `${output.ename}: ${output.evalue}`, "\0");
    else for (const [mime, value] of Object.entries(output.data)) add(mime, JSON.stringify(value), "\0");
  }
  return parts;
}
