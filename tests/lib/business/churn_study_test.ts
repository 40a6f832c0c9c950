import assert from "node:assert/strict";
import { planChurnStudy } from "shopflow/business/mod.ts";

const PERIOD = { first: "2023-01-01", last: "2024-12-31" };

Deno.test("a date whose outcomes are known is measured on itself", () => {
  const { asOf, split, outcomesKnown, note } = planChurnStudy("2024-09-01", PERIOD);
  assert.equal(asOf, "2024-09-01");
  assert.equal(split.test, "2024-09-01");
  assert.equal(outcomesKnown, true);
  assert.equal(note, undefined);
});

Deno.test("a date whose outcomes are still to come is measured on the latest that is known", () => {
  const { asOf, split, outcomesKnown, note } = planChurnStudy("2025-01-01", PERIOD);
  assert.equal(asOf, "2025-01-01");
  assert.equal(split.test, "2024-10-03");
  assert.equal(outcomesKnown, false);
  assert.match(note!, /not known yet.*measured on 2024-10-03/);
});

Deno.test("a date outside the data is replaced, and the note says so", () => {
  for (const wanted of ["2025-01-02", "2023-06-29", "2011-09-01"]) {
    const { asOf, note } = planChurnStudy(wanted, PERIOD);
    assert.equal(asOf, "2024-10-03");
    assert.match(
      note!,
      new RegExp(`^${wanted} lies outside the data: orders run from 2023-01-01 to 2024-12-31.*2023-06-30`),
    );
  }
  assert.equal(planChurnStudy("2023-06-30", PERIOD).asOf, "2023-06-30");
});

Deno.test("what is no date and data that is too short are refused", () => {
  assert.throws(() => planChurnStudy("soon", PERIOD), { name: "InputError" });
  assert.throws(() => planChurnStudy("2024-09-01", { first: "2024-08-01", last: "2024-12-31" }), {
    name: "TooLittleDataError",
    message: /too little data/,
  });
});
