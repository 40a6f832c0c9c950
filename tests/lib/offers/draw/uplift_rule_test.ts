import assert from "node:assert/strict";
import { rank } from "../../../../lib/offers/draw/rules.ts";
import { mostKnownTrial, upliftScores } from "../../../../lib/offers/draw/uplift_rule.ts";
import type { Candidate } from "../../../../lib/offers/draw/population.ts";
import { exampleTrial } from "../../../../lib/offers/read_out/example_trial.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { drawList } from "../../../../lib/offers/draw/draw.ts";
import { inputs, OFFER, options, population } from "../listed_population.ts";

/** Two customers of equal value at risk: one was here lately, one is beyond reach. */
const CANDIDATES: Candidate[] = [10, 85].map((recency_days, i) => ({
  customerId: `NEW${i}`,
  isActive: true,
  covariates: { churn_probability: 0.6, usual_spend: 150, recency_days, order_count: 3, tenure_days: 300 },
}));

Deno.test("uplift takes over once a trial shows that it gains more, and ranks those whom the offer moves first", async () => {
  // The offer keeps everybody whom it can reach, and nobody else, so there is much to find.
  const { outcomes } = exampleTrial({ customers: 4000, seed: 4, saved: 1 });
  const scores = await upliftScores(outcomes, CANDIDATES, { seed: 1 });
  assert.ok("effects" in scores, scores.because);
  assert.match(scores.because, /^Trial example: .*uplift chooses/s);
  assert.ok(scores.effects.get("NEW0")! > scores.effects.get("NEW1")!);
  const { rule } = rank("uplift", CANDIDATES, { riskAbove: 0.7, seed: 1, uplift: scores });
  assert.equal(rule.ranksBy, "uplift");
  // Of a customer who lapsed a year ago a trial of active ones says nothing.
  const lapsed = CANDIDATES.map((one) => ({
    ...one,
    customerId: "LAPSED",
    covariates: { ...one.covariates, recency_days: 400 },
  })).slice(0, 1);
  const more = await upliftScores(outcomes, [...CANDIDATES, ...lapsed], { seed: 1 });
  assert.ok("effects" in more && !more.effects.has("LAPSED"));
  assert.equal(more.effects.size, 2);
  assert.match(more.because, /Of 1 customer it says nothing.*not chosen/);
});

Deno.test("without an effect to find, with too few customers or no trial, uplift says so and leaves value at risk", async () => {
  const nothing = await upliftScores(
    exampleTrial({ customers: 1500, seed: 2, saved: 0 }).outcomes,
    CANDIDATES,
    { seed: 1 },
  );
  assert.ok(!("effects" in nothing));
  assert.match(nothing.because, /value at risk stays/);
  const few = await upliftScores(exampleTrial({ customers: 60, seed: 2 }).outcomes, CANDIDATES, { seed: 1 });
  assert.ok(!("effects" in few));
  assert.match(few.because, /known of \d+ offered and \d+ held out; at least 50 of each are needed/);
  const none = await upliftScores(undefined, CANDIDATES, { seed: 1 });
  assert.match(none.because, /No trial of this offer, as it is now, was drawn yet/);
  assert.equal(
    rank("uplift", CANDIDATES, { riskAbove: 0.7, seed: 1, uplift: none }).rule.ranksBy,
    "value_at_risk",
  );
});

Deno.test("the trial of the offer with most known outcomes teaches", async () => {
  using session = await openSession();
  await session.run(`CREATE TABLE fact_orders AS SELECT 'O' AS order_id, 'C0001' AS customer_id,
    DATE '2024-12-31' AS order_date, 'sale' AS line_type, 10 AS order_amount, 10 AS net_amount`);
  const draw = (trial: string, customers: number, startsOn = "2024-10-01", offer = OFFER) =>
    drawList(options({ trial, startsOn, offer }), inputs({ population: population(customers) }), []).draw;
  const events = [
    draw("small", 10),
    draw("large", 40),
    draw("open", 80, "2024-12-01"),
    draw("other", 90, "2024-10-01", { ...OFFER, name: "other" }),
  ];
  const found = await mostKnownTrial(session, events, OFFER);
  assert.deepEqual([found?.trial, found?.rows.length], ["large", 40]);
  assert.equal(await mostKnownTrial(session, events, { name: "unknown" }), undefined);
  // A trial of a tenth off says nothing of a third off, even if the offer kept its name.
  assert.equal(await mostKnownTrial(session, events, { ...OFFER, discount: 0.3 }), undefined);
});
