import assert from "node:assert/strict";
import { exampleTrial } from "../../../../lib/offers/read_out/example_trial.ts";
import { conclusionText, trialResults } from "../../../../lib/offers/read_out/results.ts";

Deno.test("the true effect is inside of the 95 % interval in about 95 of 100 trials, with CUPED and without", () => {
  const trials = 200;
  const covered: Record<string, number> = {};
  for (let seed = 1; seed <= trials; seed++) {
    const { outcomes, trueEffect } = exampleTrial({ customers: 400, seed });
    for (const { outcome, weighted, adjusted } of trialResults(outcomes).effects) {
      for (const [name, effect] of [["weighted", weighted], ["adjusted", adjusted!]] as const) {
        const { low, high } = effect.interval;
        const truth = trueEffect[outcome.column];
        const key = `${outcome.column} ${name}`;
        covered[key] = (covered[key] ?? 0) + (low <= truth && truth <= high ? 1 : 0);
      }
    }
  }
  assert.equal(Object.keys(covered).length, 6);
  for (const [key, count] of Object.entries(covered)) {
    // Three and a half standard errors of a share of 0.95 in 200. The truth is that of these customers, of whom half is seen
    // with the offer and half without, so intervals for customers at large may cover it more often.
    assert.ok(count / trials > 0.95 - 0.054, `${key}: ${count} of ${trials}`);
  }
  assert.ok(Object.values(covered).some((count) => count < trials), "intervals are not just wide");
});

Deno.test("CUPED by earlier spend narrows the interval of spend", () => {
  const { effects } = trialResults(exampleTrial({ customers: 4000, seed: 3 }).outcomes);
  const sales = effects.find(({ outcome }) => outcome.column === "net_sales")!;
  assert.ok(sales.adjusted!.standardError < sales.weighted.standardError);
  assert.ok(sales.adjusted!.varianceReduction! > 0.05);
});

Deno.test("an effect is told with its interval, and no effect says what such a trial would have missed", () => {
  const strong = trialResults(exampleTrial({ customers: 4000, seed: 5, saved: 0.9 }).outcomes);
  assert.match(
    conclusionText(strong.effects[0]!),
    /^The offer raised customers who ordered by \d+\.\d points \(95 % interval \d+\.\d points to \d+\.\d points\)\.$/,
  );
  const none = trialResults(exampleTrial({ customers: 300, seed: 8, saved: 0 }).outcomes);
  assert.match(
    conclusionText(none.effects[0]!),
    /^No effect on customers who ordered is shown: .*includes 0\. A trial of this size misses an effect of 1\d\.\d points/,
  );
  const { estimate, low, high } = strong.addedProfit!;
  const profit = strong.effects[2]!.adjusted!;
  assert.ok(low < estimate && estimate < high);
  assert.ok(Math.abs(estimate - profit.effect * strong.customers.offered) < 1e-9);
});

Deno.test("the policy curve ends where everybody gets the offer, whatever the ranking", () => {
  const { policies, effects } = trialResults(exampleTrial({ customers: 4000, seed: 5 }).outcomes);
  assert.deepEqual(policies.map(({ ranking }) => ranking), ["churn probability", "value at risk"]);
  for (const { points } of policies) {
    assert.equal(points[0]!.gain.estimate, 0);
    assert.ok(Math.abs(points.at(-1)!.gain.estimate - effects[2]!.weighted.effect) < 1e-9);
    assert.ok(points.at(-1)!.gain.standardError > 0);
  }
});

Deno.test("where nobody did anything there is no effect to read, and the results say why", () => {
  const { outcomes } = exampleTrial({ customers: 200, seed: 5 });
  const none = { ordered: 0 as const, orders: 0, gross_sales: 0, net_sales: 0, profit: 0, earlier_sales: 0 };
  const { effects, notes, policies } = trialResults({
    ...outcomes,
    rows: outcomes.rows.map((row) => ({ ...row, ...none })),
  });
  assert.deepEqual([effects, policies], [[], []]);
  assert.equal(notes.length, 3);
  assert.match(notes[0]!, /No effect on customers who ordered can be read.*the same in all rows/);
});
