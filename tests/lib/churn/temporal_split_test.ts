import assert from "node:assert/strict";
import { temporalSplit } from "../../../lib/churn/split.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";

const TWO_YEARS = { first: "2023-01-01", last: "2024-12-31" };

Deno.test("the test date is the latest whose outcomes are all known", () => {
  const { test } = temporalSplit(TWO_YEARS);
  assert.equal(test, "2024-10-03");
  assert.equal(addDays(test, 90), "2025-01-01", "its window ends with the last day of data");
});

Deno.test("every training window ends before the test window starts", () => {
  const { train, test } = temporalSplit(TWO_YEARS);
  assert.equal(train.length, 6);
  for (const asOf of train) assert.ok(addDays(asOf, 90) <= test, asOf);
  assert.equal(addDays(train.at(-1)!, 90), test, "and the last one not earlier than needed");
});

Deno.test("one year of data still gives several training dates", () => {
  const { train, test } = temporalSplit({ first: "2010-12-01", last: "2011-12-09" });
  assert.equal(test, "2011-09-11");
  assert.deepEqual(train, ["2011-03-15", "2011-04-14", "2011-05-14", "2011-06-13"]);
});

Deno.test("a test date may be chosen for a look back", () => {
  const { train, test } = temporalSplit(TWO_YEARS, { test: checkAsOf("2024-09-01") });
  assert.equal(test, "2024-09-01");
  assert.equal(train.at(-1), "2024-06-03");
});

Deno.test("too short a history is refused with what is needed", () => {
  assert.throws(() => temporalSplit({ first: "2024-05-01", last: "2024-12-31" }), {
    name: "TooLittleDataError",
    message: /at least 270 days of orders, found 245 days, from 2024-05-01 to 2024-12-31/,
  });
  assert.equal(
    temporalSplit({ first: "2024-01-01", last: "2024-09-26" }).train.length,
    1,
    "270 days will do",
  );
  assert.throws(() => temporalSplit(TWO_YEARS, { test: checkAsOf("2023-03-01") }), {
    name: "TooLittleDataError",
    message: /at least 180 days of orders before 2023-03-01, found 59 days.*Choose a later date/,
  });
});

Deno.test("a test date whose outcomes are not known yet is refused", () => {
  assert.throws(() => temporalSplit(TWO_YEARS, { test: checkAsOf("2024-10-04") }), {
    name: "ModelError",
    message: /outcomes of 2024-10-04 are not known yet: expected a date up to 2024-10-03/,
  });
});

Deno.test("what is chosen is chosen on the last training date, by candidates that end before it", () => {
  for (const horizonDays of [30, 60, 90]) {
    const { train, validation, test } = temporalSplit(TWO_YEARS, { horizonDays });
    assert.equal(addDays(test, horizonDays), "2025-01-01");
    assert.equal(validation!.asOf, train.at(-1));
    assert.ok(addDays(validation!.asOf, horizonDays) <= test);
    for (const date of validation!.train) assert.ok(addDays(date, horizonDays) <= validation!.asOf, date);
  }
  assert.equal(
    temporalSplit({ first: "2024-01-01", last: "2024-09-26" }).validation,
    undefined,
    "270 days are too short for one",
  );
});
