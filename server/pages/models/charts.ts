import type { TopLevelSpec as ChartSpec } from "vega-lite";
import type { ModelEvidence } from "shopflow/ml/card/mod.ts";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";

/** A picture for wide and for narrow screens. */
export interface CardChart {
  title: string;
  wide: string;
  narrow: string;
  /** What it shows, for those who don't see it. */
  label: string;
}

/** Features with a bar. */
const MOST_FEATURES = 12;

/** What of a version's evidence is better looked at than read. */
export async function cardCharts({ calibration = [], features }: ModelEvidence): Promise<CardChart[]> {
  const strongest = features.flatMap(({ name, influence = 0 }) =>
    influence > 0 ? [{ feature: name.replaceAll("_", " "), influence }] : []
  ).sort((a, b) => b.influence - a.influence).slice(0, MOST_FEATURES);
  const charts: Promise<CardChart>[] = [];
  if (calibration.length > 1) {
    const furthest = Math.max(
      ...calibration.map(({ predicted, observed }) => Math.abs(predicted - observed)),
    );
    charts.push(chart("Is a predicted risk what happens?", calibrationSpec(calibration), {
      label: `Predicted and observed shares of ${calibration.length} groups; the furthest apart differ by ${
        (100 * furthest).toFixed(1)
      } points`,
    }));
  }
  if (strongest.length > 0) {
    charts.push(chart("What moves the scores most", influenceSpec(strongest), {
      label: `Mean influence of the strongest features: ${
        strongest.slice(0, 3).map(({ feature }) => feature).join(", ")
      } first`,
    }));
  }
  return await Promise.all(charts);
}

async function chart(title: string, spec: ChartSpec, { label }: { label: string }): Promise<CardChart> {
  return {
    title,
    label,
    wide: await renderSvg(spec, { width: 500 }),
    narrow: await renderSvg(spec, { width: 330 }),
  };
}

function calibrationSpec(bins: NonNullable<ModelEvidence["calibration"]>): ChartSpec {
  const highest = Math.max(...bins.flatMap(({ predicted, observed }) => [predicted, observed]));
  const axis = (title: string) => ({
    type: "quantitative" as const,
    title,
    axis: { format: ".0%" },
    scale: { domain: [0, highest], nice: true },
  });
  return {
    height: 240,
    layer: [
      {
        data: { values: [{ predicted: 0, observed: 0 }, { predicted: highest, observed: highest }] },
        mark: { type: "line", strokeDash: [4, 4], strokeWidth: 1, color: "currentColor", opacity: 0.5 },
        encoding: {
          x: { field: "predicted", ...axis("predicted") },
          y: { field: "observed", ...axis("observed") },
        },
      },
      {
        data: { values: bins },
        mark: { type: "point", filled: true, size: 60 },
        encoding: {
          x: { field: "predicted", ...axis("predicted") },
          y: { field: "observed", ...axis("observed") },
        },
      },
    ],
  };
}

const influenceSpec = (values: { feature: string; influence: number }[]): ChartSpec => ({
  data: { values },
  mark: "bar",
  encoding: {
    y: { field: "feature", type: "nominal", sort: null, title: null },
    x: { field: "influence", type: "quantitative", title: "mean influence on a score" },
  },
});
