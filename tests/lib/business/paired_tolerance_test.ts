import assert from "node:assert/strict";
import { pairedTolerance } from "../../../lib/business/paired_tolerance.ts";

Deno.test("the tolerance is two standard errors of the difference, and never less than the least", () => {
  // Mean 0, variance 4/3, so a standard error of sqrt(4/3 / 4).
  assert.ok(Math.abs(pairedTolerance([1, -1, 1, -1], 0.01) - 2 * Math.sqrt(1 / 3)) < 1e-12);
  assert.equal(pairedTolerance([0.5, 0.5, 0.5], 0.01), 0.01, "the same difference everywhere is no chance");
  assert.equal(pairedTolerance([1], 0.01), Infinity, "one row tells nothing");
});
