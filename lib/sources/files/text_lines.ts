import { formatCount } from "shopflow/runtime/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { decode, guessEncoding } from "./encoding.ts";

interface TextLineOptions {
  /** The file, for messages; default: its path. One that was unpacked is elsewhere than people think. */
  name?: string;
  /** Receives how many bytes of the file (packed, if it is) were read so far. */
  onBytes?: (bytes: number) => void;
  /** What the file should be, for messages. */
  expected: string;
}

/** Characters that a line may have: more is not a line but a file without line ends. */
const LONGEST_LINE = 64 << 20;
/** Bytes read at once. */
const PIECE = 256 << 10;

/**
 * Reads the lines of a text file, some at once, without their ends: line feed, carriage return or both. The number of
 * lines is that of line ends, plus one where text follows the last of them. U+2028 and the like are text.
 *
 * The file is in UTF-8, in another encoding that is given, or in UTF-16 with a byte order mark, and may be packed with
 * gzip, whatever its name.
 *
 * @throws {SourceError} when it cannot be unpacked or decoded, is cut off, changes meanwhile, or is no text file.
 * @throws {Deno.errors.NotFound} when there is no such file.
 */
export function readTextLines(
  path: string,
  { encoding, ...options }: TextLineOptions & { encoding?: string },
): AsyncGenerator<string[]> {
  const { name = path } = options;
  return readUnpacked(path, options, (bytes) => splitLines(decode(bytes, name, encoding), name));
}

/**
 * The encoding of a text file, which may be packed with gzip; see {@linkcode guessEncoding}. Reads all of it.
 *
 * @throws {SourceError} as {@linkcode readTextLines}, and when the encoding cannot be detected.
 */
export async function encodingOf(path: string, options: TextLineOptions): Promise<string> {
  const [encoding = "utf-8"] = await Array.fromAsync(
    readUnpacked(path, options, async function* (bytes) {
      yield await guessEncoding(bytes, options.name ?? path);
    }),
  );
  return encoding;
}

/** Hands the bytes of a file to `work`, unpacked if they are packed, and makes sure that they are those of one file. */
async function* readUnpacked<T>(
  path: string,
  { name = path, onBytes = () => {}, expected }: TextLineOptions,
  work: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<T>,
): AsyncGenerator<T> {
  using file = await openFile(path);
  const before = await file.stat();
  const start = await firstBytes(file);
  try {
    yield* work(unpacked(readBytes(file, onBytes), isGzip(start)));
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(`The file ${name} cannot be read`, {
      expected: `${expected} in UTF-8, or the same packed with gzip`,
      found: cause instanceof TypeError ? `bytes that are not of its encoding (${found})` : found,
      remedy: isGzip(start)
        ? "Copy or pack the file again: a packed file that was cut off cannot be used in part."
        : "Check the file. One in another encoding can be converted: iconv -f latin1 -t utf-8.",
      cause,
    });
  }
  const after = await file.stat();
  if (before.size === after.size && before.mtime?.getTime() === after.mtime?.getTime()) return;
  throw new SourceError(`The file ${name} changed while it was read`, {
    expected: `${formatCount(before.size)} bytes, as at first`,
    found: `${formatCount(after.size)} bytes, written ${after.mtime?.toISOString()}`,
    remedy: "Run the command again when nothing writes to the file.",
  });
}

async function openFile(path: string): Promise<Deno.FsFile> {
  // Looked at before it is opened, since opening a pipe waits for its writer.
  const { isFile, isDirectory } = await Deno.stat(path);
  if (isFile) return await Deno.open(path);
  throw new SourceError(`${path} is not a file`, {
    expected: "a file that can be read more than once",
    found: isDirectory ? "a folder" : "a pipe or device",
    remedy: "Save the data as a file first.",
  });
}

async function firstBytes(file: Deno.FsFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(4);
  const read = await file.read(bytes) ?? 0;
  await file.seek(0, Deno.SeekMode.Start);
  return bytes.subarray(0, read);
}

const isGzip = ([first, second]: Uint8Array) => first === 0x1f && second === 0x8b;

async function* readBytes(file: Deno.FsFile, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  while (true) {
    const piece = new Uint8Array(PIECE);
    const read = await file.read(piece);
    if (read === null) return;
    onBytes(bytes += read);
    yield piece.subarray(0, read);
  }
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>, packed: boolean): AsyncGenerator<Uint8Array> {
  if (!packed) return yield* bytes;
  const gunzip = createGunzip({ chunkSize: PIECE });
  // An error of any stage destroys the last one with it, so it comes out of the loop below.
  pipeline(Readable.from(bytes), gunzip, () => {});
  yield* gunzip as AsyncIterable<Uint8Array>;
}

async function* splitLines(chunks: AsyncIterable<string>, name: string): AsyncGenerator<string[]> {
  let unfinished: string[] = [];
  let length = 0;
  let read = 0;
  let afterReturn = false;
  for await (const chunk of chunks) {
    if (chunk === "") continue;
    const text = afterReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    afterReturn = chunk.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? "";
    if (lines.length > 0) {
      lines[0] = unfinished.join("") + lines[0];
      unfinished = [];
      length = 0;
      read += lines.length;
      yield lines;
    }
    unfinished.push(rest);
    length += rest.length;
    if (length <= LONGEST_LINE) continue;
    throw new SourceError(
      `Line ${read + 1} of ${name} has more than ${formatCount(LONGEST_LINE)} characters`,
      {
        expected: "text with line ends",
        remedy: "Check the file.",
      },
    );
  }
  if (length > 0) yield [unfinished.join("")];
}
