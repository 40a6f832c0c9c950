import assert from "node:assert/strict";
import fc from "fast-check";
import { createLineSplitter, LONGEST_LINE } from "../../../../lib/jobs/execution/output.ts";

/** The lines of a text that comes in pieces of `size` bytes. */
function split(bytes: Uint8Array, size: number, mask?: (line: string) => string): string[] {
  const splitter = createLineSplitter(mask);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
  return [...lines, ...splitter.end()];
}
const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("however the bytes come, the lines are the same", () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "ü", "\n", "\r", "€", "😀", "\t") })).map((
    all,
  ) => all.join(""));
  fc.assert(fc.property(texts, fc.integer({ min: 1, max: 5 }), (text, size) => {
    const expected = text.split("\n");
    if (expected.at(-1) === "") expected.pop();
    assert.deepEqual(split(encode(text), size), expected.map((line) => line.replaceAll("\r", "")));
  }));
});

Deno.test("invalid UTF-8 becomes U+FFFD, and the text around it stays", () => {
  assert.deepEqual(split(new Uint8Array([104, 105, 0xff, 0xfe, 33, 10, 0xc3]), 100), [
    "hi\ufffd\ufffd!",
    "\ufffd",
  ]);
});

Deno.test("a long line is cut and says how much more there was", () => {
  const [line, next] = split(encode(`${"x".repeat(LONGEST_LINE + 5)}\nnext`), 1000);
  assert.equal(line, `${"x".repeat(LONGEST_LINE)} … and 5 characters more`);
  assert.equal(next, "next");
  const [endless] = split(encode("y".repeat(1_000_000)), 4096);
  assert.equal(endless, `${"y".repeat(LONGEST_LINE)} … and 990,000 characters more`);
});

Deno.test("a long line is masked before it is cut, so that no part of a secret is left at its end", () => {
  const mask = (line: string) => line.replaceAll("secret", "***");
  for (const length of [LONGEST_LINE - 3, 2 * LONGEST_LINE - 3, 2 * LONGEST_LINE]) {
    const [line] = split(encode("x".repeat(length) + "secret".repeat(100)), 1 << 16, mask);
    assert.doesNotMatch(line!, /s(e|$)/, `after ${length} characters`);
  }
});

Deno.test("colours and other control characters are left out", () => {
  assert.deepEqual(split(encode("\u001b[31mred\u001b[0m\u0007 and\tplain\u0000\r\n"), 100), [
    "red and\tplain",
  ]);
});
