import { type Judgement, promotionVerdict } from "shopflow/business/mod.ts";
import type { ComparedFigure } from "shopflow/registry/mod.ts";
import assert from "node:assert/strict";

const auc = (challenger: number, others: Partial<ComparedFigure> = {}): ComparedFigure => ({
  name: "AUC",
  better: "higher",
  challenger,
  baseline: 0.7,
  mustBeat: true,
  tolerance: 0.01,
  ...others,
});
const loss = (challenger: number, others: Partial<ComparedFigure> = {}): ComparedFigure => ({
  name: "log-loss",
  better: "lower",
  challenger,
  baseline: 0.5,
  tolerance: 0.02,
  ...others,
});
const on = (...figures: ComparedFigure[]): Judgement => ({ holdOut: "100 customers", figures });

Deno.test("a challenger that is better, as good, or within the tolerance becomes champion", () => {
  for (const challenger of [0.82, 0.8, 0.791]) {
    assert.deepEqual(promotionVerdict(on(auc(challenger, { champion: 0.8 })), "v1"), {
      outcome: "promoted",
      reason: "no worse than the champion, and it beats its baseline",
    });
  }
});

Deno.test("a challenger that is worse than the champion beyond the tolerance is refused with the figures", () => {
  assert.deepEqual(promotionVerdict(on(auc(0.789, { champion: 0.8 })), "v1"), {
    outcome: "refused",
    reason: "it is worse than the champion: AUC 0.789, champion 0.800, tolerance 0.010",
  });
});

Deno.test("one figure that got worse is enough to refuse, whichever way is better", () => {
  const judgement = on(auc(0.85, { champion: 0.8 }), loss(0.45, { champion: 0.42 }));
  const { outcome, reason } = promotionVerdict(judgement, "v1");
  assert.equal(outcome, "refused");
  assert.match(reason, /^it is worse than the champion: log-loss 0\.450, champion 0\.420/);
  assert.equal(
    promotionVerdict(on(auc(0.85, { champion: 0.8 }), loss(0.43, { champion: 0.42 })), "v1").outcome,
    "promoted",
  );
});

Deno.test("to replace a champion the baseline has to be beaten, even where the champion does not beat it", () => {
  const { outcome, reason } = promotionVerdict(on(auc(0.7, { champion: 0.6 })), "v1");
  assert.equal(outcome, "refused");
  assert.equal(reason, "it does not do better than its baseline: AUC 0.700, baseline 0.700");
  // The probabilities of the baseline may be as good.
  assert.equal(
    promotionVerdict(on(auc(0.71, { champion: 0.6 }), loss(0.51, { champion: 0.6 })), "v1").outcome,
    "promoted",
  );
});

Deno.test("the first model has to be no worse than its baseline", () => {
  assert.equal(promotionVerdict(on(auc(0.695), loss(0.51)), null).outcome, "promoted");
  assert.deepEqual(promotionVerdict(on(auc(0.68), loss(0.6)), null), {
    outcome: "refused",
    reason: "it is worse than its baseline: AUC 0.680, baseline 0.700, log-loss 0.600, baseline 0.500",
  });
});

Deno.test("against a champion that cannot be judged, no worse than the baseline is enough", () => {
  const judgement = { ...on(auc(0.7)), championUnjudged: "trees.json is of another kind" };
  assert.deepEqual(promotionVerdict(judgement, "v1"), {
    outcome: "promoted",
    reason: "the champion cannot be judged (trees.json is of another kind), and no worse than its baseline",
  });
  assert.equal(promotionVerdict({ ...judgement, figures: [auc(0.6)] }, "v1").outcome, "refused");
});

Deno.test("what cannot be judged at all becomes champion, and the reason says so", () => {
  for (const champion of [null, "v1"]) {
    const { outcome, reason } = promotionVerdict({ figures: [] }, champion);
    assert.equal(outcome, "promoted");
    assert.match(reason, /nothing to judge it on/);
  }
});
