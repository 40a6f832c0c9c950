import type { TopLevelSpec } from "vega-lite";

/** Pixels of the names beside a y axis, when the chart is for a phone. */
export const NARROW_LABELS = 140;

/** The specification with its own limits of y labels lowered, which would leave no room for the plot. */
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
