import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { drawList } from "../../../../lib/offers/draw/draw.ts";
import type { Draw } from "../../../../lib/offers/ledger/events.ts";
import type { TrialOutcomes, TrialRow } from "../../../../lib/offers/read_out/outcomes.ts";
import { conclusionText, trialResults } from "../../../../lib/offers/read_out/results.ts";
import { inputs, options, population } from "../listed_population.ts";

/** What an offer does in a made-up world, where what customers would do without it is known, too. */
interface World {
  seed: number;
  customers?: number;
  holdOut?: number;
  /** Added to the probability to order. */
  lift: number;
}

/** A list of a trial, and outcomes of a world in which the truth is known: a purchase brings 100, of which half is profit. */
function outcomesOf({ seed, customers = 1000, holdOut = 0.3, lift }: World): TrialOutcomes {
  const people = population(customers);
  const draw: Draw =
    drawList(options({ holdOut, seed, rule: "random" }), inputs({ population: people }), []).draw;
  const random = createRandom(seed, "results_test");
  const rows = draw.customers.map(({ customerId, arm, score, covariates }): TrialRow => {
    const offered = arm === "offered" ? 1 : 0;
    const habit = random();
    const ordered = random() < 0.2 + 0.4 * habit + lift * offered ? 1 : 0;
    const gross = 100 * ordered;
    const net = gross * (1 - 0.1 * offered);
    return {
      ...covariates,
      customer_id: customerId,
      draw: draw.id,
      offered,
      probability: draw.treatmentProbability,
      score,
      ordered,
      orders: ordered,
      gross_sales: gross,
      net_sales: net,
      profit: net - 0.5 * gross - offered,
      contact_cost: offered,
      earlier_sales: 100 * habit,
    };
  });
  return {
    trial: "tenth",
    draws: [{ draw, knownFrom: "2024-11-30", isKnown: true }],
    dataUntil: "2024-12-01",
    rows,
    repeated: 0,
  };
}

Deno.test("the true effect is inside of the 95 % interval in about 95 of 100 trials, with CUPED and without", () => {
  const truth = { ordered: 0.1, net_sales: 0.5 * 90 - 0.4 * 100, profit: 0.5 * 40 - 1 - 0.4 * 50 };
  const trials = 200;
  const covered: Record<string, number> = {};
  for (let seed = 1; seed <= trials; seed++) {
    for (
      const { outcome, weighted, adjusted } of trialResults(outcomesOf({ seed, lift: 0.1, customers: 400 }))
        .effects
    ) {
      for (const [name, effect] of [["weighted", weighted], ["adjusted", adjusted!]] as const) {
        const { low, high } = effect.interval;
        const inside = low <= truth[outcome.column] && truth[outcome.column] <= high;
        const key = `${outcome.column} ${name}`;
        covered[key] = (covered[key] ?? 0) + (inside ? 1 : 0);
      }
    }
  }
  assert.equal(Object.keys(covered).length, 6);
  // Three and a half standard errors of a share of 0.95 in 200.
  for (const [key, count] of Object.entries(covered)) {
    assert.ok(Math.abs(count / trials - 0.95) < 0.054, `${key}: ${count} of ${trials}`);
  }
});

Deno.test("CUPED by earlier spend narrows the interval", () => {
  const { effects } = trialResults(outcomesOf({ seed: 3, lift: 0.1, customers: 4000 }));
  for (const { weighted, adjusted } of effects) {
    assert.ok(adjusted!.standardError < weighted.standardError);
    assert.ok(adjusted!.varianceReduction! > 0.01);
  }
});

Deno.test("an effect is told with its interval, and no effect says what such a trial would have missed", () => {
  const strong = trialResults(outcomesOf({ seed: 5, lift: 0.2, customers: 4000 }));
  assert.match(
    conclusionText(strong.effects[0]!),
    /^The offer raised customers who ordered by \d+\.\d points \(95 % interval \d+\.\d points to \d+\.\d points\)\.$/,
  );
  const none = trialResults(outcomesOf({ seed: 8, lift: 0, customers: 300 }));
  assert.match(
    conclusionText(none.effects[0]!),
    /^No effect on customers who ordered is shown: .*includes 0\. A trial of this size misses an effect of (1\d|2\d)\.\d points/,
  );
  const { estimate, low, high } = strong.addedProfit!;
  const profit = strong.effects[2]!.adjusted!;
  assert.ok(low < estimate && estimate < high);
  assert.ok(Math.abs(estimate - profit.effect * strong.customers.offered) < 1e-9);
});

Deno.test("the policy curve ends where everybody gets the offer, whatever the ranking", () => {
  const { policies, effects } = trialResults(outcomesOf({ seed: 5, lift: 0.2, customers: 4000 }));
  assert.deepEqual(policies.map(({ ranking }) => ranking), ["churn probability", "value at risk"]);
  for (const { points } of policies) {
    assert.equal(points[0]!.gain.estimate, 0);
    assert.ok(Math.abs(points.at(-1)!.gain.estimate - effects[2]!.weighted.effect) < 1e-9);
    assert.ok(points.at(-1)!.gain.standardError > 0);
  }
});

Deno.test("where nobody did anything there is no effect to read, and the results say why", () => {
  const outcomes = outcomesOf({ seed: 5, lift: 0 });
  const rows = outcomes.rows.map((row) => ({
    ...row,
    ordered: 0 as const,
    orders: 0,
    gross_sales: 0,
    net_sales: 0,
    profit: 0,
    earlier_sales: 0,
  }));
  const { effects, notes, policies } = trialResults({ ...outcomes, rows });
  assert.deepEqual([effects, policies], [[], []]);
  assert.equal(notes.length, 3);
  assert.match(notes[0]!, /No effect on customers who ordered can be read.*the same in all rows/);
});
