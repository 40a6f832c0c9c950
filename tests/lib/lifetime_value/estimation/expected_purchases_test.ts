import { fitPurchaseModel } from "../../../../lib/lifetime_value/estimation/bg_nbd.ts";
import {
  expectedOfNewCustomer,
  predictPurchases,
} from "../../../../lib/lifetime_value/estimation/expected_purchases.ts";
import assert from "node:assert/strict";
import { readCdnowSummary } from "../../../fixtures/cdnow.ts";
import { simulatedHistories } from "../../../fixtures/simulated_histories.ts";
import { testWith } from "../../../requirements.ts";

const CERTAIN = Array.from({ length: 4 }, () => [0, 0, 0, 0]);

function assertNear(found: number, expected: number, relative: number, what = "") {
  assert.ok(Math.abs(found / expected - 1) <= relative, `${what} ${found} is not ${expected}`);
}

Deno.test("expected purchases are the hypergeometric function's, for any parameters and horizon", () => {
  // R, a, B, τ and the value by mpmath's hyp2f1 with forty digits.
  const values = [
    [0.2426, 0.7929, 2.4257, 8.836, 1.19499009311544],
    [3.2426, 0.7929, 5.4257, 0.5, 1.43985884677045],
    [0.2426, 0.7929, 2.4257, 1000, 11.4736015140974],
    [0.5, 1.0000001, 2.5, 20, 3.12276990721391],
    [30.5, 0.02, 40, 96, 2736.34273787085],
    [200.3, 3.5, 210, 10000, 84.9999999901361],
    [0.01, 0.5, 0.3, 1e6, 13.6457333797463],
    [5e4, 2e4, 8e4, 1e-3, 4.99997222845338],
    [1e4, 0.9, 12, 0.02, 40.2517132766999],
    [0.7, 300.5, 900.25, 60, 3.42934809126322],
  ] as const;
  for (const [r, a, b, tau, expected] of values) {
    const model = { kind: "bg/nbd", parameters: { r, alpha: 1, a, b }, covariance: CERTAIN } as const;
    assertNear(expectedOfNewCustomer(model, [tau])[0]!, expected, 1e-9, `R ${r}, a ${a}, B ${b}, τ ${tau}:`);
  }
});

testWith(["datasets"], "P(alive) and expected purchases on CDNOW are those of lifetimes", async () => {
  const histories = await readCdnowSummary();
  const some = { frequency: [0, 2, 10, 26], recency: [0, 30, 5, 30.86], T: [38, 38.9, 30, 31] };
  for (
    const [kind, alive, purchases] of [
      ["bg/nbd", [1, 0.7206255, 2.46787e-5, 0.9689197], [0.198335, 1.2148605, 2.154748e-4, 20.7505705]],
      ["mbg/nbd", [0.3921254, 0.6994277, 5.595017e-5, 0.9655529], [
        0.1575563,
        1.2497679,
        4.668413e-4,
        19.448037,
      ]],
    ] as const
  ) {
    const predicted = predictPurchases(fitPurchaseModel(histories, { kind }), some, { horizon: 39 });
    for (const [i, expected] of alive.entries()) assertNear(predicted.alive[i]!, expected, 1e-5);
    for (const [i, expected] of purchases.entries()) assertNear(predicted.purchases[i]!, expected, 1e-5);
  }
});

Deno.test("interpolated expectations and their errors are the exact ones", () => {
  const histories = simulatedHistories({ customers: 20_000, r: 0.4, alpha: 5, a: 0.8, b: 2.4, seed: 2 });
  const model = fitPurchaseModel(histories);
  for (const options of [{ horizon: 52 }, { horizon: 5000 }, { horizon: 52, discountRate: 0.003 }]) {
    const together = predictPurchases(model, histories, options);
    for (let i = 0; i < 20_000; i += 37) {
      const one = <V>(values: ArrayLike<V>) => [values[i]!];
      const alone = predictPurchases(
        model,
        { frequency: one(histories.frequency), recency: one(histories.recency), T: one(histories.T) },
        options,
      );
      assertNear(together.purchases[i]!, alone.purchases[0]!, 1e-9);
      assertNear(together.logError[i]!, alone.logError[0]!, 1e-8);
    }
  }
});

Deno.test("errors by the delta method are those of numerical derivatives", () => {
  const model = fitPurchaseModel(
    simulatedHistories({ customers: 3000, r: 0.4, alpha: 5, a: 0.8, b: 2.4, seed: 4, kind: "mbg/nbd" }),
    { kind: "mbg/nbd" },
  );
  const histories = { frequency: [0, 3, 40], recency: [0, 20, 70], T: [30, 35, 71] };
  const { logError } = predictPurchases(model, histories, { horizon: 26 });
  const names = ["r", "alpha", "a", "b"] as const;
  const by = names.map((name) => {
    const at = (step: number) =>
      predictPurchases(
        { ...model, parameters: { ...model.parameters, [name]: model.parameters[name] * Math.exp(step) } },
        histories,
        { horizon: 26 },
      ).purchases.map(Math.log);
    const [above, below] = [at(1e-5), at(-1e-5)];
    return above.map((value, i) => (value - below[i]!) / 2e-5);
  });
  for (const i of histories.T.keys()) {
    let variance = 0;
    for (const [j, row] of model.covariance.entries()) {
      for (const [k, cell] of row.entries()) variance += cell * by[j]![i]! * by[k]![i]!;
    }
    assertNear(logError[i]!, Math.sqrt(variance), 1e-6);
  }
});

Deno.test("95 % intervals of the expectation hold the truth as often as they say", () => {
  const truth = { r: 0.6, alpha: 5, a: 0.7, b: 2.2 };
  const someone = { frequency: [0, 1, 6], recency: [0, 10, 40], T: [40, 40, 41] };
  const trueModel = { kind: "bg/nbd", parameters: truth, covariance: CERTAIN } as const;
  const expected = predictPurchases(trueModel, someone, { horizon: 52 }).purchases;
  const trials = 150;
  let inside = 0;
  for (let seed = 1; seed <= trials; seed++) {
    const model = fitPurchaseModel(simulatedHistories({ customers: 1500, ...truth, seed }));
    const { purchases, logError } = predictPurchases(model, someone, { horizon: 52 });
    for (const [i, value] of purchases.entries()) {
      if (Math.abs(Math.log(value / expected[i]!)) <= 1.96 * logError[i]!) inside++;
    }
  }
  const share = inside / (3 * trials);
  assert.ok(share > 0.9 && share < 0.99, `${share} of the intervals hold the truth`);
});

Deno.test("expectations add up to what simulated customers buy", () => {
  for (const kind of ["bg/nbd", "mbg/nbd"] as const) {
    const parameters = { r: 0.6, alpha: 5, a: 0.7, b: 2.2 };
    const histories = simulatedHistories({ customers: 40_000, ...parameters, kind, horizon: 52, seed: 8 });
    const { purchases, alive } = predictPurchases({ kind, parameters, covariance: CERTAIN }, histories, {
      horizon: 52,
    });
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    assertNear(sum(purchases), sum(histories.later), 0.02, kind);
    assert.ok(alive.every((p, i) => kind === "bg/nbd" && histories.frequency[i] === 0 ? p === 1 : p < 1));
  }
});

Deno.test("a discount makes purchases worth less, the later the more, and a horizon has to be a time", () => {
  const model = {
    kind: "bg/nbd",
    parameters: { r: 2, alpha: 4, a: 1e-5, b: 3 },
    covariance: CERTAIN,
  } as const;
  const steady = { frequency: [10], recency: [50], T: [50] };
  const worth = (horizon: number, discountRate = 0) =>
    predictPurchases(model, steady, { horizon, discountRate }).purchases[0]!;
  // Nobody leaves: purchases come evenly, so the worth is that of an annuity.
  const rate = 0.002;
  const annuity = (1 - (1 + rate) ** -104) / Math.log(1 + rate) / 104;
  assertNear(worth(104, rate) / worth(104), annuity, 1e-4);
  for (const horizon of [0, -1, NaN, Infinity]) {
    assert.throws(() => worth(horizon), { name: "InputError", message: /Invalid horizon/ });
  }
  assert.throws(() => worth(1, -0.1), { name: "InputError", message: /Invalid discount rate/ });
});
