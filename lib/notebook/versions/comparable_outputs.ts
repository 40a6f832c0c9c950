import type { Cell, MimeBundle, Output } from "../nbformat.ts";

/**
 * What a cell put out, without what differs from run to run: counts, and how streams and displays interleave, which
 * the kernel leaves to chance. An error is its class and message; its traceback names files and lines.
 */
export interface ComparableOutputs {
  stdout: string;
  stderr: string;
  /** Displays and results, in their order. */
  shown: MimeBundle[];
  error: string;
}

/** The outputs of a cell as they are compared; those of prose are empty. */
export function comparableOutputs(cell: Cell): ComparableOutputs {
  const outputs: Output[] = cell.cell_type === "code" ? cell.outputs : [];
  const stream = (wanted: string) =>
    outputs.map((output) => output.output_type === "stream" && output.name === wanted ? output.text : "")
      .join("");
  return {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    shown: outputs.flatMap((output) => "data" in output ? [sortedKeys(output.data) as MimeBundle] : []),
    error: outputs.map((output) => output.output_type === "error" ? `${output.ename}: ${output.evalue}` : "")
      .filter((text) => text !== "").join("\n"),
  };
}

/** The same value with the keys of its objects in alphabetical order, which means nothing in JSON. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]));
}
