import type { Cell, Notebook } from "../nbformat.ts";
import type { RunRecord } from "../run_record.ts";

/** What editors and runs write into a cell's metadata, and which says nothing of the cell. */
const VOLATILE = ["shopflow", "execution", "ExecuteTime", "collapsed", "scrolled"];

/** A cell's metadata as they are compared, with its type. */
export function comparableCellMetadata({ cell_type, metadata }: Cell): Record<string, unknown> {
  const kept = Object.entries(metadata).filter(([key]) => !VOLATILE.includes(key));
  return { type: cell_type, ...Object.fromEntries(kept) };
}

/** A notebook's metadata as they are compared; of a run, what went into it and how it ended. */
export function comparableMetadata({ metadata }: Notebook): Record<string, unknown> {
  const { shopflow, language_info: _, ...kept } = metadata as Notebook["metadata"] & { shopflow?: RunRecord };
  if (shopflow === undefined || !("runId" in shopflow)) return shopflow ? { ...kept, shopflow } : kept;
  const { status, parameters, reads, failure } = shopflow;
  const versions = Object.fromEntries(reads.map(({ kind, name, version }) => [`${kind} ${name}`, version]));
  return { ...kept, run: { status, parameters, reads: versions, ...(failure && { failure }) } };
}
