import assert from "node:assert/strict";
import { scoresNote } from "shopflow/ml/registry/mod.ts";

const noteOf = (asOf: string | undefined, ofThisSnapshot: boolean) =>
  scoresNote("Churn scores", { ...(asOf !== undefined && { asOf }), ofThisSnapshot }, "2024-12-10");

Deno.test("scores of the report's own data need no note", () => {
  assert.equal(noteOf("2024-12-10", true), undefined);
});

Deno.test("older scores say how old they are, and that scoring did not run", () => {
  assert.match(noteOf("2024-12-03", false)!, /out of date.*as of 2024-12-03, 7 days before.*has not run/);
  assert.match(noteOf("2024-12-09", false)!, /1 day before/);
  assert.match(noteOf("2024-12-10", false)!, /as of 2024-12-10, but what arrived later/);
  assert.match(noteOf("2024-12-11", false)!, /as of 2024-12-11, of newer data/);
  assert.match(noteOf(undefined, false)!, /other data than this report's/);
});
