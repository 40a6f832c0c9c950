const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Bytes of CSV, in pieces of any size. */
export type CsvBytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Regroups CSV bytes into pieces of about `target` bytes that each end where a row ends, so that each can
 * be loaded on its own. A line break inside quotes is part of its field.
 */
export async function* wholeRows(csv: CsvBytes, target = 8 << 20): AsyncGenerator<Uint8Array[]> {
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
