import { createHash } from "node:crypto";
import type { Cell, MimeBundle, Notebook, Output } from "../format/nbformat.ts";
import type { RunRecord } from "../run/record.ts";

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
  const { status, parameters, lineage, failure } = shopflow;
  const versions = Object.fromEntries(lineage.map(({ kind, name, version }) => [`${kind} ${name}`, version]));
  return { ...kept, run: { status, parameters, lineage: versions, ...(failure && { failure }) } };
}

/**
 * What a cell put out, without what differs from run to run: counts, and how streams and displays interleave, which
 * the kernel leaves to chance. An error is its class and message; its traceback names files and lines.
 */
interface ComparableOutputs {
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

/** A cell of one notebook and the cell of the other that it became, by their places. */
interface CellMatch {
  before: number;
  after: number;
  by: "id" | "similarity";
  /** Whether it left its place among the others. */
  moved: boolean;
}

/** Dice coefficient of the words from which on two cells without a common id are one cell that was edited. */
const SIMILAR = 0.5;

/**
 * Which cells of two notebooks are the same ones: those with the same id, and of the others those of one type whose
 * sources have most words in common. In the order of `after`.
 */
export function matchCells(before: Cell[], after: Cell[]): CellMatch[] {
  const pairs = matchIds(before, after);
  const left = (cells: Cell[], side: "before" | "after") => {
    const taken = new Set(pairs.map((pair) => pair[side]));
    return cells.map((cell, i) => ({ cell, i, words: words(cell.source) })).filter(({ i }) => !taken.has(i));
  };
  pairs.push(...matchSimilar(left(before, "before"), left(after, "after")));
  pairs.sort((a, b) => a.after - b.after);
  const kept = longestIncreasing(pairs.map((pair) => pair.before));
  return pairs.map((pair) => ({ ...pair, moved: !kept.has(pair.before) }));
}

type Pair = Omit<CellMatch, "moved">;

function matchIds(before: Cell[], after: Cell[]): Pair[] {
  const places = new Map(after.map(({ id }, i) => [id, i]));
  return before.flatMap(({ id }, i) => {
    const place = places.get(id);
    places.delete(id); // an id that occurs twice is an id once
    return place === undefined ? [] : [{ before: i, after: place, by: "id" as const }];
  });
}

interface Candidate {
  cell: Cell;
  i: number;
  words: Map<string, number>;
}

/** The most similar pairs first; of equally similar ones, those that are nearest to each other. */
function matchSimilar(before: Candidate[], after: Candidate[]): Pair[] {
  const scored = before.flatMap((one) =>
    after.filter(({ cell }) => cell.cell_type === one.cell.cell_type).map((other) => ({
      before: one.i,
      after: other.i,
      score: one.cell.source === other.cell.source ? 2 : similarity(one.words, other.words),
    }))
  ).filter(({ score }) => score >= SIMILAR);
  const distance = (pair: { before: number; after: number }) => Math.abs(pair.before - pair.after);
  scored.sort((a, b) => b.score - a.score || distance(a) - distance(b));
  const [usedBefore, usedAfter] = [new Set<number>(), new Set<number>()];
  return scored.flatMap(({ before, after }) => {
    if (usedBefore.has(before) || usedAfter.has(after)) return [];
    usedBefore.add(before);
    usedAfter.add(after);
    return [{ before, after, by: "similarity" as const }];
  });
}

function words(source: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of source.match(/[\p{L}\p{N}_$]+|[^\s]/gu) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** Dice coefficient of two bags of words: twice the common ones over all (Dice 1945). */
function similarity(one: Map<string, number>, other: Map<string, number>): number {
  const size = (bag: Map<string, number>) => bag.values().reduce((sum, count) => sum + count, 0);
  const total = size(one) + size(other);
  if (total === 0) return 1;
  const common = one.entries().reduce((sum, [word, count]) => sum + Math.min(count, other.get(word) ?? 0), 0);
  return 2 * common / total;
}

/** The members of a longest increasing subsequence of distinct numbers (Fredman 1975). */
function longestIncreasing(values: number[]): Set<number> {
  const tails: number[] = [];
  const previous = new Map<number, number | undefined>();
  for (const value of values) {
    let place = tails.findIndex((tail) => tail >= value);
    if (place === -1) place = tails.length;
    previous.set(value, tails[place - 1]);
    tails[place] = value;
  }
  const members = new Set<number>();
  for (let value = tails.at(-1); value !== undefined; value = previous.get(value)) members.add(value);
  return members;
}
