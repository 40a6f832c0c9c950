import type { TopLevelSpec } from "vega-lite";
import { textWidth } from "./text_width.ts";

const FONT_SIZE = 11;
/** Room between two labels, in pixels. */
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
