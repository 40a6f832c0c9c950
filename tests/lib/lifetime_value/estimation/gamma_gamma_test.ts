import { fitMoneyModel, predictSpending } from "../../../../lib/lifetime_value/estimation/gamma_gamma.ts";
import { checkIndependence } from "../../../../lib/lifetime_value/estimation/independence.ts";
import { collectPurchases, purchaseHistories } from "../../../../lib/lifetime_value/transactions.ts";
import assert from "node:assert/strict";
import { CDNOW_CALIBRATION_END, readCdnowSample } from "../../../fixtures/cdnow.ts";
import { gammaVariate, seededUniform } from "../../../fixtures/simulated_histories.ts";
import { testWith } from "../../../requirements.ts";

const cdnowSpending = async () =>
  purchaseHistories(collectPurchases(await readCdnowSample()), { observedUntil: CDNOW_CALIBRATION_END })
    .spending!;

testWith(["datasets"], "Gamma-Gamma has the digits of the paper on CDNOW", async () => {
  const { parameters, standardErrors, customers, populationMean, notIdentified } = fitMoneyModel(
    await cdnowSpending(),
  );
  assert.equal(customers, 946);
  assert.deepEqual(
    Object.values(parameters).map((value) => value.toFixed(2)),
    ["6.25", "3.74", "15.44"],
  );
  // As lifetimes has them.
  assert.deepEqual(
    Object.values(standardErrors).map((value) => value!.toFixed(2)),
    ["1.19", "0.29", "4.16"],
  );
  assert.equal(populationMean.toFixed(1), "35.2");
  assert.deepEqual(notIdentified, []);
});

testWith(["datasets"], "that CDNOW's frequent customers spend a little more is stated", async () => {
  const { verdict, pearson, spearman, text } = checkIndependence(await cdnowSpending());
  assert.equal(verdict, "weak");
  assert.equal(pearson?.value.toFixed(2), "0.11");
  assert.ok(spearman!.low > 0 && spearman!.high < 0.3);
  assert.match(
    text,
    /slightly more.*rank correlation 0\.21 \(0\.14 to 0\.27\), Pearson 0\.11.*946 customers/,
  );
});

/** Spending of customers who behave as the model says. */
function simulated(customers: number, { p, q, gamma }: { p: number; q: number; gamma: number }) {
  const uniform = seededUniform(6);
  const count: number[] = [], meanAmount: number[] = [], truth: number[] = [];
  for (let i = 0; i < customers; i++) {
    const rate = gammaVariate(q, uniform) / gamma, x = 1 + i % 6;
    count.push(x);
    meanAmount.push(gammaVariate(p * x, uniform) / rate / x);
    truth.push(p / rate);
  }
  return { count, meanAmount, truth };
}

Deno.test("Gamma-Gamma finds the parameters, and its expectations are right on average", () => {
  const parameters = { p: 5, q: 4, gamma: 20 };
  const { truth, ...spending } = simulated(20_000, parameters);
  const model = fitMoneyModel(spending);
  for (const name of ["p", "q", "gamma"] as const) {
    assert.ok(
      Math.abs(model.parameters[name] - parameters[name]) < 3.5 * model.standardErrors[name]!,
      `${name} ${model.parameters[name]}`,
    );
  }
  const { amount, logError } = predictSpending(model, spending);
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum(amount) / sum(truth) - 1) < 0.02);
  assert.ok(logError.every((error) => error > 0 && error < 0.1));
  const [unknown] = predictSpending(model, { count: [0], meanAmount: [0] }).amount;
  assert.ok(Math.abs(unknown! / model.populationMean - 1) < 1e-9);
});

Deno.test("the currency changes gamma and nothing else", () => {
  const spending = simulated(2000, { p: 5, q: 4, gamma: 20 });
  const cents = { ...spending, meanAmount: spending.meanAmount.map((amount) => 100 * amount) };
  const [one, other] = [fitMoneyModel(spending).parameters, fitMoneyModel(cents).parameters];
  assert.ok(Math.abs(other.gamma / one.gamma - 100) < 1e-3);
  assert.ok(Math.abs(other.p / one.p - 1) < 1e-5);
});

Deno.test("amounts from which nothing follows are refused, and what is not identified is said", () => {
  const fits = (count: number[], meanAmount: number[]) => () => fitMoneyModel({ count, meanAmount });
  assert.throws(fits([1, 2, 0], [3, -1, 0]), {
    name: "InputError",
    message: /Invalid spending of 1 of 3 customers.*2 purchases of -1 on average, at place 1.*Net returns/s,
  });
  assert.throws(fits([1, 2], [3, NaN]), { name: "InputError" });
  assert.throws(fits([1, 2], [3, 0]), { name: "InputError" });
  assert.throws(fits([1], [3]), { name: "TooLittleDataError" });
  assert.throws(fits([], []), { name: "TooLittleDataError", message: /0 customers/ });
  assert.throws(fits([2, 1], [5, 5]), { name: "TooLittleDataError", message: /mean amount of 5/ });
  assert.throws(fits([2, 1], [5]), { name: "InputError", message: /different lengths/ });
  for (
    const meanAmount of [
      [5, 5.0001, 5, 5.0002, 5, 5],
      [1, 1000, 1e6, 1e9, 1e12, 1e15],
      [1e-9, 1, 1, 1, 1, 1],
    ]
  ) {
    const model = fits([1, 2, 3, 1, 2, 50], meanAmount)();
    assert.ok(model.notIdentified.length > 0, `${meanAmount}`);
    const { amount, logError } = predictSpending(model, { count: [0, 1, 1e6], meanAmount: [0, 7, 7] });
    assert.ok([...amount, ...logError].every((value) => value >= 0 && value < Infinity), `${meanAmount}`);
  }
});

Deno.test("dependence is told from independence, and from too few customers", () => {
  const uniform = seededUniform(1);
  const count = Array.from({ length: 500 }, () => 1 + Math.floor(8 * uniform()));
  const verdict = (of: (x: number) => number) =>
    checkIndependence({ count, meanAmount: count.map((x) => of(x)) });
  assert.equal(verdict(() => 10 + uniform()).verdict, "independent");
  const dependent = verdict((x) => 10 * x + uniform());
  assert.equal(dependent.verdict, "dependent");
  assert.match(dependent.text, /spend more.*values of frequent customers are rather too low/);
  assert.match(verdict((x) => 100 - 10 * x + uniform()).text, /spend less.*rather too high/);
  assert.equal(verdict(() => 10).verdict, "not known");
  assert.match(checkIndependence({ count: [1, 2], meanAmount: [3, 4] }).text, /not known: 2 customers/);
});
