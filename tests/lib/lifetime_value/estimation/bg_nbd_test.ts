import {
  fitPurchaseModel,
  type PurchaseModelKind,
} from "../../../../lib/lifetime_value/estimation/bg_nbd.ts";
import { choosePurchaseModel } from "../../../../lib/lifetime_value/estimation/bg_nbd.ts";
import { predictPurchases } from "../../../../lib/lifetime_value/estimation/expected_purchases.ts";
import { InputError, TooLittleDataError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { readCdnowSummary } from "../../../fixtures/cdnow.ts";
import { simulatedHistories } from "../../../fixtures/simulated_histories.ts";
import { testWith } from "../../../requirements.ts";

const near = (found: number | null | undefined, expected: number, tolerance: number) =>
  assert.ok(Math.abs((found ?? NaN) - expected) <= tolerance, `${found} is not ${expected} ± ${tolerance}`);

testWith(
  ["datasets"],
  "BG/NBD has the digits of the paper on CDNOW, with the errors of lifetimes",
  async () => {
    const { parameters, standardErrors, logLikelihood, notIdentified } = fitPurchaseModel(
      await readCdnowSummary(),
    );
    for (
      const [name, value, error] of [
        ["r", 0.243, 0.01256],
        ["alpha", 4.414, 0.3782],
        ["a", 0.793, 0.1857],
        ["b", 2.426, 0.7053],
      ] as const
    ) {
      near(parameters[name], value, 5e-4);
      near(standardErrors[name], error, 5e-4);
    }
    near(logLikelihood, -9582.4, 0.05);
    assert.deepEqual(notIdentified, []);
  },
);

testWith(
  ["datasets"],
  "MBG/NBD has the digits of lifetimes on CDNOW, and is the likelier model",
  async () => {
    const histories = await readCdnowSummary();
    const { parameters, standardErrors } = fitPurchaseModel(histories, { kind: "mbg/nbd" });
    for (
      const [name, value, error] of [
        ["r", 0.524838, 0.083264],
        ["alpha", 6.182988, 0.695597],
        ["a", 0.891356, 0.154785],
        ["b", 1.614, 0.537472],
      ] as const
    ) {
      near(parameters[name], value, 5e-5);
      near(standardErrors[name], error, 1e-4);
    }
    const { model, other } = choosePurchaseModel(histories);
    assert.equal(model.kind, "mbg/nbd");
    assert.ok(model.logLikelihood > other.logLikelihood);
  },
);

Deno.test("the unit of time changes alpha and nothing else", () => {
  const weeks = simulatedHistories({ customers: 2000, r: 0.5, alpha: 6, a: 0.8, b: 2.5, seed: 3 });
  const days = { ...weeks, recency: weeks.recency.map((t) => 7 * t), T: weeks.T.map((t) => 7 * t) };
  const [one, other] = [fitPurchaseModel(weeks), fitPurchaseModel(days)];
  near(other.parameters.alpha / one.parameters.alpha, 7, 1e-4);
  near(other.parameters.r, one.parameters.r, 1e-5);
  near(other.parameters.b, one.parameters.b, 1e-4);
});

for (const kind of ["bg/nbd", "mbg/nbd"] as const) {
  Deno.test(`${kind} finds the parameters that purchases were drawn from, within their errors`, () => {
    const truth = { r: 0.6, alpha: 5, a: 0.7, b: 2.2 };
    const { parameters, standardErrors } = fitPurchaseModel(
      simulatedHistories({ customers: 30_000, ...truth, kind, seed: 11 }),
      { kind },
    );
    for (const name of ["r", "alpha", "a", "b"] as const) {
      const error = standardErrors[name]!;
      near(parameters[name], truth[name], 3.5 * error);
      assert.ok(error < truth[name] / 4, `${name} ± ${error}`);
    }
  });
}

Deno.test("many different histories, of which the fit begins with a part, end at the same maximum", () => {
  const { frequency, recency, T } = simulatedHistories({
    customers: 40_000,
    r: 0.6,
    alpha: 5,
    a: 0.7,
    b: 2.2,
    seed: 5,
  });
  const all = fitPurchaseModel({ frequency, recency, T });
  // Each twice: the groups are the same, and so is the maximum.
  const twice = <V extends Float64Array>(values: V) => Float64Array.from([...values, ...values]);
  const doubled = fitPurchaseModel({ frequency: twice(frequency), recency: twice(recency), T: twice(T) });
  near(doubled.parameters.a, all.parameters.a, 1e-5);
  near(doubled.standardErrors.a! * Math.SQRT2, all.standardErrors.a!, 1e-4);
  near(doubled.logLikelihood, 2 * all.logLikelihood, 1e-3);
});

const fits = (frequency: number[], recency: number[], T: number[], kind?: PurchaseModelKind) => () =>
  fitPurchaseModel({ frequency, recency, T }, kind && { kind });

Deno.test("histories from which nothing follows are refused with the reason", () => {
  assert.throws(fits([], [], []), { name: InputError.name, message: /no purchase histories/ });
  assert.throws(fits([0, 0], [0, 0], [3, 4]), {
    name: TooLittleDataError.name,
    message: /Nobody bought again.*2 customers with 0 repeat purchases/s,
  });
  assert.throws(fits([1], [0], [0]), { name: TooLittleDataError.name });
  assert.throws(fits([1, 2], [1], [2, 2]), { message: /different lengths/ });
  assert.throws(fits([1, 2], [3, 1], [2, 2]), {
    message: /recency of 1 of 2 customers.*at most T.*place 0/s,
  });
  assert.throws(fits([0, 2], [1, 1], [2, 2]), { message: /0 of a customer without a repeat purchase/ });
  assert.throws(fits([1.5, 2], [1, 1], [2, 2]), { message: /whole number of repeat purchases/ });
  assert.throws(fits([-1, 2], [1, 1], [2, 2]), { message: /whole number of repeat purchases/ });
  assert.throws(fits([1, 2], [1, NaN], [2, 2]), { message: /finite times/ });
  assert.throws(fits([1, 2], [1, 1], [2, Infinity]), { message: /finite times/ });
});

Deno.test("what the data do not tell is said, and predictions stay numbers", () => {
  const customers = 400;
  const every = <T>(of: (i: number) => T) => Array.from({ length: customers }, (_, i) => of(i));
  const cases: Record<string, [frequency: number[], recency: number[], T: number[]]> = {
    "one customer": [[3], [8], [9]],
    "two customers": [[3, 0], [8, 0], [9, 9]],
    "everybody bought just now": [every((i) => 1 + i % 5), every(() => 50), every(() => 50)],
    "all alike": [every(() => 4), every(() => 20), every(() => 26)],
    "everybody left after one repeat purchase": [every(() => 1), every(() => 1), every(() => 500)],
    "several purchases at one moment": [every((i) => i % 3), every(() => 0), every(() => 50)],
    "a million purchases of one customer": [[1e6, 1, 0, 2], [99, 30, 0, 50], [100, 100, 100, 100]],
    "some without any time": [every((i) => i % 4), every((i) => i % 4 ? i % 7 : 0), every((i) => i % 7)],
  };
  for (const [name, [frequency, recency, T]] of Object.entries(cases)) {
    for (const kind of ["bg/nbd", "mbg/nbd"] as const) {
      const model = fitPurchaseModel({ frequency, recency, T }, { kind });
      for (const value of Object.values(model.parameters)) assert.ok(value > 0 && value < Infinity, name);
      const unknown = Object.entries(model.standardErrors).filter(([, error]) => error === null);
      assert.ok(model.notIdentified.length >= unknown.length, `${name}: ${model.notIdentified.join("; ")}`);
      for (const error of Object.values(model.standardErrors)) assert.ok(error === null || error > 0, name);
      for (const horizon of [1, 1e4]) {
        const predicted = predictPurchases(model, { frequency, recency, T }, { horizon });
        for (const [what, values] of Object.entries(predicted)) {
          const wrong = (values as Float64Array).findIndex((value) => !(value >= 0 && value < Infinity));
          assert.equal(wrong, -1, `${name}, ${kind}, horizon ${horizon}: ${what} ${values[wrong]}`);
        }
        assert.ok(predicted.alive.every((p) => p <= 1), name);
      }
    }
  }
});

Deno.test("a shop whose customers never leave is told so", () => {
  const frequency: number[] = [], recency: number[] = [], T: number[] = [];
  for (let i = 0; i < 600; i++) {
    // Steady buyers at different rates, whose last purchase is as long ago as their rate lets expect.
    const rate = 0.1 + (i % 12) / 12;
    frequency.push(Math.round(rate * 60));
    recency.push(60 - (i % 7) / rate / 8);
    T.push(60);
  }
  const { notIdentified, parameters: { a, b } } = fitPurchaseModel({ frequency, recency, T });
  assert.ok(a / (a + b) < 1e-3);
  assert.match(notIdentified.join("; "), /nobody leaves/);
});
