import { InputError } from "shopflow/errors/mod.ts";

/** How shown lists of recommendations turn into sales. */
interface RecommendationFunnel {
  /** Lists shown a month. */
  shown: number;
  /** Share of the shown lists that are clicked, 0..1. */
  clickThrough: number;
  /** Share of the clicks that end in an order, 0..1. */
  conversion: number;
  /** Money of such an order. */
  orderValue: number;
}

/** Sales a month that come through recommendations: shown × click-through × conversion × order value. */
export function recommendationSales(funnel: RecommendationFunnel): number {
  checkFunnel(funnel);
  return funnel.shown * funnel.clickThrough * funnel.conversion * funnel.orderValue;
}

/**
 * The click-through at which sales are `gain` a month above those of the funnel as it is; above 1 when no
 * list could be that good.
 */
export function clickThroughFor(gain: number, funnel: RecommendationFunnel): number {
  checkFunnel(funnel);
  return funnel.clickThrough + gain / (funnel.shown * funnel.conversion * funnel.orderValue);
}

function checkFunnel(funnel: RecommendationFunnel): void {
  for (const name of ["clickThrough", "conversion"] as const) {
    if (funnel[name] >= 0 && funnel[name] <= 1) continue;
    throw new InputError(`The funnel's ${name} is not a share`, {
      expected: "a number from 0 to 1",
      found: String(funnel[name]),
    });
  }
  for (const name of ["shown", "orderValue"] as const) {
    if (funnel[name] >= 0 && funnel[name] < Infinity) continue;
    throw new InputError(`The funnel's ${name} is out of range`, {
      expected: "a number of at least 0",
      found: String(funnel[name]),
    });
  }
}
