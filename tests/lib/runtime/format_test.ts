import { formatDuration } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";

Deno.test("durations are told in at most two units, rounded before the unit is chosen", () => {
  const cases: [milliseconds: number, text: string][] = [
    [-1, "0 ms"],
    [0, "0 ms"],
    [999.6, "1 s"],
    [850, "850 ms"],
    [4210, "4.2 s"],
    [5000, "5 s"],
    [9960, "10 s"],
    [12_340, "12 s"],
    [59_960, "1 min"],
    [61_000, "1 min 1 s"],
    [119_700, "2 min"],
    [185_000, "3 min 5 s"],
    [3_599_700, "1 h"],
    [5_460_000, "1 h 31 min"],
    [86_390_000, "1 d"],
    [180_000_000, "2 d 2 h"],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});
