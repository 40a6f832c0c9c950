import { diskFullError, isDiskFull, SourceError } from "shopflow/errors/mod.ts";
import { countOf, formatBytes, formatCount, type Runtime, writeAll } from "shopflow/runtime/mod.ts";

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

/** How much was copied and how fast, e.g. `25,900 rows, 3.1 MiB, 310,000 rows/s`. */
export function throughput(rows: number, milliseconds: number, bytes?: number): string {
  const count = countOf(rows, "row");
  if (rows === 0) return count;
  const perSecond = Number((rows / Math.max(milliseconds, 1) * 1000).toPrecision(2));
  const size = bytes === undefined ? "" : `, ${formatBytes(bytes)}`;
  return `${count}${size}, ${formatCount(perSecond)} rows/s`;
}

/** Milliseconds between two reports of a copy that goes on. */
const PAUSE = 10_000;

/** Reports a copy as it goes and at its end: rows, bytes, seconds and rows a second. */
interface CopyMeter {
  add(rows: number, bytes: number): void;
  finish(): void;
}

/**
 * Starts to report on the copying of a table.
 *
 * @param total its number of rows, 0 if unknown
 * @param clock milliseconds that only ever grow
 */
export function startCopyMeter(
  table: string,
  total: number,
  { log, progress }: Pick<Runtime, "log" | "progress">,
  clock: () => number = () => performance.now(),
): CopyMeter {
  const bar = progress.start(`extract ${table}`, total, "rows");
  const started = clock();
  let reported = started;
  let rows = 0;
  let bytes = 0;
  return {
    add(moreRows, moreBytes) {
      rows += moreRows;
      bytes += moreBytes;
      bar.update(rows);
      const now = clock();
      if (now - reported < PAUSE) return;
      reported = now;
      const seconds = ((now - started) / 1000).toFixed(0);
      log.info(`  extract ${table}: ${throughput(rows, now - started, bytes)} after ${seconds} s`);
    },
    finish: () => bar.finish(throughput(rows, clock() - started, bytes)),
  };
}

/** Bytes of a file; 0 where there is none. */
export async function fileSize(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
