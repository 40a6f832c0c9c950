import { stripVTControlCharacters } from "node:util";

/** A column of a printed table. */
export interface TextColumn {
  title: string;
  /** Numbers stand at the right. */
  align?: "left" | "right";
}

/** Rows as aligned text with a header, for a terminal. Cells may have colours. */
export function textTable(columns: TextColumn[], rows: string[][]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[i]!)))
  );
  const line = (cells: string[]) =>
    cells.map((cell, i) => {
      const room = " ".repeat(widths[i]! - visibleLength(cell));
      return columns[i]!.align === "right" ? room + cell : cell + room;
    }).join("  ").trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map(line),
  ].join("\n");
}

const visibleLength = (text: string) => stripVTControlCharacters(text).length;

/** Bytes for people, e.g. `1.2 MiB`. */
export function formatSize(bytes: number): string {
  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power]}`;
}

/** A whole number for people, e.g. `12,345`. */
export const formatCount = (count: number) => count.toLocaleString("en-US");

/** An ISO time for people, to the second in UTC. */
export const formatTime = (iso: string) => iso.slice(0, 19).replace("T", " ");

/** `1 file`, `2 files`. */
export const counted = (count: number, noun: string) =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
