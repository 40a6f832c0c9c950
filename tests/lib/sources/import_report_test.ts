import assert from "node:assert/strict";
import { SourceError } from "shopflow/errors/mod.ts";
import { checkLines, linesText } from "../../../lib/sources/import_report.ts";

const COUNTS = { read: 105, kept: 99, rejected: 1, summed: 2, blank: 2, header: 1 };
const CHECK = {
  counts: COUNTS,
  reasons: [{ reason: "Quantity is empty", lines: 1, firstLine: 7, file: "t.csv" }],
  lines: 105,
  rows: 99,
  rejectsFile: "rejects.csv",
  allowRejects: false,
};

Deno.test("lines that do not add up are a defect, whatever is allowed", () => {
  checkLines(CHECK);
  for (
    const wrong of [{ rows: 98 }, { counts: { ...COUNTS, kept: 100 } }, { counts: { ...COUNTS, blank: 0 } }]
  ) {
    assert.throws(
      () => checkLines({ ...CHECK, ...wrong, allowRejects: true }),
      (error) =>
        error instanceof Error && !(error instanceof SourceError) && /not accounted for/.test(error.message),
    );
  }
  assert.throws(
    () => checkLines({ ...CHECK, lines: 104 }),
    /changed while it was read: expected 104 lines.*found 105/,
  );
});

Deno.test("one of a hundred lines may be rejected, more are refused unless they are allowed", () => {
  const more = { ...CHECK, counts: { ...COUNTS, kept: 98, rejected: 2 }, rows: 98 };
  assert.throws(
    () => checkLines(more),
    /found 2 of 100 \(2\.0 %\): Quantity is empty \(1, first in line 7\)/,
  );
  checkLines({ ...more, allowRejects: true });
});

Deno.test("the account of lines is an equation", () => {
  assert.equal(
    linesText({ ...COUNTS, read: 1105, kept: 1099 }),
    "1,105 read = 1,099 kept + 1 rejected + 2 summed + 2 blank + 1 header",
  );
});
