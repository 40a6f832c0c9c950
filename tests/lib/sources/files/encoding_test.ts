import assert from "node:assert/strict";
import { guessEncoding } from "../../../../lib/sources/files/encoding.ts";

const bytesOf = (...parts: (string | number)[]) =>
  Uint8Array.from(
    parts.flatMap((part) => typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]),
  );

/** The guess does not depend on where the file is cut into pieces. */
async function guess(bytes: Uint8Array): Promise<string> {
  const inPieces = async function* (size: number) {
    for (let at = 0; at < bytes.length; at += size) {
      yield await Promise.resolve(bytes.subarray(at, at + size));
    }
  };
  const whole = await guessEncoding(inPieces(bytes.length || 1), "t.csv");
  assert.equal(await guessEncoding(inPieces(256), "t.csv"), whole);
  return whole;
}

Deno.test("text is UTF-8 where all of it is, and Windows-1252 where signs of Western Europe stand alone", async () => {
  const cases: [Uint8Array, string][] = [
    [bytesOf(""), "utf-8"],
    [bytesOf("plain\n"), "utf-8"],
    [bytesOf("Zoë, Łódź, 東京, 😀\n"), "utf-8"],
    [bytesOf("\uFEFFa\n"), "utf-8"],
    [bytesOf("caf", 0xe9, ",PIN", 0xc7, "ON,", 0xa3, "5\n"), "windows-1252"],
    [bytesOf("don", 0x92, "t,", 0x80, "7,", 0x93, "x", 0x94, ",", 0xbd, " KG\n"), "windows-1252"],
    [bytesOf("end", 0xe9), "windows-1252"],
    [bytesOf(0xff, 0xfe, "a", 0, "\n", 0), "utf-16le"],
    [bytesOf(0xfe, 0xff, 0, "a", 0, "\n"), "utf-16be"],
    [bytesOf(...[..."Invoice,Price"].flatMap((letter) => [letter, 0])), "utf-16le"],
    [bytesOf(...[..."Invoice,Price"].flatMap((letter) => [0, letter])), "utf-16be"],
  ];
  for (const [bytes, encoding] of cases) assert.equal(await guess(bytes), encoding, String(bytes));
});

Deno.test("an encoding that cannot be detected is asked for, so that no name is read wrong in silence", async () => {
  const cases: [string, Uint8Array, RegExp][] = [
    [
      "two encodings",
      bytesOf("a\nZoë\ncaf", 0xe9, "\n"),
      /1 characters in UTF-8 and 1 bytes that are not.*line 3/,
    ],
    ["UTF-8 that was cut off", bytesOf("Zoë\nZo", 0xc3), /in line 2/],
    ["Polish, windows-1250", bytesOf("Wroc", 0xb3, "aw\n"), /letters that are not those of Western Europe/],
    ["DOS, code page 850", bytesOf("d", 0x82, "cor\n"), /not those of Western Europe/],
    [
      "Russian, windows-1251",
      bytesOf(0xcc, 0xee, 0xf1, 0xea, 0xe2, 0xe0, "\n"),
      /not those of Western Europe/,
    ],
    ["Chinese, gbk", bytesOf(0xc4, 0xe3, 0xba, 0xc3, "\n"), /not those of Western Europe/],
    ["Japanese, shift_jis", bytesOf(0x93, 0x8c, 0x8b, 0x9e, "\n"), /not those of|does not have/],
    ["unused bytes", bytesOf("a", 0x81, "\n"), /1 bytes that Windows-1252/],
  ];
  for (const [name, bytes, message] of cases) {
    await assert.rejects(guess(bytes), (error: Error) => {
      assert.match(error.message, message, name);
      assert.match(error.message, /--encoding windows-1252/);
      return true;
    });
  }
});

Deno.test("what is known to hold no text is named, with what to do", async () => {
  const cases: [number[], RegExp][] = [
    [[0xd0, 0xcf, 0x11, 0xe0, 0xa1], /old Excel.*Save it as \.xlsx/],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a], /xz -d/],
    [[0x42, 0x5a, 0x68, 0x39], /bzip2 -d/],
    [[0x50, 0x41, 0x52, 0x31], /Parquet/],
  ];
  for (const [bytes, message] of cases) await assert.rejects(guess(Uint8Array.from(bytes)), message);
});
