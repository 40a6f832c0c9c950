import { createHash } from "node:crypto";
import type { Cell, Notebook } from "../nbformat.ts";
import type { RunRecord } from "../run_record.ts";

/** What editors and runs write into a cell's metadata, and which says nothing of the cell. */
const VOLATILE = ["shopflow", "execution", "ExecuteTime", "collapsed", "scrolled"];

/** A cell's metadata as they are compared, with its type and hashes of pictures pasted into it. */
export function comparableCellMetadata(cell: Cell): Record<string, unknown> {
  const kept = Object.entries(cell.metadata).filter(([key]) => !VOLATILE.includes(key));
  const pictures = cell.cell_type === "code" ? [] : Object.entries(cell.attachments ?? {});
  return {
    type: cell.cell_type,
    ...Object.fromEntries(kept),
    ...(pictures.length > 0 && {
      attachments: Object.fromEntries(pictures.map(([name, data]) => [name, hashOf(JSON.stringify(data))])),
    }),
  };
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** A notebook's metadata as they are compared; of a run, what went into it and how it ended. */
export function comparableMetadata({ metadata }: Notebook): Record<string, unknown> {
  const { shopflow, language_info: _, ...kept } = metadata as Notebook["metadata"] & { shopflow?: RunRecord };
  if (shopflow === undefined || !("runId" in shopflow)) return shopflow ? { ...kept, shopflow } : kept;
  const { status, parameters, reads, failure } = shopflow;
  const versions = Object.fromEntries(reads.map(({ kind, name, version }) => [`${kind} ${name}`, version]));
  return { ...kept, run: { status, parameters, reads: versions, ...(failure && { failure }) } };
}
