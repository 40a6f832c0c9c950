import { demandDistribution, normalLoss } from "../../../lib/inventory/distributions.ts";
import assert from "node:assert/strict";

/** The expected numbers were computed with Python's statistics and math modules. */
function near(actual: number, expected: number, tolerance = 1e-10): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `expected ${expected}, found ${actual}`);
}

Deno.test("unit normal losses are those of the tables", () => {
  near(normalLoss(0), 0.3989422804014327);
  near(normalLoss(1.645), 0.02088564148012674);
  near(normalLoss(-1), 1.0833154705876864);
});

Deno.test("slow demand with variance like its mean is Poisson", () => {
  const demand = demandDistribution(3.5, 3.5);
  assert.equal(demand.kind, "poisson");
  near(demand.riskOfMoreThan(5), 0.14238644690422175);
  near(demand.expectedShortage(2), 1.6660856088227514);
  assert.equal(demand.stockFor(0.95), 7);
});

Deno.test("slow demand that comes in bursts is negative binomial", () => {
  const demand = demandDistribution(2.4, 6);
  assert.equal(demand.kind, "negative binomial");
  near(1 - demand.riskOfMoreThan(0), 0.23083198494515425);
  near(demand.riskOfMoreThan(5), 0.10669720276890549);
  near(demand.expectedShortage(3), 0.7085403562570913);
  assert.equal(demand.stockFor(0.95), 7);
});

Deno.test("fast and even demand is normal, fast and bursty demand is not", () => {
  const demand = demandDistribution(200, 576);
  assert.equal(demand.kind, "normal");
  near(demand.riskOfMoreThan(230), 0.10564977366685535);
  near(demand.expectedShortage(230), 1.2140848393308654);
  assert.equal(demandDistribution(200, 40_000).kind, "negative binomial");
});

Deno.test("the risk falls and the stock for a service level rises in every kind of distribution", () => {
  for (const demand of [demandDistribution(4, 4), demandDistribution(4, 12), demandDistribution(40, 60)]) {
    let risk = 1;
    for (let stock = 0; stock < 80; stock += 5) {
      assert.ok(demand.riskOfMoreThan(stock) <= risk);
      risk = demand.riskOfMoreThan(stock);
    }
    const stocks = [0.5, 0.8, 0.9, 0.95, 0.99].map((level) => demand.stockFor(level));
    assert.deepEqual(stocks, stocks.toSorted((a, b) => a - b));
    for (const level of [0.8, 0.95]) {
      assert.ok(demand.riskOfMoreThan(demand.stockFor(level)) <= 1 - level + 1e-9);
    }
  }
});

Deno.test("large bursty demand keeps its mean", () => {
  const demand = demandDistribution(500, 200_000);
  near(demand.expectedShortage(0), 500);
  assert.ok(demand.riskOfMoreThan(100_000) < 1e-6);
});

Deno.test("no demand means no risk and no stock", () => {
  const demand = demandDistribution(0, 0);
  assert.deepEqual([demand.riskOfMoreThan(0), demand.stockFor(0.99), demand.expectedShortage(0)], [0, 0, 0]);
});

Deno.test("demand with a negative or unknown mean or variance is refused", () => {
  for (const [mean, variance] of [[-1, 1], [NaN, 1], [1, -1], [Infinity, 1]] as const) {
    assert.throws(() => demandDistribution(mean, variance), { name: "ModelError" });
  }
});
