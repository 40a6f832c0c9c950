import { SourceError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";

/** What files begin with that hold no text, and what to do with them. */
const NO_TEXT: { bytes: number[]; what: string; remedy: string }[] = [
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: "a spreadsheet or a zip archive",
    remedy: "Save the spreadsheet as CSV in UTF-8, or unpack the archive.",
  },
  {
    bytes: [0xd0, 0xcf, 0x11, 0xe0],
    what: "a spreadsheet of old Excel (.xls)",
    remedy: "Save it as .xlsx or as CSV in UTF-8.",
  },
  { bytes: [0xfd, 0x37, 0x7a, 0x58], what: "compressed with xz", remedy: "Unpack it: xz -d." },
  { bytes: [0x42, 0x5a, 0x68], what: "compressed with bzip2", remedy: "Unpack it: bzip2 -d." },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: "compressed with Zstandard", remedy: "Unpack it: zstd -d." },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf], what: "a 7-Zip archive", remedy: "Unpack it: 7z x." },
  { bytes: [0x52, 0x61, 0x72, 0x21], what: "a RAR archive", remedy: "Unpack it: unrar x." },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: "a Parquet file", remedy: "Export it as CSV in UTF-8." },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: "a PDF", remedy: "Ask for the data as CSV in UTF-8." },
];

/** @throws {SourceError} for the first bytes of a file that is known to hold no text. */
function refuseNoText(start: Uint8Array, name: string): void {
  const known = NO_TEXT.find(({ bytes }) => bytes.every((byte, i) => start[i] === byte));
  if (known === undefined) return;
  throw new SourceError(`The file ${name} is ${known.what}`, {
    expected: "text, as it is or packed with gzip",
    remedy: known.remedy,
  });
}

/** The encoding that a byte order mark names. */
function markedEncoding([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xef && second === 0xbb && third === 0xbf ? "utf-8" : undefined;
}

/**
 * Decodes strictly, where the encoding allows it: bytes of another one must not turn into wrong letters.
 *
 * @param name The file, for messages.
 * @param encoding a label of the Encoding standard; a byte order mark takes precedence. Default: UTF-8.
 * @throws {TypeError} at bytes that are none of the encoding.
 * @throws {SourceError} for what is known to hold no text.
 */
export async function* decode(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  encoding = "utf-8",
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of chunks) {
    if (decoder === undefined) {
      refuseNoText(chunk, name);
      decoder = new TextDecoder(markedEncoding(chunk) ?? encoding, { fatal: true });
    }
    yield decoder.decode(chunk, { stream: true });
  }
  if (decoder !== undefined) yield decoder.decode();
}

/** Bytes that Windows-1252 does not use. */
const UNUSED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
/** Letters of Windows-1252 below 0xC0, and signs that it has within words: quotes, dashes, dots, blanks. */
const IN_WORDS = new Set([
  ...[0x83, 0x85, 0x8a, 0x8c, 0x8e, 0x91, 0x92, 0x96, 0x97, 0x9a, 0x9c, 0x9e, 0x9f],
  ...[0xa0, 0xaa, 0xad, 0xb4, 0xb7, 0xba],
]);
/** Share of runs of signs beyond ASCII that may be longer than two in a language of Western Europe. */
const LONG_RUNS = 0.1;

/** What is met beyond ASCII. */
interface Findings {
  /** Characters that are UTF-8, and bytes that are not. */
  valid: number;
  invalid: number;
  /** Line of the first byte that is not UTF-8. */
  line: number;
  /** Bytes that Windows-1252 does not have. */
  unused: number;
  /** Bytes between two letters that Windows-1252 has for signs, such as the ³ of Wroc³aw. */
  signs: number;
  /** Runs of bytes beyond ASCII, and those of more than two. */
  runs: number;
  longRuns: number;
}

/**
 * The encoding of a text, known by all of its bytes: UTF-8, UTF-16, or Windows-1252, which holds latin-1 and is what
 * Excel and older programs of Western Europe and America write.
 *
 * @param name The file, for messages.
 * @throws {SourceError} when it is none of them for sure: read in a wrong encoding, names would be wrong in silence.
 */
export async function guessEncoding(chunks: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  let start: Uint8Array | undefined;
  const scan = new ByteScan();
  for await (const chunk of chunks) {
    if (start === undefined) {
      refuseNoText(chunk, name);
      start = chunk.slice(0, 64);
    }
    scan.add(chunk);
  }
  const known = markedEncoding(start ?? new Uint8Array()) ?? zeroesOf(start ?? new Uint8Array());
  if (known !== undefined) return known;
  const { valid, invalid, line, unused, signs, runs, longRuns } = scan.end();
  if (invalid === 0) return "utf-8";
  const why = valid > 0
    ? `${formatCount(valid)} characters in UTF-8 and ${formatCount(invalid)} bytes that are not`
    : unused > 0
    ? `${formatCount(unused)} bytes that Windows-1252 (latin-1) does not have`
    : signs > 0 || longRuns > LONG_RUNS * runs
    ? "words of letters that are not those of Western Europe"
    : undefined;
  if (why === undefined) return "windows-1252";
  throw new SourceError(`Cannot detect the encoding of the file ${name}`, {
    expected: "UTF-8, UTF-16 or Windows-1252 (latin-1)",
    found: `${why}, first in line ${formatCount(line)}`,
    remedy: "Say it with --encoding, e.g. --encoding windows-1252, windows-1250, gbk or shift_jis.",
  });
}

/** Files of ASCII in UTF-16 without a byte order mark: every second byte is 0. */
function zeroesOf(start: Uint8Array): string | undefined {
  const zeroes = [0, 1].map((odd) => start.filter((byte, i) => i % 2 === odd && byte === 0).length);
  const half = Math.floor(start.length / 2);
  if (half < 2) return undefined;
  if (zeroes[0] === 0 && zeroes[1] === half) return "utf-16le";
  return zeroes[1] === 0 && (zeroes[0] ?? 0) >= half ? "utf-16be" : undefined;
}

class ByteScan {
  readonly #found: Findings = { valid: 0, invalid: 0, line: 0, unused: 0, signs: 0, runs: 0, longRuns: 0 };
  #lines = 1;
  #run = 0;
  /** The byte before, and the one before the run. */
  #last = 0;
  #before = 0;
  /** Bytes of a character that are still to come, and the range of the next. */
  #missing = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  add(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte < 0x80 && this.#run === 0) {
        if (byte === 0x0a) this.#lines++;
      } else {
        this.#step(byte);
      }
      this.#last = byte;
    }
  }

  /** What was found, with a character that the end cuts off. */
  end(): Findings {
    this.#step(0x0a);
    return this.#found;
  }

  #step(byte: number): void {
    if (this.#missing > 0 && (byte < this.#lowest || byte > this.#highest)) this.#noteInvalid();
    if (byte < 0x80) {
      if (this.#run > 0) this.#found.runs++;
      if (this.#run > 2) this.#found.longRuns++;
      if (this.#run === 1 && isSign(this.#last) && isLetter(this.#before) && isLetter(byte)) {
        this.#found.signs++;
      }
      this.#run = 0;
      if (byte === 0x0a) this.#lines++;
      return;
    }
    if (this.#run++ === 0) this.#before = this.#last;
    if (UNUSED.has(byte)) this.#found.unused++;
    if (this.#missing > 0) {
      this.#missing--;
      if (this.#missing === 0) this.#found.valid++;
      [this.#lowest, this.#highest] = [0x80, 0xbf];
      return;
    }
    this.#missing = byte >= 0xc2 && byte <= 0xdf
      ? 1
      : byte >= 0xe0 && byte <= 0xef
      ? 2
      : byte <= 0xf4 && byte > 0xef
      ? 3
      : 0;
    if (this.#missing === 0) return this.#noteInvalid();
    // Neither longer forms than needed nor halves of UTF-16.
    this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
  }

  #noteInvalid(): void {
    this.#found.invalid++;
    this.#found.line ||= this.#lines;
    this.#missing = 0;
    [this.#lowest, this.#highest] = [0x80, 0xbf];
  }
}

const isLetter = (byte: number) => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
const isSign = (byte: number) => (byte < 0xc0 && !IN_WORDS.has(byte)) || byte === 0xd7 || byte === 0xf7;
