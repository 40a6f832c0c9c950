import { diffLines, diffWordsWithSpace } from "diff";
import type { Cell, MimeBundle, Notebook } from "../format/nbformat.ts";
import { comparableCellMetadata, comparableMetadata, comparableOutputs, matchCells } from "./match.ts";

/** A piece of a line; `changed` where it differs from the line it stands for. */
interface Segment {
  text: string;
  changed: boolean;
}

/** A line of two texts laid side by side. */
export interface LineChange {
  kind: "same" | "removed" | "added";
  segments: Segment[];
}

/** Below this share of common characters, lines were replaced rather than edited, and no words are marked. */
const EDITED = 0.4;

/** Texts with more edits between them are shown as replaced: the search takes time with the square of the edits. */
const MOST_EDITS = 2000;

/** The lines of both texts in order, and within lines that were edited the words that changed. */
function lineChanges(before: string, after: string): LineChange[] {
  const texts = [withLineBreak(before), withLineBreak(after)] as const;
  const parts = diffLines(...texts, { maxEditLength: MOST_EDITS }) ??
    [{ value: texts[0], removed: true, added: false }, { value: texts[1], removed: false, added: true }];
  const changes: LineChange[] = [];
  for (const [i, { value, removed, added }] of parts.entries()) {
    const before = parts[i - 1], next = parts[i + 1];
    if (added && before?.removed) continue; // it was listed with what it replaces
    if (removed && next?.added) {
      changes.push(...editedLines(value, next.value));
      continue;
    }
    const kind = removed ? "removed" : added ? "added" : "same";
    changes.push(...lines(kind, [{ text: value, changed: false }]));
  }
  return changes;
}

/** The lines that changed with `context` lines around them; what was left out between is one `undefined`. */
export function hunks(changes: LineChange[], context = 3): (LineChange | undefined)[] {
  const near = changes.map(() => false);
  changes.forEach(({ kind }, i) => {
    if (kind !== "same") near.fill(true, Math.max(0, i - context), i + context + 1);
  });
  return changes.flatMap((change, i) => near[i] ? [change] : i === 0 || near[i - 1] ? [undefined] : []);
}

function editedLines(before: string, after: string): LineChange[] {
  const words = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS }) ??
    [{ value: before, removed: true, added: false }, { value: after, removed: false, added: true }];
  const common = words.reduce(
    (sum, { value, added, removed }) => added || removed ? sum : sum + value.length,
    0,
  );
  const edited = 2 * common >= EDITED * (before.length + after.length);
  const side = (kind: "removed" | "added") =>
    words.filter((part) => !part[kind === "removed" ? "added" : "removed"])
      .map((part) => ({ text: part.value, changed: edited && part[kind] === true }));
  return [...lines("removed", side("removed")), ...lines("added", side("added"))];
}

/** Cuts a text of segments into its lines. */
function lines(kind: LineChange["kind"], segments: Segment[]): LineChange[] {
  const found: LineChange[] = [{ kind, segments: [] }];
  for (const { text, changed } of segments) {
    text.split("\n").forEach((piece, i) => {
      if (i > 0) found.push({ kind, segments: [] });
      if (piece !== "") found.at(-1)?.segments.push({ text: piece, changed });
    });
  }
  // Every text ends with a line break, after which there is no line.
  return found.slice(0, -1);
}

const withLineBreak = (text: string) => text === "" || text.endsWith("\n") ? text : `${text}\n`;

/** A value somewhere inside of metadata; undefined where it is absent. */
export interface ValueChange {
  path: string;
  before: unknown;
  after: unknown;
}

/** A stream, an error, or one thing shown, that differs. */
export interface OutputChange {
  /** `stdout`, `stderr`, `error`, or `output 1`. */
  name: string;
  /** Its text line by line, where it has one that differs. */
  lines: LineChange[];
  /** Representations that differ, by MIME type; empty for streams and errors. */
  mimes: string[];
  before?: MimeBundle;
  after?: MimeBundle;
}

export interface CellChange {
  change: "added" | "removed" | "changed";
  /** Id in the later notebook, or where it is no more, in the earlier. */
  id: string;
  type: Cell["cell_type"];
  /** Whether it left its place among the other cells. */
  moved: boolean;
  /** How it was known to be the same cell. */
  matchedBy?: "id" | "similarity";
  /** All lines of its source, when one of them differs. */
  source: LineChange[];
  outputs: OutputChange[];
  metadata: ValueChange[];
}

export interface NotebookDifference {
  /** The cells that differ, in the order of the later notebook, removed ones where they were. */
  cells: CellChange[];
  /** How many cells are the same. */
  same: number;
  /** Of the notebook: kernel, parameters of the run, what the run read. */
  metadata: ValueChange[];
  /** False when just one of the two is as version control has it, without outputs: there is nothing to compare. */
  outputsCompared: boolean;
}

export type DifferencePart = "source" | "outputs" | "metadata";

interface DifferenceOptions {
  /** What is looked at. Default everything. */
  parts?: DifferencePart[];
}

/**
 * What changed from one notebook to another, cell by cell: cells are matched by id, then by similarity. Counts,
 * times and traces of editors are no difference.
 */
export function compareNotebooks(
  before: Notebook,
  after: Notebook,
  { parts = ["source", "outputs", "metadata"] }: DifferenceOptions = {},
): NotebookDifference {
  const outputsCompared = !parts.includes("outputs") || wasRun(before) === wasRun(after);
  const compare = (one: Cell | undefined, other: Cell | undefined) => ({
    source: parts.includes("source") && (one?.source !== other?.source || !one || !other)
      ? lineChanges(one?.source ?? "", other?.source ?? "")
      : [],
    outputs: outputsCompared && parts.includes("outputs") ? outputChanges(one, other) : [],
    metadata: parts.includes("metadata") && one && other
      ? valueChanges(comparableCellMetadata(one), comparableCellMetadata(other))
      : [],
  });
  const matches = new Map(matchCells(before.cells, after.cells).map((match) => [match.after, match]));
  const removed = removedAfter(before.cells, [...matches.values()]);
  const gone = (place: number | undefined): CellChange[] =>
    (removed.get(place) ?? []).map((cell) => ({
      change: "removed",
      id: cell.id,
      type: cell.cell_type,
      moved: false,
      ...compare(cell, undefined),
    }));
  const cells = gone(undefined);
  let same = 0;
  for (const [i, cell] of after.cells.entries()) {
    const match = matches.get(i);
    const changes = compare(match && before.cells[match.before], cell);
    const differs = changes.source.length + changes.outputs.length + changes.metadata.length > 0;
    const change = match ? "changed" as const : "added" as const;
    if (!match || differs || match.moved) {
      const moved = match?.moved ?? false;
      const matchedBy = match && { matchedBy: match.by };
      cells.push({ change, id: cell.id, type: cell.cell_type, moved, ...matchedBy, ...changes });
    } else same++;
    if (match) cells.push(...gone(match.before));
  }
  const metadata = parts.includes("metadata")
    ? valueChanges(comparableMetadata(before), comparableMetadata(after))
    : [];
  return { cells, same, metadata, outputsCompared };
}

/** The cells that are no more, by the place of the cell behind which they stood, and which is still in its place. */
function removedAfter(cells: Cell[], matches: { before: number; moved: boolean }[]) {
  const matched = new Map(matches.map(({ before, moved }) => [before, moved]));
  const removed = new Map<number | undefined, Cell[]>();
  let anchor: number | undefined;
  for (const [i, cell] of cells.entries()) {
    const moved = matched.get(i);
    if (moved === undefined) removed.set(anchor, [...removed.get(anchor) ?? [], cell]);
    else if (!moved) anchor = i;
  }
  return removed;
}

const wasRun = ({ cells }: Notebook) =>
  cells.some((cell) =>
    cell.cell_type === "code" && (cell.execution_count !== null || cell.outputs.length > 0)
  );

function outputChanges(one: Cell | undefined, other: Cell | undefined): OutputChange[] {
  const nothing = { stdout: "", stderr: "", error: "", shown: [] as MimeBundle[] };
  const before = one ? comparableOutputs(one) : nothing;
  const after = other ? comparableOutputs(other) : nothing;
  const changes: OutputChange[] = [];
  for (const name of ["stdout", "stderr", "error"] as const) {
    if (before[name] === after[name]) continue;
    changes.push({ name, mimes: [], lines: lineChanges(before[name], after[name]) });
  }
  for (let i = 0; i < Math.max(before.shown.length, after.shown.length); i++) {
    const [was, is] = [before.shown[i], after.shown[i]];
    const mimes = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])]
      .filter((mime) => JSON.stringify(was?.[mime]) !== JSON.stringify(is?.[mime]));
    if (mimes.length === 0) continue;
    const text = TEXTS.find((mime) => mimes.includes(mime));
    const lines = text ? lineChanges(asText(was?.[text]), asText(is?.[text])) : [];
    changes.push({
      name: `output ${i + 1}`,
      mimes,
      lines,
      ...(was && { before: was }),
      ...(is && { after: is }),
    });
  }
  return changes;
}

/** Representations whose lines tell a person what changed, the most telling first. */
const TEXTS = ["text/plain", "text/markdown", "application/json", "text/html"];

const asText = (value: unknown) =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2);

/** The innermost values that differ, with their paths, e.g. `shopflow.parameters.as_of`. */
function valueChanges(before: unknown, after: unknown, path = ""): ValueChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key) => valueChanges(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
