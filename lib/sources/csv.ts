import { diskFullError, isDiskFull, SourceError } from "shopflow/errors/mod.ts";
import { writeAll } from "shopflow/runtime/mod.ts";

/**
 * Rows of a source table as they were copied: CSV without a header, columns in the table's order, every value
 * quoted, NULL empty and unquoted, so that NULL and the empty text stay apart. In no particular order.
 */
export interface CopiedRows {
  path: string;
  rows: number;
  bytes: number;
}

/**
 * Writes CSV bytes to a new file and returns how many they were.
 *
 * @throws {DiskFullError} when there is no room for it.
 * @throws {SourceError} when the file cannot be written for another reason.
 */
export async function writeCsv(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  using file = await written(path, Deno.open(path, { createNew: true, write: true }));
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    await written(path, writeAll(file, path, chunk));
  }
  return bytes;
}

/** Tells an error of our disk from one of the source that the bytes come from. */
async function written<T>(path: string, writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (cause) {
    if (isDiskFull(cause)) throw await diskFullError(`write the copy ${path}`, cause, path);
    throw new SourceError(`The copy ${path} cannot be written`, {
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Set SHOPFLOW_HOME to a folder that can be written.",
      cause,
    });
  }
}

/** Fields in the form of {@linkcode CopiedRows}, without the line's end. */
export function csvFields(values: (string | null)[]): string {
  return values.map((value) => value === null ? "" : `"${value.replaceAll('"', '""')}"`).join(",");
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Bytes of CSV, in pieces of any size. */
export type CsvBytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Regroups CSV bytes into pieces of about `target` bytes that each end where a row ends, so that each can
 * be loaded on its own. A line break inside quotes is part of its field.
 */
export async function* splitAtRows(csv: CsvBytes, target = 8 << 20): AsyncGenerator<Uint8Array[]> {
  let pending: Uint8Array[] = [];
  let size = 0;
  let quoted = false;
  for await (const chunk of csv) {
    let rowEnd = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === NEWLINE && !quoted) rowEnd = i + 1;
    }
    size += chunk.length;
    if (size < target || rowEnd === 0) {
      pending.push(chunk);
      continue;
    }
    yield [...pending, chunk.subarray(0, rowEnd)];
    pending = [chunk.subarray(rowEnd)];
    size = chunk.length - rowEnd;
  }
  if (size > 0) yield pending;
}
