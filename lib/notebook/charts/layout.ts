/**
 * Widths of texts where no canvas can measure them. Vega's own guess (0.8 em a character) is half as wide again as
 * text really is, which cuts labels that would fit and leaves wide margins.
 */
import * as vega from "vega";
import type { TopLevelSpec } from "vega-lite";

/** What Vega lets its embedders replace, though its types do not say so. */
interface TextMetrics {
  width(item: { fontSize?: number; limit?: number }, line: unknown): number;
}

/** Widths in em, those of sans-serif fonts with a margin for the wider ones. */
const NARROW = 0.34, MIDDLE = 0.6, WIDE = 0.74, WIDEST = 0.98;

/** Approximate width in pixels of a text in a sans-serif font. */
function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const character of text) {
    if (/[\sijltfrI.,:;'"|!()[\]/-]/.test(character)) em += NARROW;
    else if (/[mwMW@%]/.test(character)) em += WIDEST;
    else if (/[A-Z]/.test(character) || character > "\u2e80") em += WIDE;
    else em += MIDDLE;
  }
  return em * fontSize;
}

/** Makes Vega use {@linkcode textWidth} from now on. */
export function useTextWidth(): void {
  const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
  textMetrics.width = ({ fontSize = 11, limit }, line) => {
    const width = textWidth(String(line ?? "").trim(), fontSize);
    // A longer text is cut at its limit when it is drawn.
    return limit ? Math.min(width, limit) : width;
  };
}

const FONT_SIZE = 11;
/** Space between two labels, in pixels. */
const GAP = 10;

/**
 * Angle of the names below a discrete x axis on a plot of `width` pixels: level where they fit beside each other,
 * slanted where they do not or where the names are not known before the chart is computed.
 */
export function labelAngle(spec: TopLevelSpec, width: number): number {
  const labels = xLabels(spec);
  if (labels === undefined) return -40;
  const widest = Math.max(0, ...labels.map((label) => textWidth(label, FONT_SIZE)));
  return labels.length * (widest + GAP) <= width ? 0 : -40;
}

function xLabels(spec: TopLevelSpec): string[] | undefined {
  const view = "layer" in spec
    ? { ...spec.layer[0], ...("encoding" in spec && { encoding: spec.encoding }) }
    : spec;
  const { x } = (("encoding" in view ? view.encoding : undefined) ?? {}) as { x?: { field?: unknown } };
  const values = spec.data && "values" in spec.data ? spec.data.values : undefined;
  if (typeof x?.field !== "string" || !Array.isArray(values)) return undefined;
  const field = x.field;
  return [...new Set(values.map((row) => String((row as Record<string, unknown>)[field] ?? "")))];
}

/** Pixels of the names beside a y axis, when the chart is for a phone. */
export const NARROW_LABELS = 140;

/** The specification with its own limits of y labels lowered, which would leave no space for the plot. */
export function withNarrowLabels(spec: TopLevelSpec): TopLevelSpec {
  return narrowed(spec as unknown as View) as unknown as TopLevelSpec;
}

interface View {
  encoding?: { y?: { axis?: { labelLimit?: unknown } | null } };
  layer?: View[];
}

function narrowed(view: View): View {
  const y = view.encoding?.y;
  const limit = y?.axis?.labelLimit;
  return {
    ...view,
    ...(view.layer && { layer: view.layer.map(narrowed) }),
    ...(typeof limit === "number" && {
      encoding: {
        ...view.encoding,
        y: { ...y, axis: { ...y?.axis, labelLimit: Math.min(limit, NARROW_LABELS) } },
      },
    }),
  };
}

const TITLE_SIZE = 15, SUBTITLE_SIZE = 12;
/** Pixels kept free, since fonts differ. */
const MARGIN = 24;

/** The specification with title and subtitle broken into lines, since Vega would let them run out of the chart. */
export function withWrappedTitle(spec: TopLevelSpec, width: number): TopLevelSpec {
  const { title } = spec;
  const space = width - MARGIN;
  if (typeof title === "string") return { ...spec, title: wrap(title, TITLE_SIZE, space) };
  if (typeof title !== "object" || Array.isArray(title) || title === null) return spec;
  const { text, subtitle } = title;
  return {
    ...spec,
    title: {
      ...title,
      ...(typeof text === "string" && { text: wrap(text, TITLE_SIZE, space) }),
      ...(typeof subtitle === "string" && { subtitle: wrap(subtitle, SUBTITLE_SIZE, space) }),
    },
  };
}

function wrap(text: string, fontSize: number, width: number): string | string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.length === 1 ? lines[0]! : lines;
}
