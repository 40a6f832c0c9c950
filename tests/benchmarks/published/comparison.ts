/** What a published comparison is, and how it is told. */
import { textTable } from "shopflow/cli/mod.ts";

/** A result of ours beside the published one on the same data, split and measure. */
export interface PublishedResult {
  /** What was measured, e.g. `recall@20`. */
  name: string;
  ours: number;
  published: number;
  /** Who published it, and of which method: enough to find it. */
  source: string;
  /** Which side is better; `same` where a method has one right answer. */
  better: "higher" | "lower" | "same";
  /** How far ours may be off, in the result's own unit: rounding of what was printed, or its standard error. Default 0. */
  tolerance?: number;
  /** Decimals to show; default 3. */
  decimals?: number;
}

/** Results of one public data set. Nothing may have been tuned on what they report. */
export interface PublishedComparison {
  /** Names it in `deno task bench published NAME`. */
  name: string;
  /** The data and how it is split, in a line. */
  about: string;
  results(): Promise<PublishedResult[]>;
}

/** Whether ours is at least as good as the published result. */
export function reaches({ ours, published, better, tolerance = 0 }: PublishedResult): boolean {
  if (!Number.isFinite(ours)) return false;
  if (better === "same") return Math.abs(ours - published) <= tolerance;
  return better === "higher" ? ours >= published - tolerance : ours <= published + tolerance;
}

/** A line a result: name, ours, published, whether ours reaches it, source. */
export function comparisonText({ name, about }: PublishedComparison, results: PublishedResult[]): string {
  const shown = (value: number, decimals: number) =>
    value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const wanted = ({ published, better, tolerance, decimals = 3 }: PublishedResult) =>
    `${{ higher: "≥ ", lower: "≤ ", same: "" }[better]}${shown(published, decimals)}` +
    (tolerance ? ` ± ${tolerance}` : "");
  const table = textTable(
    [
      { title: "result" },
      { title: "ours", align: "right" },
      { title: "published", align: "right" },
      { title: "reached" },
      { title: "source" },
    ],
    results.map((result) => [
      result.name,
      shown(result.ours, result.decimals ?? 3),
      wanted(result),
      reaches(result) ? "yes" : "NO",
      result.source,
    ]),
  );
  return `${name}: ${about}\n\n${table}`;
}
