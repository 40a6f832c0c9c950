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

/** Ids as the shop writes them; things are numbered from 0, ids from 1. */
const id = (prefix: string, digits: number) => (number: number) =>
  prefix + String(number + 1).padStart(digits, "0");

/** `CUST000001` for 0. */
export const customerId = id("CUST", 6);
/** `PROD00001` for 0. */
export const productId = id("PROD", 5);
/** `ORD0000001` for 0. */
export const orderId = id("ORD", 7);
/** `EVT00000001` for 0. */
export const eventId = id("EVT", 8);
/** `SES00000001` for 0. */
export const sessionId = id("SES", 8);
/** `TKT0000001` for 0. */
export const ticketId = id("TKT", 7);
/** `AGENT001` for 0. */
export const agentId = id("AGENT", 3);
