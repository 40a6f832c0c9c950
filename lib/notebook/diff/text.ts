import { styleText } from "node:util";
import {
  type CellChange,
  hunks,
  type LineChange,
  type NotebookDifference,
  type OutputChange,
  type ValueChange,
} from "./difference.ts";

/** What two notebooks are called, the earlier first. */
export interface DifferenceNames {
  before: string;
  after: string;
}

type Style = "bold" | "dim" | "red" | "green" | "inverse";

/** The difference of two notebooks for a terminal, or with `colour` off as plain text. */
export function differenceText(
  difference: NotebookDifference,
  { before, after }: DifferenceNames,
  { colour = false } = {},
): string {
  const paint = (style: Style | Style[], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const line = ({ kind, segments }: LineChange) => {
    const sign = kind === "same" ? " " : kind === "removed" ? "-" : "+";
    const shade: Style[] = kind === "same" ? ["dim"] : [kind === "removed" ? "red" : "green"];
    const text = segments.map(({ text, changed }) => paint(changed ? [...shade, "inverse"] : shade, text));
    return `  ${paint(shade, sign)} ${text.join("")}`.trimEnd();
  };
  const block = (changes: LineChange[]) =>
    hunks(changes).map((change) => change === undefined ? `    ${paint("dim", "⋮")}` : line(change));
  const output = ({ name, mimes, lines }: OutputChange) => [
    paint("bold", `  ${name}${mimes.length > 0 ? `: ${mimes.join(", ")}` : ""}`),
    ...block(lines),
  ];
  const value = ({ path, before, after }: ValueChange) =>
    `  ${path}: ${paint("red", valueText(before))} → ${paint("green", valueText(after))}`;
  const cell = (change: CellChange) => [
    "",
    paint("bold", cellTitle(change)),
    ...change.metadata.map(value),
    ...block(change.source),
    ...change.outputs.flatMap(output),
  ];
  return [
    paint("bold", `${before} → ${after}`),
    differenceSummary(difference),
    ...difference.metadata.map(value),
    ...difference.cells.flatMap(cell),
  ].join("\n");
}

/** One line that counts, e.g. `1 cell added, 2 changed, 7 the same`. */
export function differenceSummary({ cells, same, metadata, outputsCompared }: NotebookDifference): string {
  const count = (wanted: CellChange["change"]) => cells.filter(({ change }) => change === wanted).length;
  const counts: [number, string][] = [
    [count("added"), "added"],
    [count("removed"), "removed"],
    [count("changed"), "changed"],
    [cells.filter(({ moved }) => moved).length, "moved"],
    [same, "the same"],
  ];
  const cellsText = counts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return [
    `cells: ${cellsText.join(", ") || "none"}`,
    ...(metadata.length > 0 ? ["notebook metadata changed"] : []),
    ...(outputsCompared ? [] : ["outputs not compared, since not both have any"]),
  ].join("; ");
}

/** E.g. `~ code revenue (moved)`. */
export function cellTitle({ change, type, id, moved, matchedBy }: CellChange): string {
  const sign = change === "added" ? "+" : change === "removed" ? "-" : "~";
  const notes = [
    ...(moved ? ["moved"] : []),
    ...(matchedBy === "similarity" ? ["matched by its content"] : []),
  ];
  return `${sign} ${type} ${id}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

/** A metadata value for people. */
export const valueText = (value: unknown): string => value === undefined ? "none" : JSON.stringify(value);
