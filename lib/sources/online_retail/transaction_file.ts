import { type CsvError, parse } from "csv-parse";
import { SourceError } from "shopflow/errors/mod.ts";
import { csvFields } from "../csv_copy.ts";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** Columns of the UCI data set, which may come in any order and beside others. */
const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const;

/** A line of the file as it stands, by column. */
export type Transaction = Record<typeof COLUMNS[number], string>;

/** A line with its number, or why it is none. */
export type TransactionLine =
  | { line: number; transaction: Transaction }
  | { line: number; reason: string; text: string };

/**
 * Reads transactions from a `.csv` or `.csv.gz` file in UTF-8, line by line. A line that is not CSV or has
 * too many or too few fields comes with the reason.
 *
 * @param onBytes is told how many bytes of the file (packed, if it is) were read so far.
 * @throws {SourceError} when the file cannot be opened, unpacked or decoded, or lacks a column.
 */
export async function* readTransactions(
  path: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<TransactionLine> {
  const unreadable: TransactionLine[] = [];
  const parser = parse({
    bom: true,
    info: true,
    columns: (header: string[]) => checkedHeader(header, path),
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => {
      const fields: unknown = error?.record;
      unreadable.push({
        line: Number(error?.lines ?? 0),
        reason: error?.message ?? "not CSV",
        text: Array.isArray(fields) ? csvFields(fields.map(String)) : "",
      });
      return undefined;
    },
  });
  try {
    const stages = [
      createReadStream(path),
      countBytes(onBytes),
      ...(path.endsWith(".gz") ? [createGunzip()] : []),
      decodeUtf8,
      parser,
    ];
    // An error of any stage destroys the parser with it, so it comes out of the loop below.
    pipeline(stages, () => {});
    const records = parser as AsyncIterable<{ record: Transaction; info: { lines: number } }>;
    for await (const { record, info } of records) {
      // The parser reads ahead: what it skipped further on comes in its turn.
      while (unreadable.length > 0 && unreadable[0]!.line < info.lines) yield unreadable.shift()!;
      yield { line: info.lines, transaction: record };
    }
    yield* unreadable;
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    if ((cause as { code?: string }).code === "ENOENT") {
      throw new SourceError(`There is no file ${path}`, { remedy: "Check the path after --from.", cause });
    }
    throw new SourceError(`The file ${path} cannot be read`, {
      expected: "the Online Retail data set as CSV in UTF-8, or the same packed with gzip as .csv.gz",
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Check --from. A file in another encoding can be converted: iconv -f latin1 -t utf-8.",
      cause,
    });
  }
}

function countBytes(onBytes: (bytes: number) => void) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of chunks) {
      onBytes(bytes += chunk.length);
      yield chunk;
    }
  };
}

/** Decodes strictly: a file in another encoding must not turn into wrong letters. */
async function* decodeUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function checkedHeader(header: string[], path: string): string[] {
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.length === 0) return header;
  throw new SourceError(`The header of ${path} lacks columns`, {
    expected: COLUMNS.join(", "),
    found: `${header.join(", ").slice(0, 200)} (no ${missing.join(", ")})`,
    remedy: "Give the file of the UCI data set Online Retail with --from.",
  });
}
