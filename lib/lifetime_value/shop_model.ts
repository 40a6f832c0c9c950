import { ModelError } from "shopflow/errors/mod.ts";
import { readModelJson, writeModelJson } from "shopflow/ml/classifier/mod.ts";
import { type CustomerValues, type LifetimeValueModel, valueCustomers } from "./fit.ts";
import type { ShopHistories } from "./shop_histories.ts";

/** The simplest forecast: what a customer bought in the last period, drawn towards the mean of all. */
export interface RepeatBaseline {
  /** Length of the period. */
  windowDays: number;
  /** Purchases of the next period = intercept + slope × purchases of the last one. */
  intercept: number;
  slope: number;
  /** Mean amount of a purchase of all customers; null where none is known. */
  meanAmount: number | null;
}

/** What scores a shop's customers: the models of their purchases, or the baseline. */
export type ShopValueModel =
  | { kind: "model"; model: LifetimeValueModel; holdout: ShopHoldout }
  | { kind: "baseline"; baseline: RepeatBaseline };

/** On which days a version was measured. */
export interface ShopHoldout {
  /** The first day of which nothing was known. */
  asOf: string;
  days: number;
}

const FILE = "lifetime_value.json";
const MODEL_FORMAT = "shopflow-lifetime-value-1", BASELINE_FORMAT = "shopflow-repeat-baseline-1";

interface SavedModel {
  format: typeof MODEL_FORMAT;
  model: LifetimeValueModel;
  holdout: ShopHoldout;
}

/** The files of a version; equal models give equal bytes. */
export function saveShopModel(model: LifetimeValueModel, holdout: ShopHoldout): Record<string, Uint8Array> {
  const { unit, purchases, money } = model;
  const saved: SavedModel = {
    format: MODEL_FORMAT,
    model: { unit, purchases, money },
    holdout,
  };
  return { [FILE]: writeModelJson(saved) };
}

/** The files of a baseline. */
export const saveRepeatBaseline = (baseline: RepeatBaseline): Record<string, Uint8Array> => ({
  [FILE]: writeModelJson({ format: BASELINE_FORMAT, ...baseline }),
});

/** @throws {ModelError} when the files are damaged or of another model. */
export function loadShopModel(
  files: Record<string, Uint8Array>,
  { isBaseline }: { isBaseline: boolean },
): ShopValueModel {
  if (isBaseline) {
    const { windowDays, intercept, slope, meanAmount } = readModelJson<
      RepeatBaseline & { format: typeof BASELINE_FORMAT }
    >(files, FILE, BASELINE_FORMAT);
    return { kind: "baseline", baseline: { windowDays, intercept, slope, meanAmount } };
  }
  const { model, holdout } = readModelJson<SavedModel>(files, FILE, MODEL_FORMAT);
  const values = Object.values(model?.purchases?.parameters ?? {});
  if (values.length === 4 && values.every((value) => value > 0 && value < Infinity)) {
    return { kind: "model", model, holdout };
  }
  throw new ModelError("The files of a lifetime value model are damaged", {
    expected: "four positive parameters of the purchase model",
    found: JSON.stringify(model?.purchases?.parameters ?? null),
  });
}

/** Least squares of what customers bought in the later of two periods on the earlier one. */
export function fitRepeatBaseline(histories: ShopHistories, windowDays: number): RepeatBaseline {
  const { recentPurchases: x, laterPurchases: y, spending } = histories;
  const n = x.length;
  let [sx, sy, sxx, sxy] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sx += x[i]!;
    sy += y[i]!;
    sxx += x[i]! * x[i]!;
    sxy += x[i]! * y[i]!;
  }
  const variance = sxx - sx * sx / n;
  const slope = variance > 0 ? (sxy - sx * sy / n) / variance : 0;
  let amounts = 0, paid = 0;
  for (let i = 0; i < n; i++) {
    const count = spending?.count[i] ?? 0;
    paid += count;
    amounts += count * (spending?.meanAmount[i] ?? 0);
  }
  return {
    windowDays,
    intercept: (sy - slope * sx) / n,
    slope,
    meanAmount: paid > 0 ? amounts / paid : null,
  };
}

/** What the baseline expects of each customer; it knows no P(alive) and no intervals. */
export function repeatForecast(
  { windowDays, intercept, slope, meanAmount }: RepeatBaseline,
  { recentPurchases, spending }: ShopHistories,
  horizonDays: number,
): { purchases: Float64Array; amount: (number | null)[] } {
  const periods = horizonDays / windowDays;
  return {
    purchases: recentPurchases.map((recent) => Math.max(0, intercept + slope * recent) * periods),
    amount: Array.from(
      recentPurchases,
      (_, i) => (spending?.count[i] ?? 0) > 0 ? spending!.meanAmount[i]! : meanAmount,
    ),
  };
}

/** P(alive), purchases and sales of the model over some days. */
export const modelForecast = (
  model: LifetimeValueModel,
  histories: ShopHistories,
  horizonDays: number,
): CustomerValues => valueCustomers(model, histories, { horizon: horizonDays });
