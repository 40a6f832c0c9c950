/** Pictures of a trial for `plot` in notebooks: the Qini curve, uplift by bins of scores, the value of policies. */
import type { Estimate } from "../effect/mod.ts";
import type { Qini, UpliftBin } from "./qini.ts";

/** Points of a curve that are drawn; more make a page large, not clearer. */
const DRAWN = 200;

/** The Qini curves of rankings by name, beside a draw at random. A specification of Vega-Lite. */
export function qiniChart(curves: Readonly<Record<string, Qini>>) {
  const values = Object.entries(curves).flatMap(([ranking, { curve }]) =>
    thinned(curve).map(({ share, gain }) => ({ ranking, share, gain }))
  );
  const effect = Object.values(curves)[0]?.effect ?? 0;
  const random = [{ share: 0, gain: 0 }, { share: 1, gain: effect }];
  return {
    title: {
      text: "Qini curve",
      subtitle: "what contacting the first in each ranking adds; dashed: a draw at random",
    },
    data: { values },
    layer: [
      {
        mark: { type: "line" as const },
        encoding: { ...axes("gain", "added outcome a treated customer"), ...colour },
      },
      {
        data: { values: random },
        mark: { type: "line" as const, strokeDash: [5, 4], color: "gray" },
        encoding: axes("gain", "added outcome a treated customer"),
      },
    ],
  };
}

/** The effect among customers of similar scores, with its interval, and what the scores say. A specification of Vega-Lite. */
export function upliftChart(bins: readonly UpliftBin[]) {
  const values = bins.map(({ bin, estimate, interval, predicted }) => ({
    bin,
    estimate,
    predicted,
    ...interval,
  }));
  const x = {
    field: "bin",
    type: "ordinal" as const,
    title: "customers by score, the highest first",
    axis: { labelAngle: 0 },
  };
  const y = (field: string) => ({ field, type: "quantitative" as const, title: "effect" });
  return {
    title: { text: "Effect by score", subtitle: "bars: observed, with 95 % interval; points: predicted" },
    data: { values },
    layer: [
      { mark: { type: "bar" as const }, encoding: { x, y: y("estimate") } },
      { mark: { type: "rule" as const }, encoding: { x, y: y("low"), y2: { field: "high" } } },
      { mark: { type: "point" as const, color: "#EE6677" }, encoding: { x, y: y("predicted") } },
    ],
  };
}

/** What policies gain over contacting nobody, by the share contacted, with intervals as bands. A specification of Vega-Lite. */
export function policyChart(
  policies: Readonly<Record<string, readonly { share: number; gain: Estimate }[]>>,
  { unit = "gain a customer" }: { unit?: string } = {},
) {
  const values = Object.entries(policies).flatMap(([ranking, points]) =>
    points.map(({ share, gain }) => ({ ranking, share, gain: gain.estimate, ...gain.interval }))
  );
  return {
    title: { text: "Value by budget", subtitle: "over contacting nobody, with 95 % intervals" },
    data: { values },
    layer: [
      {
        mark: { type: "area" as const, opacity: 0.2, line: false },
        encoding: { ...axes("low", unit), y2: { field: "high" }, ...colour },
      },
      { mark: { type: "line" as const }, encoding: { ...axes("gain", unit), ...colour } },
    ],
  };
}

const colour = { color: { field: "ranking", type: "nominal" as const, title: null } };

const axes = (field: string, title: string) => ({
  x: {
    field: "share",
    type: "quantitative" as const,
    title: "share of customers contacted",
    axis: { format: "%" },
  },
  y: { field, type: "quantitative" as const, title },
});

function thinned<T>(points: readonly T[]): T[] {
  const step = Math.max(1, Math.ceil(points.length / DRAWN));
  return points.filter((_, index) => index % step === 0 || index === points.length - 1);
}
