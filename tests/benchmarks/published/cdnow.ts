import { collectPurchases } from "../../../lib/lifetime_value/transactions.ts";
import { holdOut, holdoutErrors } from "../../../lib/lifetime_value/holdout.ts";
import { CDNOW_CALIBRATION_END, CDNOW_END, readCdnowSample } from "../../fixtures/cdnow.ts";
import type { PublishedComparison, PublishedResult } from "./comparison.ts";

const BG_NBD = "Fader, Hardie and Lee 2005, table 2";
const HOLDOUT = "the same model, computed independently";
const GAMMA_GAMMA = "Fader and Hardie 2013, section 4";

/** Lifetime value: BG/NBD and Gamma-Gamma by maximum likelihood, and what they foretell. */
export const cdnow: PublishedComparison = {
  name: "cdnow",
  about: "2,357 customers of the 1/10 sample, fitted on weeks 1 to 39, predictions for weeks 40 to 78",
  async results() {
    const { model, predicted, actual } = holdOut(collectPurchases(await readCdnowSample()), {
      calibrateUntil: CDNOW_CALIBRATION_END,
      until: CDNOW_END,
      unit: "week",
      model: "bg/nbd",
    });
    const { parameters: { r, alpha, a, b }, logLikelihood } = model.purchases;
    const { p = NaN, q = NaN, gamma = NaN } = model.money?.parameters ?? {};
    const errors = holdoutErrors(predicted, actual);
    const result = (
      [name, ours, published, tolerance, decimals]: [string, number, number, number, number],
      source: string,
    ): PublishedResult => ({ name, ours, published, tolerance, decimals, source, better: "same" });
    const parameters: [string, number, number][] = [
      ["BG/NBD r", r, 0.243],
      ["BG/NBD alpha", alpha, 4.414],
      ["BG/NBD a", a, 0.793],
      ["BG/NBD b", b, 2.426],
    ];
    return [
      ...parameters.map((one) => result([...one, 5e-4, 3], BG_NBD)),
      result(["BG/NBD log-likelihood", logLikelihood, -9582.4, 0.05, 1], BG_NBD),
      result(["hold-out MAE", errors.mae, 0.7855, 5e-5, 4], HOLDOUT),
      result(["hold-out RMSE", errors.rmse, 1.608, 5e-4, 3], HOLDOUT),
      result(["hold-out correlation", errors.correlation ?? NaN, 0.626, 5e-4, 3], HOLDOUT),
      result(["hold-out purchases expected", errors.predicted, 1653, 0.5, 0], HOLDOUT),
      result(["hold-out purchases made", errors.actual, 1882, 0, 0], HOLDOUT),
      result(["Gamma-Gamma p", p, 6.25, 5e-3, 2], GAMMA_GAMMA),
      result(["Gamma-Gamma q", q, 3.74, 5e-3, 2], GAMMA_GAMMA),
      result(["Gamma-Gamma gamma", gamma, 15.44, 5e-3, 2], GAMMA_GAMMA),
    ];
  },
};
