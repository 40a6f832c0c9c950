import { SourceError } from "shopflow/errors/mod.ts";
import {
  type BrokenLine,
  type CsvLine,
  type CsvRecord,
  CsvRecords,
  splitFields,
} from "../files/csv_records.ts";
import { readTextLines } from "../files/text_lines.ts";
import { DateColumn, type DateFormat, type DateOrder } from "../files/date_column.ts";
import { DecimalColumns, type DecimalMark, givenText } from "../files/columns.ts";
import { countOf } from "shopflow/runtime/mod.ts";

/** Columns of the UCI data set, which may come in any order and beside others. */
export const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const;

const DELIMITERS = [",", ";", "\t", "|"];

/** A line of the file as it stands, by column. */
export type Transaction = Record<typeof COLUMNS[number], string>;

/** What lines of the file are. Every line is in exactly one of these. */
export type TransactionLine =
  | TransactionRecord
  | BrokenLine
  | { kind: "blank"; line: number }
  /** The header, at the beginning and wherever files were joined. */
  | { kind: "header"; line: number };

export interface TransactionRecord extends Pick<CsvRecord, "line" | "lines" | "text"> {
  kind: "transaction";
  transaction: Transaction;
}

/**
 * Reads transactions from a CSV file, some lines at once. The fields are separated by comma, semicolon, tab or bar,
 * whichever the header has.
 *
 * @param onBytes receives how many bytes of the file (packed, if it is) were read so far.
 * @throws {SourceError} when the file cannot be opened, unpacked or decoded, or lacks a column.
 */
export async function* readTransactions(
  path: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<TransactionLine[]> {
  let header: Header | undefined;
  let records: CsvRecords | undefined;
  let line = 0;
  try {
    const expected = "the Online Retail data set as CSV";
    for await (const lines of readTextLines(path, { ...(onBytes && { onBytes }), expected })) {
      const found: TransactionLine[] = [];
      while (header === undefined && lines.length > 0) {
        const text = lines.shift() ?? "";
        line++;
        if (text.trim() === "") {
          found.push({ kind: "blank", line });
          continue;
        }
        header = readHeader(text, path);
        records = new CsvRecords(header.delimiter, header.names.length, line + 1);
        found.push({ kind: "header", line });
      }
      if (header !== undefined && records !== undefined) found.push(...named(records.add(lines), header));
      yield found;
    }
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SourceError(`There is no file ${path}`, { remedy: "Check the path after --from.", cause });
  }
  if (header === undefined || records === undefined) {
    throw new SourceError(`The file ${path} is empty`, {
      expected: `a header with ${COLUMNS.join(", ")}`,
      remedy: "Give the file of the UCI data set Online Retail with --from.",
    });
  }
  yield named(records.end(), header);
}

interface Header {
  delimiter: string;
  names: string[];
  /** Position of each of our columns. */
  positions: [column: typeof COLUMNS[number], position: number][];
}

function readHeader(text: string, path: string): Header {
  const candidate = (delimiter: string) => {
    const names = headerNames(text, delimiter);
    return { delimiter, names, lacking: COLUMNS.filter((column) => !names.includes(column)) };
  };
  const { delimiter, names, lacking } = DELIMITERS.map(candidate).reduce((best, other) =>
    (other.lacking.length - best.lacking.length || best.names.length - other.names.length) < 0 ? other : best
  );
  const remedy = "Give the file of the UCI data set Online Retail with --from.";
  if (lacking.length > 0) {
    throw new SourceError(`The header of ${path} lacks columns`, {
      expected: COLUMNS.join(", "),
      found: `${names.join(", ").slice(0, 200)} (no ${lacking.join(", ")})`,
      remedy,
    });
  }
  const twice = COLUMNS.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined) {
    throw new SourceError(`The header of ${path} has column ${twice} twice`, {
      expected: COLUMNS.join(", "),
      found: names.join(", ").slice(0, 200),
      remedy,
    });
  }
  return { delimiter, names, positions: COLUMNS.map((column) => [column, names.indexOf(column)]) };
}

function headerNames(text: string, delimiter: string): string[] {
  const fields = splitFields(text, delimiter);
  return Array.isArray(fields) ? fields.map((field) => field.trim()) : [];
}

function named(lines: CsvLine[], { names, positions }: Header): TransactionLine[] {
  return lines.map((line) => {
    if (line.kind !== "record") return line;
    const { fields, text, lines } = line;
    if (fields.every((field, i) => field.trim() === names[i])) return { kind: "header", line: line.line };
    const transaction = Object.fromEntries(
      positions.map(([column, position]) => [column, fields[position] ?? ""]),
    ) as Transaction;
    return { kind: "transaction", line: line.line, lines, text, transaction };
  });
}

/** What a person says about a file; where nothing is said, the file decides. */
export interface StatedFormats {
  dates?: DateOrder;
  decimals?: DecimalMark;
}

/** How dates and numbers of the whole file are written. */
export interface FileFormats {
  dates: DateFormat;
  decimals: DecimalMark;
}

interface Survey {
  formats: FileFormats;
  /** Lines of the file, of every kind. */
  lines: number;
}

/**
 * Reads the whole file once, before anything is loaded, and decides how its dates and numbers are written.
 *
 * @param onBytes receives how many bytes of the file (packed, if it is) were read so far.
 * @throws {SourceError} when the file cannot be read, or its lines leave the format open and nobody stated it.
 */
export async function surveyTransactions(
  path: string,
  stated: StatedFormats,
  onBytes?: (bytes: number) => void,
): Promise<Survey> {
  const dates = new DateColumn("InvoiceDate");
  const decimals = new DecimalColumns("columns UnitPrice and Quantity");
  let lines = 0;
  let example: string | undefined;
  for await (const batch of readTransactions(path, onBytes)) {
    for (const line of batch) {
      lines += line.kind === "transaction" ? line.lines : 1;
      if (line.kind === "broken") example ??= `line ${line.line}: ${line.reason}`;
      if (line.kind !== "transaction") continue;
      example ??= `line ${line.line}: ${JSON.stringify(line.transaction.InvoiceDate)}`;
      dates.add(givenText(line.transaction.InvoiceDate), line.line);
      for (const column of ["UnitPrice", "Quantity"] as const) {
        decimals.add(givenText(line.transaction[column]), line.line);
      }
    }
  }
  const dateFormat = dates.decide(stated.dates);
  if (dateFormat === undefined) {
    throw new SourceError("The file has no line that can be imported", {
      expected: "transactions with dates such as 2010-12-01 08:26:00, 12/1/2010 8:26 or 1.12.2010",
      found: `${countOf(lines, "line")}, none with such a date in InvoiceDate${
        example === undefined ? "" : `, e.g. ${example}`
      }`,
      remedy: "Check the file, or write its dates as YYYY-MM-DD.",
    });
  }
  return { formats: { dates: dateFormat, decimals: decimals.decide(stated.decimals) }, lines };
}
