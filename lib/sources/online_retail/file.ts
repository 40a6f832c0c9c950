import { SourceError } from "shopflow/errors/mod.ts";
import {
  type BrokenLine,
  type CsvLine,
  type CsvRecord,
  CsvRecords,
  splitFields,
} from "../files/csv_records.ts";
import { encodingOf, readTextLines } from "../files/text_lines.ts";
import { DateColumn, type DateFormat, type DateOrder } from "../files/date_column.ts";
import { DecimalColumns, type DecimalMark, givenText } from "../files/columns.ts";
import { CurrencyColumn, splitCurrency } from "../files/currency_column.ts";
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

type Column = typeof COLUMNS[number];

/** Other names of columns: of the data set Online Retail II, and common ones. Case, blanks and signs do not count. */
const OTHER_NAMES: Partial<Record<Column, string[]>> = {
  InvoiceNo: ["Invoice", "InvoiceNumber", "InvoiceID"],
  Quantity: ["Qty"],
  UnitPrice: ["Price"],
  CustomerID: ["CustomerNo", "CustomerNumber"],
};

/** Names of columns in a file that are none of those that are known, by our column. */
export type ColumnNames = Partial<Record<Column, string>>;

const DELIMITERS = [",", ";", "\t", "|"];

/** A line of the file as it stands, by column. */
export type Transaction = Record<Column, string>;

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

/** A file of transactions on this machine. */
export interface TransactionFile {
  path: string;
  /** For messages: the path as it was given, with what of an archive or workbook it is. */
  name: string;
  /** Whether it is one of several that are imported together. */
  isOneOfSeveral: boolean;
}

/** How the text of a file is read. */
interface TextFormat {
  encoding?: string | undefined;
  columns?: ColumnNames | undefined;
}

const EXPECTED = "the Online Retail data set as CSV";
const REMEDY =
  "Give files of the UCI data sets Online Retail or Online Retail II with --from, or name the columns: " +
  "--column InvoiceNo=order_id.";

/**
 * Reads transactions from a CSV file, some lines at once. The fields are separated by comma, semicolon, tab or bar,
 * whichever the header has, or a line `sep=;` before it names.
 *
 * @param onBytes receives how many bytes of the file (packed, if it is) were read so far.
 * @throws {SourceError} when the file cannot be opened, unpacked or decoded, or lacks a column.
 */
export async function* readTransactions(
  { path, name }: TransactionFile,
  { encoding, columns = {} }: TextFormat,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<TransactionLine[]> {
  let header: Header | undefined;
  let records: CsvRecords | undefined;
  let delimiters = DELIMITERS;
  let line = 0;
  const options = {
    name,
    ...(onBytes && { onBytes }),
    ...(encoding !== undefined && { encoding }),
    expected: EXPECTED,
  };
  for await (const lines of existing(readTextLines(path, options), name)) {
    const found: TransactionLine[] = [];
    while (header === undefined && lines.length > 0) {
      const text = lines.shift() ?? "";
      line++;
      if (text.trim() === "") {
        found.push({ kind: "blank", line });
        continue;
      }
      found.push({ kind: "header", line });
      const [, stated] = text.match(/^sep=(.)$/) ?? [];
      if (stated !== undefined) {
        delimiters = [stated];
        continue;
      }
      header = readHeader(text, name, delimiters, columns);
      records = new CsvRecords(header.delimiter, header.names.length, line + 1);
    }
    if (header !== undefined && records !== undefined) found.push(...named(records.add(lines), header));
    yield found;
  }
  if (header === undefined || records === undefined) {
    throw new SourceError(`The file ${name} is empty`, {
      expected: `a header with ${COLUMNS.join(", ")}`,
      remedy: REMEDY,
    });
  }
  yield named(records.end(), header);
}

/** @throws {SourceError} when there is no such file. */
async function* existing<T>(read: AsyncGenerator<T>, name: string): AsyncGenerator<T> {
  try {
    yield* read;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SourceError(`There is no file ${name}`, { remedy: "Check the path after --from.", cause });
  }
}

interface Header {
  delimiter: string;
  names: string[];
  /** Position of each of our columns. */
  positions: [column: Column, position: number][];
}

function readHeader(text: string, file: string, delimiters: string[], columns: ColumnNames): Header {
  const candidate = (delimiter: string) => {
    const names = headerNames(text, delimiter);
    const found = COLUMNS.map((column) => [column, positionsOf(column, names, columns)] as const);
    return { delimiter, names, found, lacking: found.filter(([, positions]) => positions.length === 0) };
  };
  const { delimiter, names, found, lacking } = delimiters.map(candidate).reduce((best, other) =>
    (other.lacking.length - best.lacking.length || best.names.length - other.names.length) < 0 ? other : best
  );
  if (lacking.length > 0) {
    throw new SourceError(`The header of ${file} lacks columns`, {
      expected: COLUMNS.map((column) => [column, ...OTHER_NAMES[column] ?? []].slice(0, 2).join(" or ")).join(
        ", ",
      ),
      found: `${names.join(", ").slice(0, 200)} (no ${lacking.map(([column]) => column).join(", ")})`,
      remedy: REMEDY,
    });
  }
  const twice = found.find(([, positions]) => positions.length > 1);
  if (twice !== undefined) {
    const [column, positions] = twice;
    throw new SourceError(`The header of ${file} has column ${column} twice`, {
      expected: COLUMNS.join(", "),
      found: positions.map((position) => names[position]).join(", "),
      remedy: `Say which: --column ${column}=${names[positions[0] ?? 0]}, or rename one in the file.`,
    });
  }
  return { delimiter, names, positions: found.map(([column, [position = 0]]) => [column, position]) };
}

/** Where a column is: under the name that was given, or any of those that are known. */
function positionsOf(column: Column, names: string[], columns: ColumnNames): number[] {
  const given = columns[column];
  const known = new Set([column, ...OTHER_NAMES[column] ?? []].map(bareName));
  return names.flatMap((name, i) =>
    (given === undefined
        ? known.has(bareName(name)) && !Object.values(columns).includes(name)
        : name === given)
      ? [i]
      : []
  );
}

/** `Customer ID`, `customer_id`, `Customer.ID` and `CustomerID` are one name. */
const bareName = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");

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

/** What a person says about files; where nothing is said, each file decides. */
export interface StatedFormats {
  dates?: DateOrder;
  decimals?: DecimalMark;
  /** A label of the Encoding standard, e.g. `windows-1250`. */
  encoding?: string;
  columns?: ColumnNames;
}

/** How dates and numbers of a whole file are written. */
export interface FileFormats {
  dates: DateFormat;
  decimals: DecimalMark;
  /** Sign or code that prices have; undefined where none has one. */
  currency?: string | undefined;
}

/** A file that was read once. */
export interface Survey {
  file: TransactionFile;
  encoding: string;
  formats: FileFormats;
  /** Lines of the file, of every kind. */
  lines: number;
}

/**
 * Reads the whole file, before anything is loaded, and decides how its text, dates and numbers are written.
 *
 * @param onBytes receives how many bytes of the file (packed, if it is) were read so far.
 * @throws {SourceError} when the file cannot be read, or its lines leave the format open and nobody stated it.
 */
export async function surveyTransactions(
  file: TransactionFile,
  stated: StatedFormats,
  onBytes?: (bytes: number) => void,
): Promise<Survey> {
  const encoding = stated.encoding ?? await guessedEncoding(file);
  const place = file.isOneOfSeveral ? ` of ${file.name}` : "";
  const dates = new DateColumn(`InvoiceDate${place}`);
  const decimals = new DecimalColumns(`columns UnitPrice and Quantity${place}`);
  const currencies = new CurrencyColumn(`UnitPrice${place}`);
  let lines = 0;
  let example: string | undefined;
  for await (const batch of readTransactions(file, { encoding, columns: stated.columns }, onBytes)) {
    for (const line of batch) {
      lines += line.kind === "transaction" ? line.lines : 1;
      if (line.kind === "broken") example ??= `line ${line.line}: ${line.reason}`;
      if (line.kind !== "transaction") continue;
      example ??= `line ${line.line}: ${JSON.stringify(line.transaction.InvoiceDate)}`;
      dates.add(givenText(line.transaction.InvoiceDate), line.line);
      const price = splitCurrency(givenText(line.transaction.UnitPrice));
      currencies.add(price.currency, line.line);
      for (const number of [price.number, givenText(line.transaction.Quantity)]) {
        decimals.add(number, line.line);
      }
    }
  }
  const dateFormat = dates.decide(stated.dates, file.isOneOfSeveral);
  if (dateFormat === undefined) {
    throw new SourceError(`The file ${file.name} has no line that can be imported`, {
      expected: "transactions with dates such as 2010-12-01 08:26:00, 12/1/2010 8:26 or 1.12.2010",
      found: `${countOf(lines, "line")}, none with such a date in InvoiceDate${
        example === undefined ? "" : `, e.g. ${example}`
      }`,
      remedy: "Check the file, or write its dates as YYYY-MM-DD.",
    });
  }
  const mark = decimals.decide(stated.decimals, file.isOneOfSeveral);
  return {
    file,
    encoding,
    formats: { dates: dateFormat, decimals: mark, currency: currencies.decide() },
    lines,
  };
}

async function guessedEncoding({ path, name }: TransactionFile): Promise<string> {
  const guess = async function* () {
    yield await encodingOf(path, { name, expected: EXPECTED });
  };
  const [encoding = "utf-8"] = await Array.fromAsync(existing(guess(), name));
  return encoding;
}
