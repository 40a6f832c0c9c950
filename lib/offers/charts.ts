/** Pictures of what offers brought, and of what keeping customers is worth: for pages and notebooks alike. */
import type { TopLevelSpec } from "vega-lite";
import type { OutcomeEffect, PolicyCurve } from "./read_out/results.ts";
import { ROI_FIELDS, type RoiInputs, worthOfTarget } from "./roi/worth.ts";

/** A layered chart of Vega-Lite. */
export type OfferSpec = {
  data: { values: object[] };
  height: number | { step: number };
  layer: Extract<TopLevelSpec, { layer: unknown }>["layer"];
};

/**
 * Effects with their 95 % intervals, each as a share of what is usual without the offer: a line with its point. Undefined
 * where nothing is usual.
 */
export function effectsSpec(effects: readonly OutcomeEffect[]): OfferSpec | undefined {
  const values = effects.flatMap((effect) => {
    const best = effect.adjusted ?? effect.weighted;
    // A change of what is near nothing, or below it, has no size.
    return best.controlMean > 0
      ? [{
        outcome: effect.outcome.label,
        effect: best.effect / best.controlMean,
        low: best.interval.low / best.controlMean,
        high: best.interval.high / best.controlMean,
      }]
      : [];
  });
  if (values.length === 0) return undefined;
  const x = (field: string) => ({
    field,
    type: "quantitative" as const,
    title: "change, of what is usual without it",
    axis: { format: "+.0%" },
  });
  const y = { field: "outcome", type: "nominal" as const, sort: null, title: null };
  return {
    data: { values },
    height: { step: 44 },
    layer: [
      {
        data: { values: [{ none: 0 }] },
        mark: { type: "rule", strokeDash: [4, 4] },
        encoding: { x: x("none") },
      },
      { mark: { type: "rule", strokeWidth: 2 }, encoding: { x: x("low"), x2: { field: "high" }, y } },
      { mark: { type: "tick", thickness: 2, size: 14 }, encoding: { x: x("low"), y } },
      { mark: { type: "tick", thickness: 2, size: 14 }, encoding: { x: x("high"), y } },
      { mark: { type: "point", filled: true, size: 80, opacity: 1 }, encoding: { x: x("effect"), y } },
    ],
  };
}

/**
 * Profit of making the offer to the first customers of each ranking, with bands of 95 %.
 *
 * @param customers All customers of the trial.
 * @param money Name of the amount with its currency.
 */
export function policiesSpec(
  policies: readonly PolicyCurve[],
  customers: number,
  money: string,
): OfferSpec | undefined {
  const values = policies.flatMap(({ ranking, points }) =>
    points.map(({ share, gain }) => ({
      ranking,
      share,
      gain: gain.estimate * customers,
      low: gain.interval.low * customers,
      high: gain.interval.high * customers,
    }))
  );
  if (values.length === 0) return undefined;
  const x = {
    field: "share",
    type: "quantitative" as const,
    title: "share of the customers who get the offer",
    axis: { format: ".0%" },
  };
  const color = {
    field: "ranking",
    type: "nominal" as const,
    title: "best first by",
    // The band alone would be too pale to tell one from the other.
    legend: { orient: "top" as const, symbolType: "stroke", symbolOpacity: 1, symbolStrokeWidth: 3 },
  };
  return {
    data: { values },
    height: 260,
    layer: [
      {
        mark: { type: "area", opacity: 0.15, line: false },
        encoding: {
          x,
          y: { field: "low", type: "quantitative", title: money },
          y2: { field: "high" },
          color,
        },
      },
      {
        mark: { type: "line" },
        encoding: { x, y: { field: "gain", type: "quantitative", title: money }, color },
      },
    ],
  };
}

/** Net return a year by the save rate, which nobody knows before a trial, for discounts around the one that is asked for. */
export function roiSpec(inputs: RoiInputs, money: string): OfferSpec {
  const { least } = ROI_FIELDS.find(({ name }) => name === "saveRate")!;
  const highest = Math.min(1, Math.max(0.5, 2 * inputs.saveRate));
  const rates = Array.from({ length: 40 }, (_, i) => Math.max(least, 0.02, highest * (i + 1) / 40));
  const discounts = [...new Set([2 / 3, 1, 4 / 3].map((part) => Math.min(1, inputs.discount * part)))];
  const values = discounts.flatMap((discount) =>
    rates.map((saveRate) => ({
      saveRate,
      discount: `${Number((100 * discount).toFixed(1))} % discount`,
      net: worthOfTarget({ ...inputs, saveRate, discount }).netAYear,
    }))
  );
  // Few saved customers cost without end: the interesting part is near the break-even.
  const top = Math.max(...values.map(({ net }) => net), 1);
  const axis = { type: "quantitative" as const, title: "save rate" };
  return {
    data: { values: values.filter(({ net }) => net > -2 * top) },
    height: 280,
    layer: [
      {
        data: { values: [{ none: 0 }] },
        mark: { type: "rule", strokeDash: [4, 4] },
        encoding: { y: { field: "none", type: "quantitative", title: money } },
      },
      {
        data: { values: [{ now: inputs.saveRate }] },
        mark: { type: "rule", strokeDash: [2, 3] },
        encoding: { x: { field: "now", ...axis, axis: { format: ".0%" } } },
      },
      {
        mark: { type: "line" },
        encoding: {
          x: { field: "saveRate", ...axis, axis: { format: ".0%" } },
          y: { field: "net", type: "quantitative", title: money },
          color: { field: "discount", type: "nominal", title: null, sort: null, legend: { orient: "top" } },
        },
      },
    ],
  };
}
