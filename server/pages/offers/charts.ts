import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import { differenceText, type OutcomeEffect, type PolicyCurve } from "shopflow/offers/mod.ts";
import { ROI_FIELDS, type RoiInputs, worthOfTarget } from "shopflow/offers/roi/mod.ts";

/** A picture for wide and for narrow screens. */
export interface OfferChart {
  title: string;
  /** What it shows, for those who don't see it. */
  label: string;
  wide: string;
  narrow: string;
}

async function draw(title: string, label: string, spec: ChartSpec): Promise<OfferChart> {
  return {
    title,
    label,
    wide: await renderSvg(spec, { width: 720 }),
    narrow: await renderSvg(spec, { width: 330 }),
  };
}

/** Effects with their intervals, each in percent of what is usual without the offer: a line with its point. */
export async function effectsChart(effects: OutcomeEffect[]): Promise<OfferChart | undefined> {
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
    title: "change by the offer, of what is usual without it",
    axis: { format: "+.0%" },
  });
  const y = { field: "outcome", type: "nominal" as const, sort: null, title: null };
  const label = effects.map((effect) => {
    const { effect: size, interval: { low, high } } = effect.adjusted ?? effect.weighted;
    const [at, from, to] = [size, low, high].map((value) => differenceText(effect.outcome, value));
    return `${effect.outcome.label}: ${at}, 95 % interval ${from} to ${to}`;
  }).join("; ");
  return await draw("What the offer changed, with 95 % intervals", label, {
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
  });
}

/** Profit of making the offer to the first customers of each ranking, with bands of 95 %. */
export async function policiesChart(
  policies: PolicyCurve[],
  customers: number,
  money: string,
): Promise<OfferChart | undefined> {
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
    legend: { orient: "top" as const },
  };
  return await draw(
    "Profit by how many get the offer",
    policies.map(({ ranking, points }) =>
      `by ${ranking}: ${Math.round((points.at(-1)?.gain.estimate ?? 0) * customers)} if everybody gets it`
    ).join("; "),
    {
      data: { values },
      height: 260,
      layer: [
        {
          mark: { type: "area", opacity: 0.15 },
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
    },
  );
}

/** Net return a year by the save rate, which nobody knows before a trial, for discounts around the one that is asked for. */
export async function roiChart(inputs: RoiInputs, money: string): Promise<OfferChart> {
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
  const axis = { type: "quantitative" as const, title: "customers about to leave whom the offer keeps" };
  return await draw(
    "Net return a year by the save rate",
    `It is 0 at a save rate of ${Math.round(100 * worthOfTarget(inputs).breakEvenSaveRate)} %`,
    {
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
    },
  );
}
