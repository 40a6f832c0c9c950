import { auc, aucDifference, promotionVerdict } from "shopflow/ml/evaluation/mod.ts";
import type { Champion } from "shopflow/ml/registry/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomNormal } from "d3-random";
import assert from "node:assert/strict";

const CUSTOMERS = 500;
const GENERATIONS = 50;

/**
 * Nights with customers of their own, on each of which a challenger is worse than the champion by so much noise. A model
 * is the standard deviation of the noise in its scores: the more, the worse it ranks.
 */
function nights(seed: number, worsening: number): { last: number; promotions: number; error: number } {
  const random = createRandom(seed);
  const normal = randomNormal.source(random)();
  const noises = new Map([["v0", 1]]);
  let champion: Champion = { version: "v0" };
  let promotions = 0, error = 0;
  for (let night = 1; night <= GENERATIONS; night++) {
    const version = `v${night}`;
    noises.set(version, noises.get(champion.version)! + worsening);
    const labels = Uint8Array.from({ length: CUSTOMERS }, () => random() < 0.4 ? 1 : 0);
    // Models of one shop err on the same customers, for the most part.
    const shared = Float64Array.from(labels, normal);
    const scores = new Map<string, Float64Array>();
    const scoresOf = (model: string) => {
      const noise = noises.get(model)!;
      const known = scores.get(model) ??
        Float64Array.from(labels, (label, row) => 1.5 * label + noise * (shared[row]! + 0.3 * normal()));
      scores.set(model, known);
      return known;
    };
    const ours = scoresOf(version);
    const errorOf = (model: string) => aucDifference(labels, ours, scoresOf(model)).standardError;
    const reference = champion.decision?.reference ?? champion.version;
    error = errorOf(champion.version);
    const { outcome, ...verdict } = promotionVerdict(
      {
        testSet: `${CUSTOMERS} customers`,
        metrics: [{
          name: "AUC",
          better: "higher",
          leads: true,
          challenger: auc(labels, ours),
          champion: auc(labels, scoresOf(champion.version)),
          championError: error,
          ...(reference !== champion.version && {
            reference: auc(labels, scoresOf(reference)),
            referenceError: errorOf(reference),
          }),
          baseline: 0.5,
          baselineError: 0.01,
        }],
      },
      version,
      champion,
    );
    if (outcome !== "promoted") continue;
    promotions++;
    champion = {
      version,
      decision: {
        version,
        champion: null,
        outcome,
        decidedAt: "",
        decidedBy: "rule",
        metrics: [],
        ...verdict,
      },
    };
  }
  return { last: noises.get(champion.version)!, promotions, error };
}

/** AUC of scores 1.5 × label + noise, measured on as many customers as it takes for the third digit. */
function trueAuc(noise: number): number {
  const normal = randomNormal.source(createRandom(0, "many customers"))();
  const labels = Uint8Array.from({ length: 100_000 }, (_, row) => row % 5 < 2 ? 1 : 0);
  return auc(
    labels,
    Float64Array.from(labels, (label) => 1.5 * label + noise * Math.hypot(1, 0.3) * normal()),
  );
}

Deno.test("fifty challengers that are each a little worse do not lower the quality beyond three standard errors", () => {
  const start = trueAuc(1);
  for (const seed of [1, 2, 3]) {
    for (const worsening of [0.005, 0.01, 0.02]) {
      const { last, promotions, error } = nights(seed, worsening);
      const lost = start - trueAuc(last);
      const text = `seed ${seed}, ${worsening}: ${promotions} promotions, AUC lower by ${
        lost.toFixed(4)
      }, standard error ${error.toFixed(4)}`;
      assert.ok(lost <= 3 * error, text);
    }
  }
});
