import assert from "node:assert/strict";
import { planChurnStudy } from "shopflow/churn/mod.ts";

const PERIOD = { first: "2023-01-01", last: "2024-12-31" };
const plan = (asOf: string, backtestAsOf: string) => planChurnStudy({ asOf, backtestAsOf }, PERIOD);

Deno.test("lists are of the newest data, while the model is measured where outcomes are known", () => {
  const { asOf, isLatest, split, notes } = plan("latest", "outcomes_known");
  assert.equal(asOf, "2025-01-01");
  assert.equal(isLatest, true);
  assert.equal(split!.test, "2024-10-03");
  assert.deepEqual(notes, []);
});

Deno.test("dates that an author pins are used as they are", () => {
  const { asOf, isLatest, split, notes } = plan("2024-11-01", "2024-09-01");
  assert.equal(asOf, "2024-11-01");
  assert.equal(isLatest, false);
  assert.equal(split!.test, "2024-09-01");
  assert.deepEqual(notes, []);
});

Deno.test("a list of an earlier day is not scored by a model that knows of later ones", () => {
  const { asOf, split, notes } = plan("2024-09-01", "outcomes_known");
  assert.equal(asOf, "2024-09-01");
  assert.equal(split!.test, "2024-09-01");
  assert.match(notes.join(), /backtest is as of 2024-09-01, too/);
});

Deno.test("a date outside the data is replaced by the latest, and a note says so", () => {
  for (const wanted of ["2025-01-02", "2023-06-29", "2011-09-01"]) {
    const { asOf, isLatest, notes } = plan(wanted, "outcomes_known");
    assert.equal(asOf, "2025-01-01");
    assert.equal(isLatest, true);
    assert.match(
      notes.join(),
      new RegExp(`^${wanted} lies outside the data: orders run from 2023-01-01 to 2024-12-31.*2023-06-30`),
    );
  }
  // The 90 days from that day are not all in the data.
  const { split, notes } = plan("latest", "2024-10-04");
  assert.equal(split!.test, "2024-10-03");
  assert.match(
    notes.join(),
    /^2024-10-04 lies outside the data.*a backtest can be as of 2023-06-30 to 2024-10-03/,
  );
  assert.equal(plan("2023-06-30", "2023-06-30").asOf, "2023-06-30");
});

Deno.test("what is no date is refused", () => {
  assert.throws(() => plan("soon", "outcomes_known"), { name: "InputError" });
  assert.throws(() => plan("latest", "soon"), { name: "InputError" });
});

Deno.test("in a young shop there are lists of today, and a note that no model is measured", () => {
  const young = { first: "2024-08-01", last: "2024-12-31" };
  const { asOf, isLatest, split, notes } = planChurnStudy(
    { asOf: "latest", backtestAsOf: "outcomes_known" },
    young,
  );
  assert.deepEqual([asOf, isLatest, split], ["2025-01-01", true, undefined]);
  assert.match(
    notes.join(),
    /^No model is measured. Not enough data to train on: expected at least 270 days/,
  );
  const earlier = planChurnStudy({ asOf: "2024-11-01", backtestAsOf: "outcomes_known" }, young);
  assert.match(
    earlier.notes.join(),
    /^Without a model there is no list as of 2024-11-01, only as of 2025-01-01\./,
  );
});

Deno.test("a shorter horizon has later dates whose outcomes are known", () => {
  const { split } = planChurnStudy({ asOf: "latest", backtestAsOf: "2024-12-01", horizonDays: 30 }, PERIOD);
  assert.equal(split!.test, "2024-12-01");
  assert.equal(split!.train.at(-1), "2024-11-01");
  const { notes } = planChurnStudy({ asOf: "latest", backtestAsOf: "2024-12-10", horizonDays: 30 }, PERIOD);
  assert.match(notes.join(), /Here it is 2024-12-02, the last day whose 30 days are known/);
});
