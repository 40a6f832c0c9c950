import {
  compareRecommender,
  type Ranking,
  type RecommenderBacktest,
} from "../../../lib/recommendation/evaluate.ts";
import { popularityBaseline, RECOMMENDER_PARAMETERS } from "../../../lib/recommendation/model.ts";
import { createRecommender } from "shopflow/recommendation/mod.ts";
import { type Opponent, promotionVerdict, testPredictionsFile } from "shopflow/ml/evaluation/mod.ts";
import assert from "node:assert/strict";

const CUSTOMERS = 200;
const sales = { productIds: ["best", "other"], ageDays: [1, 1], orders: [9, 1] };

/**
 * Customers of whom each wants one product; `found` of them get it at the first place from the recommender, `popular`
 * of them from the best sellers, so that NDCG@10 is the share.
 */
function backtestOf(found: number, popular: number, customers = CUSTOMERS): RecommenderBacktest {
  const cases = Array.from({ length: customers }, (_, i) => ({
    customerId: `C${i}`,
    day: "2024-06-30",
    history: [{ productId: String(i), weight: 1, purchased: true }],
    relevant: new Set(["wanted"]),
  }));
  const until = (count: number): Ranking => ([bought]) =>
    Number(bought?.productId) < count ? ["wanted"] : ["unwanted"];
  return {
    recommender: createRecommender(popularityBaseline(sales, RECOMMENDER_PARAMETERS)),
    cases,
    newProductCases: [],
    casesSince: (day) => cases.filter((one) => one.day >= day),
    personal: until(found),
    popular: until(popular),
    metrics: {},
  };
}

/** An opponent that did as said for the customers from `first` on, when it was trained. */
function stored(ndcgs: number[], { first = 0, day = "2024-06-30" } = {}): Opponent {
  const card = {
    name: "recommendation",
    version: "v1",
    trainedAt: "",
    snapshot: "s0",
    asOf: "2024-07-01",
    parameters: {},
    metrics: {},
  };
  const customerIds = ndcgs.map((_, i) => `C${first + i}`);
  const days = ndcgs.map(() => day);
  const values = Float64Array.from(ndcgs);
  return {
    version: "v1",
    card,
    files: testPredictionsFile({ metric: "ndcg_at_10", customerIds, days, values }),
  };
}

const verdict = async (backtest: RecommenderBacktest, champion?: Opponent) =>
  promotionVerdict(
    await compareRecommender(backtest, champion === undefined ? {} : { champion }),
    "v2",
    champion && { version: champion.version },
  );
const results = (found: number) => Array.from({ length: CUSTOMERS }, (_, i) => i < found ? 1 : 0);

Deno.test("an NDCG of 0.030 beside best sellers of 0.034 is refused, however many customers there are", async () => {
  // 30 and 34 of 1,000 customers; the difference is within an absolute 0.01.
  for (const champion of [undefined, stored(results(4))]) {
    const { outcome, reason } = await verdict(backtestOf(30, 34, 1000), champion);
    assert.equal(outcome, "refused");
    assert.match(reason, /beat its baseline beyond chance: NDCG@10 0\.030, baseline 0\.034/);
  }
});

Deno.test("a tie on little data, and too little data, make no champion", async () => {
  assert.equal((await verdict(backtestOf(3, 3, 40))).outcome, "refused");
  assert.equal((await verdict(backtestOf(4, 3, 40))).outcome, "refused");
  const few = await verdict(backtestOf(29, 0, 29));
  assert.equal(few.outcome, "refused");
  assert.match(few.reason, /nothing to measure it on: 29 customers ordered on two days, 30 are needed/);
  assert.equal((await verdict(backtestOf(29, 0, 29), stored(results(1)))).outcome, "held");
  assert.equal((await verdict(backtestOf(60, 20))).outcome, "promoted");
});

Deno.test("stand-ins are compared customer by customer, where the test orders are the same", async () => {
  const judged = async (champion: Opponent) =>
    (await compareRecommender(backtestOf(60, 20), { champion })).metrics[1];
  const whole = await judged(stored(results(50)));
  assert.deepEqual([whole!.name, whole!.challenger, whole!.champion], [
    `NDCG@10 of ${CUSTOMERS} customers with the same last order`,
    0.3,
    0.25,
  ]);
  assert.equal((await verdict(backtestOf(60, 20), stored(results(50)))).outcome, "promoted");
  assert.equal((await verdict(backtestOf(60, 20), stored(results(61)))).outcome, "refused");
  // Of the customers from C170 on, 30 are in the hold-out: none of them found what was wanted.
  const part = await judged(stored(results(50), { first: 170 }));
  assert.deepEqual([part!.name, part!.challenger, part!.champion], [
    "NDCG@10 of 30 customers with the same last order",
    0,
    1,
  ]);
  const others: [Opponent, RegExp][] = [
    [stored(results(50), { first: 171 }), /of 29 customers are those that it was measured on/],
    [stored(results(50), { day: "2024-06-29" }), /of 0 customers are those/],
    [{ ...stored([]), files: {} }, /0 customers ordered since .*; it stored no results/],
  ];
  for (const [champion, reason] of others) {
    const { outcome, reason: said } = await verdict(backtestOf(60, 20), champion);
    assert.equal(outcome, "held");
    assert.match(said, reason);
  }
});

Deno.test("an unreadable champion is compared by the results that are left", async () => {
  const { card: _, ...kept } = stored(results(50));
  const unreadable = { ...kept, unscorable: "recommender.bin is lost" };
  assert.equal((await verdict(backtestOf(60, 20), unreadable)).outcome, "promoted");
  assert.equal((await verdict(backtestOf(60, 20), { ...unreadable, files: {} })).outcome, "held");
  // A readable card with files of another format is asked by its results, too.
  const earlier = stored(results(61));
  const strange = { ...earlier, card: { ...earlier.card!, asOf: "2024-06-01" } };
  assert.equal((await verdict(backtestOf(60, 20), strange)).outcome, "refused");
});

Deno.test("the reference is compared beside the champion", async () => {
  const champion = stored(results(50)), reference = { ...stored(results(70)), version: "v0" };
  const { metrics } = await compareRecommender(backtestOf(60, 20), { champion, reference });
  assert.deepEqual(metrics.map(({ champion, reference }) => [champion, reference]), [
    [undefined, undefined],
    [0.25, undefined],
    [undefined, 0.35],
  ]);
});
