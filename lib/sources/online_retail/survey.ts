import { SourceError } from "shopflow/errors/mod.ts";
import { DateColumn, type DateFormat, type DateOrder } from "../files/date_column.ts";
import { DecimalColumns, type DecimalMark, givenText } from "../files/columns.ts";
import { readTransactions } from "./file.ts";

/** What a person says about the file; where nothing is said, the file decides. */
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
      found: `${lines.toLocaleString("en-US")} lines, none with such a date in InvoiceDate${
        example === undefined ? "" : `, e.g. ${example}`
      }`,
      remedy: "Check the file, or write its dates as YYYY-MM-DD.",
    });
  }
  return { formats: { dates: dateFormat, decimals: decimals.decide(stated.decimals) }, lines };
}
