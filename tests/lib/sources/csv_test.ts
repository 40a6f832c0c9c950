import fc from "fast-check";
import assert from "node:assert/strict";
import { createLogger, type Progress } from "shopflow/runtime/mod.ts";
import { splitAtRows, startCopyMeter } from "../../../lib/sources/csv.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Rows of fields that hold quotes, commas and line breaks, as CSV, each row ending in a line feed. */
const row = fc.array(fc.stringMatching(/^[a",\n\r é]{0,8}$/), { minLength: 1, maxLength: 3 })
  .map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",") + "\n");

Deno.test("pieces put together are the input, and each holds whole rows, wherever the input was cut", () =>
  fc.assert(fc.asyncProperty(
    fc.array(row, { maxLength: 20 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 40 }),
    async (rows, chunkSize, target) => {
      const bytes = encoder.encode(rows.join(""));
      const chunks = Array.from(
        { length: Math.ceil(bytes.length / chunkSize) },
        (_, i) => bytes.slice(i * chunkSize, (i + 1) * chunkSize),
      );
      const pieces = (await Array.fromAsync(splitAtRows(chunks, target)))
        .map((parts) => decoder.decode(Uint8Array.from(parts.flatMap((part) => [...part]))));
      assert.equal(pieces.join(""), rows.join(""));
      const ends = new Set<number>();
      rows.reduce((end, text) => (ends.add(end + text.length), end + text.length), 0);
      pieces.reduce((end, piece) => {
        assert.ok(ends.has(end + piece.length), `a piece ends within a row: ${JSON.stringify(piece)}`);
        return end + piece.length;
      }, 0);
    },
  )));

Deno.test("a last row without a line end is kept, and pieces stay near the target size", async () => {
  const chunks = Array.from({ length: 10 }, () => encoder.encode("12345\n"));
  const pieces = await Array.fromAsync(splitAtRows([...chunks, encoder.encode("end")], 12));
  assert.deepEqual(pieces.map((parts) => parts.reduce((sum, part) => sum + part.length, 0)), [
    12,
    12,
    12,
    12,
    12,
    3,
  ]);
});

Deno.test("a copy reports rows, bytes, seconds and rows a second every ten seconds and at its end, and moves its bar", () => {
  const lines: string[] = [], bar: unknown[] = [];
  const progress: Progress = {
    start(label, total, unit) {
      bar.push([label, total, unit]);
      return { update: (done) => void bar.push(done), finish: (text) => void bar.push(text) };
    },
  };
  let now = 5_000;
  const meter = startCopyMeter(
    "orders",
    900_000,
    { log: createLogger((line) => lines.push(line)), progress },
    () => now,
  );
  for (let i = 1; i <= 5; i++) {
    now += 5_000;
    meter.add(100_000, 12_000_000);
  }
  assert.deepEqual(lines, [
    "  extract orders: 200,000 rows, 22.9 MiB, 20,000 rows/s after 10 s",
    "  extract orders: 400,000 rows, 45.8 MiB, 20,000 rows/s after 20 s",
  ]);
  meter.finish();
  assert.deepEqual(bar, [
    ["extract orders", 900_000, "rows"],
    ...[100_000, 200_000, 300_000, 400_000, 500_000],
    "500,000 rows, 57.2 MiB, 20,000 rows/s",
  ]);
});
