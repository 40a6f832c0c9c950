import assert from "node:assert/strict";
import { changeText } from "../../../../server/pages/reports/compare.tsx";

Deno.test("the change of a metric is in its unit: percentages in points, amounts also in percent", () => {
  const changes: [a: string | number | undefined, b: string | number | undefined, text: string][] = [
    ["15.2 %", "14.8 %", "−0.4\u00a0points"],
    ["€48,260", "€50,000", "+€1,740 (+3.6\u202f%)"],
    [1200, 900, "−300 (−25.0\u202f%)"],
    ["-5", "5", "+10 (+200.0\u202f%)"],
    ["−$1,200", "−$900", "+$300 (+25.0\u202f%)"],
    ["-£20", "£30", "+£50 (+250.0\u202f%)"],
    [0.0001, 0.0004, "+0.0003 (+300.0\u202f%)"],
    [0, 4, "+4"],
    ["0.727", "0.727", "same"],
    ["high", "high", "same"],
    ["high", "low", ""],
    ["€5", "$5", ""],
    [undefined, 5, ""],
  ];
  for (const [a, b, text] of changes) assert.equal(changeText(a, b), text, `${a} to ${b}`);
});
