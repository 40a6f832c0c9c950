import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import { effectsSpec, type OfferSpec, policiesSpec, roiSpec } from "shopflow/offers/charts.ts";
import { differenceText, type OutcomeEffect, type PolicyCurve } from "shopflow/offers/mod.ts";
import { type RoiInputs, worthOfTarget } from "shopflow/offers/roi/mod.ts";

/** A picture for wide and for narrow screens. */
export interface OfferChart {
  title: string;
  /** What it shows, for those who don't see it. */
  label: string;
  wide: string;
  narrow: string;
}

async function draw(title: string, label: string, spec: OfferSpec): Promise<OfferChart> {
  return {
    title,
    label,
    wide: await renderSvg(spec, { width: 720 }),
    narrow: await renderSvg(spec, { width: 330 }),
  };
}

/** Effects with their intervals; undefined where there is none to show. */
export async function effectsChart(effects: OutcomeEffect[]): Promise<OfferChart | undefined> {
  const spec = effectsSpec(effects);
  if (spec === undefined) return undefined;
  const label = effects.map((effect) => {
    const { effect: size, interval: { low, high } } = effect.adjusted ?? effect.weighted;
    const [at, from, to] = [size, low, high].map((value) => differenceText(effect.outcome, value));
    return `${effect.outcome.label}: ${at}, 95 % interval ${from} to ${to}`;
  }).join("; ");
  return await draw("What the offer changed, with 95 % intervals", label, spec);
}

/** Profit by the share of the customers who get the offer; undefined where there is none to show. */
export async function policiesChart(
  policies: PolicyCurve[],
  customers: number,
  money: string,
): Promise<OfferChart | undefined> {
  const spec = policiesSpec(policies, customers, money);
  if (spec === undefined) return undefined;
  const label = policies.map(({ ranking, points }) =>
    `by ${ranking}: ${Math.round((points.at(-1)?.gain.estimate ?? 0) * customers)} if everybody gets it`
  ).join("; ");
  return await draw("Profit by how many get the offer", label, spec);
}

/** Net return a year by the save rate. */
export function roiChart(inputs: RoiInputs, money: string): Promise<OfferChart> {
  const { breakEvenSaveRate } = worthOfTarget(inputs);
  const label = breakEvenSaveRate <= 1
    ? `It is 0 at a save rate of ${Math.round(100 * breakEvenSaveRate)} %`
    : "It is below 0 at every save rate";
  return draw("Net return a year by the save rate", label, roiSpec(inputs, money));
}
