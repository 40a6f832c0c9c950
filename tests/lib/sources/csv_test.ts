import fc from "fast-check";
import assert from "node:assert/strict";
import { splitAtRows } from "../../../lib/sources/csv.ts";

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
