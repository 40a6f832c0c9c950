/** How many rows a chunk of CSV has; the last one may have fewer. */
export const ROWS_PER_CHUNK = 4000;

/** CSV bytes, some thousand rows a chunk; iterating again gives the same bytes again. */
export function csvChunks(rows: () => Iterable<string>): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      const encoder = new TextEncoder();
      let chunk: string[] = [];
      for (const row of rows()) {
        chunk.push(row);
        if (chunk.length < ROWS_PER_CHUNK) continue;
        yield encoder.encode(chunk.join("\n") + "\n");
        chunk = [];
      }
      if (chunk.length > 0) yield encoder.encode(chunk.join("\n") + "\n");
    },
  };
}

/** Cents as a decimal number. */
export function money(cents: number): string {
  return (cents / 100).toFixed(2);
}
