import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { SourceError } from "shopflow/errors/mod.ts";
import { readTextLines } from "../../../../lib/sources/files/text_lines.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string, littleEndian: boolean) => {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
};

async function linesOf(bytes: Uint8Array): Promise<string[]> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return (await Array.fromAsync(readTextLines(path, { expected: "text" }))).flat();
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("lines end with line feed, carriage return or both, wherever the file is cut into pieces", async () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["a", ["a"]],
    ["a\n", ["a"]],
    ["a\n\nb", ["a", "", "b"]],
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\rb\rc", ["a", "b", "c"]],
    ["a\r\r\nb", ["a", "", "b"]],
    ["a\u2028b\n", ["a\u2028b"]],
  ];
  for (const [text, lines] of cases) assert.deepEqual(await linesOf(utf8(text)), lines, JSON.stringify(text));

  // Longer than a piece, so that \r and \n come apart.
  const piece = 256 << 10;
  const long = "x".repeat(piece - 1) + "\r\n" + "y".repeat(2 * piece) + "\r\nz";
  assert.deepEqual((await linesOf(utf8(long))).map((line) => line.length), [piece - 1, 2 * piece, 1]);
});

Deno.test("packed files and those in UTF-16 are known by their bytes", async () => {
  assert.deepEqual(await linesOf(gzipSync("ä\nb\n")), ["ä", "b"]);
  const members = [gzipSync("a\n"), gzipSync("b\n")].flatMap((bytes) => [...bytes]);
  assert.deepEqual(await linesOf(Uint8Array.from(members)), ["a", "b"]);
  assert.deepEqual(await linesOf(utf8("\uFEFFa\nb")), ["a", "b"]);
  assert.deepEqual(await linesOf(utf16("\uFEFFa\nä", true)), ["a", "ä"]);
  assert.deepEqual(await linesOf(utf16("\uFEFFa\nä", false)), ["a", "ä"]);
});

Deno.test("a file that is cut off, of another encoding or no text is an error, not a short file", async () => {
  const packed = gzipSync("line\n".repeat(1000) + crypto.randomUUID());
  const cases: [Uint8Array, RegExp][] = [
    [packed.subarray(0, packed.length - 20), /unexpected end of file.*cut off/],
    [packed.subarray(0, packed.length - 4), /unexpected end of file/],
    [Uint8Array.from([...packed, ...utf8("more text\n")]), /incorrect header check/],
    [Uint8Array.of(0x61, 0x0a, 0xa3, 0x0a), /expected text in UTF-8.*iconv/],
    [utf8("PK\u0003\u0004..."), /a spreadsheet or a zip archive.*Save the spreadsheet as CSV/],
    [gzipSync("PK\u0003\u0004..."), /a spreadsheet or a zip archive/],
  ];
  for (const [bytes, message] of cases) {
    await assert.rejects(
      linesOf(bytes),
      (error) => error instanceof SourceError && message.test(error.message),
    );
  }
  await assert.rejects(
    Array.fromAsync(readTextLines("/", { expected: "text" })),
    /not a file.*found a folder/,
  );
  await assert.rejects(
    Array.fromAsync(readTextLines("/dev/null", { expected: "text" })),
    /found a pipe or device/,
  );
});

Deno.test("a file that grows or is written while it is read is an error: what was read may be a part of it", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "a\nb\n");
    await assert.rejects(async () => {
      for await (const lines of readTextLines(path, { expected: "text" })) {
        if (lines[0] === "a") await Deno.writeTextFile(path, "c\n", { append: true });
      }
    }, /changed while it was read: expected 4 bytes, as at first, found 6 bytes/);

    // Put in place whole, as programs do, the file from before is read to its end.
    const whole: string[] = [];
    for await (const lines of readTextLines(path, { expected: "text" })) {
      whole.push(...lines);
      await Deno.writeTextFile(`${path}.new`, "d\n");
      await Deno.rename(`${path}.new`, path);
    }
    assert.deepEqual(whole, ["a", "b", "c"]);
  } finally {
    await Deno.remove(path);
  }
});
