import { type Comparison, type MetricComparison, promotionVerdict } from "shopflow/ml/evaluation/mod.ts";
import type { Champion, PromotionDecision } from "shopflow/ml/registry/mod.ts";
import assert from "node:assert/strict";

const auc = (challenger: number, others: Partial<MetricComparison> = {}): MetricComparison => ({
  name: "AUC",
  better: "higher",
  leads: true,
  challenger,
  baseline: 0.7,
  baselineError: 0.01,
  ...others,
});
const loss = (challenger: number, others: Partial<MetricComparison> = {}): MetricComparison => ({
  name: "log-loss",
  better: "lower",
  challenger,
  baseline: 0.5,
  baselineError: 0.01,
  ...others,
});
const besides = (champion: number, championError = 0.004) => ({ champion, championError });
const withoutError = ({ baselineError: _, ...metric }: MetricComparison): MetricComparison => metric;
const on = (...metrics: MetricComparison[]): Comparison => ({ testSet: "100 customers", metrics });
const champion = (decision?: Partial<PromotionDecision>): Champion => ({
  version: "v1",
  ...(decision && {
    decision: {
      version: "v1",
      champion: null,
      outcome: "promoted",
      reason: "",
      decidedAt: "",
      decidedBy: "rule",
      metrics: [],
      ...decision,
    },
  }),
});
const outcomeOf = (comparison: Comparison, of: Champion | undefined = champion()) =>
  promotionVerdict(comparison, "v2", of).outcome;

Deno.test("a challenger that measures as good as the champion or better becomes champion, with no allowance", () => {
  for (const challenger of [0.801, 0.8]) {
    assert.deepEqual(promotionVerdict(on(auc(challenger, besides(0.8))), "v2", champion()), {
      outcome: "promoted",
      reason: "no worse than the champion, and it beats its baseline",
      reference: "v1",
    });
  }
  assert.deepEqual(promotionVerdict(on(auc(0.799, besides(0.8))), "v2", champion()), {
    outcome: "refused",
    reason:
      "it is worse than the champion: AUC 0.799, champion 0.800, standard error of the difference 0.0040",
  });
});

Deno.test("an improvement beyond chance makes the challenger the reference of its successors", () => {
  // 0.0066 is more than 1.645 standard errors of 0.004, 0.0065 is less.
  const reference = (challenger: number) =>
    promotionVerdict(on(auc(challenger, besides(0.8))), "v2", champion()).reference;
  assert.equal(reference(0.8066), "v2");
  assert.equal(reference(0.8065), "v1");
});

Deno.test("a figure that does not lead may be worse by 1 % of the champion's, not of a fixed size", () => {
  const withLoss = (challenger: number, other: number) =>
    outcomeOf(on(auc(0.85, besides(0.8)), loss(challenger, besides(other))));
  assert.equal(withLoss(0.4039, 0.4), "promoted");
  assert.equal(withLoss(0.4041, 0.4), "refused");
  // 0.008 would be within an absolute 0.01.
  assert.equal(withLoss(0.058, 0.05), "refused");
});

Deno.test("a recommender at 0.030 does not replace anything where the best sellers reach 0.034", () => {
  const ndcg = (others: Partial<MetricComparison>) =>
    on(auc(0.03, { name: "NDCG@10", baseline: 0.034, baselineError: 0.002, ...others }));
  for (const holder of [undefined, champion()]) {
    const { outcome, reason } = promotionVerdict(ndcg(besides(0.02)), "v2", holder);
    assert.equal(outcome, "refused");
    assert.match(reason, /^it does not beat its baseline beyond chance: NDCG@10 0\.030, baseline 0\.034/);
  }
  assert.equal(promotionVerdict(ndcg({}), "v2", undefined).outcome, "refused");
});

Deno.test("a tie with the baseline, and a lead that may be chance, are refused", () => {
  const first = (figure: MetricComparison) => promotionVerdict(on(figure), "v2", undefined);
  assert.equal(first(auc(0.7)).outcome, "refused");
  assert.equal(first(auc(0.7, { baselineError: 0 })).outcome, "refused", "the same in every row");
  assert.equal(first(auc(0.75, { baselineError: 0.04 })).outcome, "refused", "little data");
  assert.equal(first(withoutError(auc(0.75))).outcome, "refused", "error not known");
  assert.equal(first(auc(0.75, { baselineError: Infinity })).outcome, "refused");
  assert.equal(first(auc(NaN)).outcome, "refused");
  assert.equal(promotionVerdict(on(loss(0.4)), "v2", undefined).outcome, "refused", "nothing that leads");
  assert.deepEqual(first(auc(0.75)), {
    outcome: "promoted",
    reason: "the first model, and it beats its baseline",
    reference: "v2",
  });
  assert.equal(promotionVerdict(on(auc(0.75), loss(0.51)), "v2", undefined).outcome, "refused");
});

Deno.test("to replace a champion the baseline has to be beaten, even where the champion does not beat it", () => {
  assert.equal(outcomeOf(on(auc(0.7, besides(0.6)))), "refused");
  assert.equal(outcomeOf(on(auc(0.72, besides(0.6)))), "promoted");
});

Deno.test("what cannot be compared is never promoted: it is refused without a champion, and held beside one", () => {
  const unscorable = { ...on(auc(0.9)), championUnscorable: "trees.json is of another kind" };
  assert.deepEqual(promotionVerdict(unscorable, "v2", champion()), {
    outcome: "held",
    reason: "the champion cannot be compared (trees.json is of another kind)",
  });
  assert.equal(outcomeOf(on(auc(0.9))), "held", "a champion that nobody measured");
  assert.equal(
    outcomeOf(on(auc(0.9), loss(0.4, besides(0.4)))),
    "held",
    "measured by what does not lead alone",
  );
  assert.equal(outcomeOf(on(auc(0.9, { champion: NaN, championError: 0.01 }))), "refused");
  assert.equal(outcomeOf({ ...unscorable, metrics: [auc(0.6)] }), "refused", "no person need look at it");
  for (const [of, outcome] of [[undefined, "refused"], [champion(), "held"]] as const) {
    assert.deepEqual(promotionVerdict({ metrics: [], unmeasured: "3 customers" }, "v2", of), {
      outcome,
      reason: "there is nothing to measure it on: 3 customers",
    });
  }
});

Deno.test("what a person chose stays until a challenger is better beyond chance", () => {
  const chosen = champion({ decidedBy: "person" });
  const { outcome, reason } = promotionVerdict(on(auc(0.806, besides(0.8))), "v2", chosen);
  assert.equal(outcome, "refused");
  assert.match(
    reason,
    /^a person chose the champion, and it is not better beyond chance: AUC 0\.806, champion/,
  );
  assert.equal(outcomeOf(on(auc(0.8, besides(0.8, 0))), chosen), "refused", "the same predictions");
  assert.equal(outcomeOf(on(auc(0.81, besides(0.8))), chosen), "promoted");
});

Deno.test("the quality of the reference is kept, though the champion is a little below it", () => {
  const drifted = champion({ reference: "v0" });
  const against = (challenger: number, reference: number) =>
    promotionVerdict(
      on(auc(challenger, { ...besides(0.8), reference, referenceError: 0.004 })),
      "v2",
      drifted,
    );
  assert.deepEqual(against(0.804, 0.803), {
    outcome: "promoted",
    reason: "no worse than the champion, and it beats its baseline",
    reference: "v0",
  });
  assert.equal(against(0.801, 0.803).outcome, "refused");
  assert.match(against(0.801, 0.803).reason, /does not keep the quality of v0.*reference 0\.803/);
  // Better than the champion beyond chance is an improvement in any case; the reference stays until it is reached.
  assert.deepEqual([against(0.81, 0.82).outcome, against(0.81, 0.82).reference], ["promoted", "v0"]);
  assert.deepEqual([against(0.81, 0.805).outcome, against(0.81, 0.805).reference], ["promoted", "v2"]);
  const unscorable = (challenger: number) =>
    promotionVerdict(
      { ...on(auc(challenger, besides(0.8))), referenceUnscorable: "incomplete" },
      "v2",
      drifted,
    );
  assert.equal(unscorable(0.804).outcome, "refused");
  assert.deepEqual([unscorable(0.81).outcome, unscorable(0.81).reference], ["promoted", "v2"]);
  assert.equal(
    outcomeOf(on(auc(0.804, besides(0.8))), drifted),
    "refused",
    "a reference that nobody measured",
  );
});
