/** Marks of Vega-Lite 6; an unknown one would surface as a TypeError deep in its compiler. */
const MARKS = [
  "arc",
  "area",
  "bar",
  "boxplot",
  "circle",
  "errorband",
  "errorbar",
  "geoshape",
  "image",
  "line",
  "point",
  "rect",
  "rule",
  "square",
  "text",
  "tick",
  "trail",
];
/** Where a specification holds further ones. */
const NESTED = ["layer", "concat", "hconcat", "vconcat", "spec"];

/** What is wrong with the marks of a specification and its parts, in words; empty when nothing is. */
export function findWrongMarks(spec: object): string[] {
  const here = spec as Record<string, unknown>;
  const found = NESTED.flatMap((key) => [here[key]].flat())
    .filter((part): part is object => typeof part === "object" && part !== null)
    .flatMap(findWrongMarks);
  if (here.mark === undefined) return found;
  const mark = typeof here.mark === "string" ? here.mark : (here.mark as { type?: unknown } | null)?.type;
  if (MARKS.includes(mark as string)) return found;
  return [`mark ${JSON.stringify(mark)}, which is none of ${MARKS.join(", ")}`, ...found];
}

/**
 * Whether a warning of Vega or Vega-Lite means that the chart lacks what was asked for. An "infinite extent" does
 * not: it only says that there is no data, as in a shop without events.
 */
export function isDefect(warning: string): boolean {
  return /not a valid|^invalid|loading failed|is not loaded|is not allowed/i.test(warning);
}
