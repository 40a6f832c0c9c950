import assert from "node:assert/strict";
import { from, table } from "arquero";
import { readTrial, type TrialColumns, trialRows, twoArms } from "../../../../lib/offers/effect/trial.ts";
import { INVENTED_COLUMNS, inventedCustomers } from "../../../fixtures/invented_trial.ts";

const COLUMNS: TrialColumns = { treatment: "arm", outcome: "y" };
const ROWS = ["control", "control", "offer", "offer", "other", "other"].map((arm, i) => ({ arm, y: i % 2 }));

const refused = (data: Parameters<typeof readTrial>[0], columns: Partial<TrialColumns>, message: RegExp) =>
  assert.throws(() => readTrial(data, { ...COLUMNS, ...columns }), { message });

Deno.test("rows, columns, typed arrays and tables give the same trial", () => {
  const columns = { arm: ROWS.map(({ arm }) => arm), y: ROWS.map(({ y }) => y) };
  const trial = readTrial(ROWS, COLUMNS);
  assert.deepEqual(trial.arms, ["control", "offer", "other"]);
  assert.deepEqual([...trial.arm], [0, 0, 1, 1, 2, 2]);
  assert.equal(trial.isRate, true);
  for (const data of [columns, { ...columns, y: Float32Array.from(columns.y) }, from(ROWS), table(columns)]) {
    assert.deepEqual(readTrial(data, COLUMNS), trial);
  }
});

Deno.test("the control is 0, false or control, or what one says", () => {
  const rows = (values: unknown[]) => values.map((arm, i) => ({ arm, y: i % 2 }));
  assert.deepEqual(readTrial(rows([1, 1, 0, 0]), COLUMNS).arms, ["0", "1"]);
  assert.deepEqual(readTrial(rows([true, true, false, false]), COLUMNS).arms, ["false", "true"]);
  assert.deepEqual(readTrial(rows(["A", "A", "B", "B"]), { ...COLUMNS, control: "B" }).arms, ["B", "A"]);
  refused(
    rows(["A", "A", "B", "B"]),
    {},
    /The trial has no control: expected 0, false or control, found arm: A, B/,
  );
  refused(rows(["A", "A", "B", "B"]), { control: "C" }, /no control: expected "C"/);
  refused(rows([0, 0, 0]), {}, /does not split the customers into arms/);
  refused(rows([0, 0, 1]), {}, /The arm 1 is too small to compare/);
  refused(rows([0, 0, 1, null, 1]), {}, /The arm of row 3 is not known/);
});

Deno.test("an outcome that is missing, no number, or the same everywhere is refused", () => {
  const rows = (values: unknown[]) => ROWS.map(({ arm }, i) => ({ arm, y: values[i] }));
  refused(rows([0, 1, NaN, 0, 1, null]), {}, /y is not known in 2 of 6 rows: .*in row 2/);
  refused(
    rows(["0", "1", "yes", "0", "1", "1"]),
    {},
    /expected a finite number in every row, found "yes" in row 2/,
  );
  refused(rows([1, 1, 1, 1, 1, 1]), {}, /The outcome y is the same in all rows/);
  refused([], {}, /The trial has no rows/);
  refused(ROWS, { outcome: "Y" }, /no column "Y": expected one of arm, y/);
  refused({ arm: ["control"], y: [1, 2] }, {}, /The column y does not fit: expected 1 value/);
});

Deno.test("propensities are between 0 and 1, and 1 together", () => {
  const rows = ROWS.slice(0, 4).map((row, i) => ({ ...row, p: i === 3 ? 1 : 0.5 }));
  refused(rows, { propensity: "p" }, /Invalid propensities: .*found 0 of control in row 3/);
  refused(rows, { propensity: { control: 0.5, offer: 0.6 } }, /found 1.1 together in row 0/);
  refused(rows, { propensity: { control: 0.5 } }, /found none for offer/);
  refused(ROWS, { propensity: "y" }, /one column for 3 arms/);
  const trial = readTrial(rows, { ...COLUMNS, propensity: { control: 0.25, offer: 0.75 } });
  assert.deepEqual(trial.propensity.map((values) => values[0]), [0.25, 0.75]);
});

Deno.test("arms of other sizes than planned are refused, or noted on request", () => {
  const customers = inventedCustomers({ rows: 2000, seed: 1, rate: () => 0.3, share: () => 0.55 });
  const columns = { ...INVENTED_COLUMNS, propensity: { control: 0.5, offer: 0.5 } };
  assert.throws(() => readTrial(customers, columns), {
    message:
      /The arms have other sizes than planned.*expected about 1000 control, 1000 offer.*chi-square test: p = /,
  });
  const noted = readTrial(customers, { ...columns, sampleRatioMismatch: "note" });
  assert.ok(noted.sampleRatioPValue! < 0.001);
  assert.match(noted.notes.join(), /other sizes than planned/);
  const fair = readTrial(customers, { ...columns, propensity: { control: 0.45, offer: 0.55 } });
  assert.ok(fair.sampleRatioPValue! > 0.01);
  assert.deepEqual(fair.notes, []);
});

Deno.test("a feature that was not known before the draw stands out", () => {
  const customers = inventedCustomers({ rows: 2000, seed: 2, rate: () => 0.3 })
    .map((customer) => ({ ...customer, opened: Number(customer.arm === "offer" && customer.x > 0.5) }));
  const { notes } = readTrial(customers, { ...INVENTED_COLUMNS, features: ["x", "opened"] });
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /^opened differs between offer and control before the trial/);
});

Deno.test("categories become 0/1 features, numbers and times stay numbers, gaps are unknown", () => {
  const rows = ROWS.map((row, i) => ({
    ...row,
    city: i === 0 ? null : ["Bonn", "Graz"][i % 2],
    digits: i === 1 ? "" : `${i}`,
    joined: new Date(86_400_000 * i),
  }));
  const { features } = readTrial(rows, { ...COLUMNS, features: ["city", "digits", "joined"] });
  assert.deepEqual(features.names, ["city=Bonn", "city=Graz", "digits", "joined"]);
  assert.deepEqual([...features.values.slice(0, 8)], [0, 0, 0, 0, 0, 1, NaN, 1]);
});

Deno.test("of many categories the twenty most frequent get a feature, the others one together", () => {
  const rows = Array.from(
    { length: 300 },
    (_, i) => ({ arm: i % 2, y: i % 3 === 0 ? 1 : 0, code: `c${Math.floor(Math.sqrt(i)) * 2}` }),
  );
  const { features } = readTrial(rows, { ...COLUMNS, features: ["code"] });
  assert.equal(features.rows, 300);
  assert.ok(features.names.length <= 21);
});

Deno.test("two arms of a trial keep their rows, and the probabilities among the two", () => {
  const trial = readTrial(ROWS, { ...COLUMNS, propensity: { control: 0.5, offer: 0.3, other: 0.2 } });
  const two = twoArms(trial, "other");
  assert.deepEqual([two.arms, [...two.arm]], [["control", "other"], [0, 0, 1, 1]]);
  assert.ok(Math.abs(two.propensity[1]![0]! - 0.2 / 0.7) < 1e-12);
  assert.throws(() => twoArms(trial, "none"), { message: /no treated arm "none": expected offer, other/ });
  assert.deepEqual([...trialRows(trial, Uint32Array.of(5, 0)).arm], [2, 0]);
});
