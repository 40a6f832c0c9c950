import assert from "node:assert/strict";
import { monthSpans } from "shopflow/cli/mod.ts";

Deno.test("months that follow one another are told by the first and the last", () => {
  const months = ["2024-01", "2023-11", "2023-12", "2024-03", "2024-06", "2024-07", "undated"];
  assert.equal(monthSpans(months), "2023-11 to 2024-01, 2024-03, 2024-06, 2024-07, undated");
  assert.equal(monthSpans(["2024-12"]), "2024-12");
  assert.equal(monthSpans([]), "");
});
