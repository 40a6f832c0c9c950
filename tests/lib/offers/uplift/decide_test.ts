import assert from "node:assert/strict";
import { crossFit, decideTargeting, qini } from "shopflow/offers/uplift/mod.ts";
import { stratifiedFolds } from "../../../../lib/offers/uplift/cross_fit.ts";
import { fitUplift, LEARNERS } from "../../../../lib/offers/uplift/learners.ts";
import { readTrial } from "../../../../lib/offers/effect/trial.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { INVENTED_COLUMNS, inventedCustomers, inventedTrial } from "../../../fixtures/invented_trial.ts";

/** Fewer, quicker trees: the truth of these trials is coarse. */
const QUICK = { folds: 3, trees: { rounds: 40, eta: 0.15 } };

/** Only customers with x above 0.6 buy more for the offer; those with a low x are the least likely to buy. */
const moved = (rows: number, seed = 1) =>
  inventedTrial({ rows, seed, rate: (x, treated) => 0.1 + 0.2 * x + (treated && x > 0.6 ? 0.25 : 0) });

Deno.test("every learner finds the customers whom the offer moves", async () => {
  const trial = moved(5000);
  const { predictions, fold } = await crossFit(trial, { ...QUICK, learners: LEARNERS });
  for (const learner of LEARNERS) {
    const { uplift, control, treated } = predictions.get(learner)!;
    const mean = (isMoved: boolean) => {
      const values = [...uplift].filter((_, row) => trial.features.values[2 * row]! > 0.6 === isMoved);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    assert.ok(mean(true) > 0.15 && Math.abs(mean(false)) < 0.06, `${learner} ${mean(true)} ${mean(false)}`);
    assert.ok(qini(trial, uplift).coefficient > 0.015);
    assert.ok([...control, ...treated].every((value) => value > 0 && value < 1));
  }
  assert.deepEqual([...new Set(fold)].sort(), [0, 1, 2]);
});

Deno.test("amounts are learned too, in their own unit", async () => {
  const random = createRandom(2);
  const customers = inventedCustomers({ rows: 4000, seed: 2, rate: () => 0.5 })
    .map((customer) => ({
      ...customer,
      outcome: 100 + 20 * random() + (customer.arm === "offer" && customer.x > 0.6 ? 30 : 0),
    }));
  const trial = readTrial(customers, INVENTED_COLUMNS);
  for (const model of await fitUplift(trial, LEARNERS, QUICK.trees)) {
    const { uplift } = model.predict(trial.features);
    const [high, low] = [customers.findIndex(({ x }) => x > 0.8), customers.findIndex(({ x }) => x < 0.4)];
    assert.ok(
      uplift[high]! > 20 && Math.abs(uplift[low]!) < 8,
      `${model.learner} ${uplift[high]} ${uplift[low]}`,
    );
  }
});

Deno.test("folds have the same arms and outcomes, keep clusters together, and depend on the seed alone", () => {
  const trial = moved(1000);
  const fold = stratifiedFolds(trial, 5, 1);
  for (let one = 0; one < 5; one++) {
    for (const arm of [0, 1]) {
      for (const outcome of [0, 1]) {
        const isOne = (_: unknown, row: number) => trial.arm[row] === arm && trial.outcome[row] === outcome;
        const all = [...fold].filter(isOne).length,
          own = [...fold].filter((value, row) => isOne(value, row) && value === one).length;
        assert.ok(Math.abs(own - all / 5) < 1);
      }
    }
  }
  assert.deepEqual(stratifiedFolds(trial, 5, 1), fold);
  assert.notDeepEqual(stratifiedFolds(trial, 5, 2), fold);
  const clusters = Int32Array.from({ length: 1000 }, (_, row) => row % 100);
  const together = stratifiedFolds({ ...trial, clusters }, 5, 1);
  for (let row = 100; row < 1000; row++) assert.equal(together[row], together[row % 100]);
  for (const folds of [1, 2.5, 300]) {
    assert.throws(() => stratifiedFolds(trial, folds, 1), { message: /Invalid number of folds/ });
  }
});

Deno.test("uplift takes over where the trial shows that it is better, and the same seed says the same", async () => {
  const trial = moved(4000);
  const decision = await decideTargeting(trial, QUICK);
  assert.deepEqual([decision.policy, decision.reason, decision.rule], [
    "uplift",
    "uplift is better",
    "riskiest first",
  ]);
  assert.match(
    decision.why,
    /T-learner gains \+\d+ % .* over riskiest first, on 4,000 customers\. Both are beyond chance/,
  );
  const { reported } = decision;
  assert.deepEqual(reported.policies, ["uplift", "uplift", "uplift"]);
  assert.ok(reported.shareOfEffect.interval.low > 0.4);
  assert.ok(reported.againstRandom.interval.low > 0);
  const again = await decideTargeting(trial, QUICK);
  assert.deepEqual(again.reported, reported);
  assert.deepEqual(again.model.predict(trial.features), decision.model.predict(trial.features));
});

Deno.test("the outcomes of a fold take no part in how it is ranked, nor in its decision", async () => {
  // Amounts: the folds of rates depend on their outcomes.
  const random = createRandom(8);
  const customers = inventedCustomers({ rows: 4000, seed: 8, rate: () => 0.5 })
    .map((customer) => ({
      ...customer,
      outcome: random() + (customer.arm === "offer" && customer.x > 0.6 ? 0.3 : 0),
    }));
  const trial = readTrial(customers, INVENTED_COLUMNS);
  const decision = await decideTargeting(trial, QUICK);
  const { fold } = decision.crossFit;
  const outcome = trial.outcome.map((value, row) => fold[row] === 0 ? 1.5 - value : value);
  const turned = await decideTargeting({ ...trial, outcome }, QUICK);
  const ranked = ({ reported }: typeof decision, one: number) =>
    reported.scores.filter((_, row) => fold[row] === one);
  assert.deepEqual(turned.crossFit.fold, fold);
  assert.deepEqual(ranked(turned, 0), ranked(decision, 0));
  assert.deepEqual(decision.reported.policies, ["uplift", "uplift", "uplift"]);
  assert.equal(turned.reported.policies[0], "uplift");
  assert.notDeepEqual(ranked(turned, 1), ranked(decision, 1));
  assert.ok(turned.reported.againstRandom.estimate < decision.reported.againstRandom.estimate / 2);
});

Deno.test("where the offer moves all alike the rule stays, and a large trial says that there is little to find", async () => {
  const trial = inventedTrial({ rows: 12_000, seed: 4, rate: (_, treated) => treated ? 0.6 : 0.2 });
  const decision = await decideTargeting(trial, QUICK);
  assert.deepEqual([decision.policy, decision.reason], ["keep rule", "little to find"], decision.why);
  assert.match(decision.why, /little at most: .* so riskiest first stays/);
  assert.ok(decision.reported.shareOfEffect.interval.high < 0.36);
});

Deno.test("a small trial says how many customers it would take", async () => {
  const decision = await decideTargeting(moved(400, 5), { ...QUICK, budget: 0.3 });
  assert.equal(decision.policy, "keep rule");
  assert.equal(decision.reason, "too few customers", decision.why);
  assert.match(decision.why, /would show with about [\d,]+ customers/);
  assert.ok(decision.neededCustomers! > 400);
});

Deno.test("a rule of one's own is what uplift has to beat", async () => {
  const trial = moved(4000);
  const x = Float64Array.from({ length: 4000 }, (_, row) => trial.features.values[2 * row]!);
  const decision = await decideTargeting(trial, { ...QUICK, rule: { name: "highest x first", scores: x } });
  assert.deepEqual([decision.policy, decision.reason], ["keep rule", "the rule is as good"]);
  assert.match(decision.why, /uplift not more than the rule, so highest x first stays/);
  assert.ok(decision.evidence.ruleAgainstRandom.interval.low > 0);
  await assert.rejects(decideTargeting(trial, { rule: { name: "short", scores: [1] } }), {
    message: /The scores of the rule short do not fit: expected 4000/,
  });
});

Deno.test("a rule that does worse than a draw at random is named", async () => {
  const trial = inventedTrial({
    rows: 12_000,
    seed: 6,
    rate: (x, treated) => 0.1 + 0.5 * x + (treated ? 0.3 * x : 0),
  });
  const best = Float64Array.from({ length: 12_000 }, (_, row) => trial.features.values[2 * row]!);
  const decision = await decideTargeting(trial, {
    ...QUICK,
    rule: { name: "lowest x first", scores: best.map((x) => -x) },
  });
  assert.ok(decision.evidence.ruleAgainstRandom.interval.high < 0);
  assert.ok(
    decision.policy === "uplift" || /lowest x first itself gains less than a draw/.test(decision.why),
  );
});

Deno.test("a trial without features, with three arms, or with one outcome in an arm is refused in words", async () => {
  const customers = inventedCustomers({ rows: 200, seed: 7, rate: (_, treated) => treated ? 0.4 : 0 });
  await assert.rejects(crossFit(readTrial(customers, { ...INVENTED_COLUMNS, features: [] }), QUICK), {
    message: /Uplift cannot be learned from this trial: expected features, and two arms/,
  });
  await assert.rejects(crossFit(readTrial(customers, INVENTED_COLUMNS), QUICK), {
    name: "TooLittleDataError",
  });
});
