import { formatCount } from "shopflow/runtime/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { join } from "node:path";
import { SLIPS } from "./files/columns.ts";

/** What an import decided for rows of one kind. */
export interface ImportRule {
  sourceTable: string;
  rule: string;
  action: "kept" | "repaired" | "dropped";
  /** Rows it met; a row may fall under several rules. */
  rows: number;
  /** Money in those rows as a decimal number, null where there is none. */
  amount: string | null;
  description: string;
}

/**
 * The account of the lines of an imported file: `read = kept + rejected + summed + blank + header`.
 */
export interface LineCounts {
  read: number;
  /** Lines that are a row of their own. */
  kept: number;
  /** Lines in the rejects file. */
  rejected: number;
  /** Lines that add to the row of a line before them: further lines of a quoted field. */
  summed: number;
  /** Lines without any value. */
  blank: number;
  /** Names of columns, where files were joined more than once. */
  header: number;
}

/** Why lines were rejected. */
export interface RejectReason {
  reason: string;
  lines: number;
  /** Number of the first of them in its file. */
  firstLine: number;
  /** That file, as messages name it. */
  file: string;
}

/** What an import of real data did, for the data-quality report. */
export interface ImportReport {
  dataset: string;
  /** The file, or the files with commas between them. */
  file: string;
  importedAt: string;
  lines: LineCounts;
  /** How the file is written: `encoding`, `dates`, `decimals`, and `currency` where prices have a sign; of several files, all that there are. */
  formats: Record<string, string>;
  rejected: RejectReason[];
  /** Rows loaded, by source table. */
  rows: Record<string, number>;
  rules: ImportRule[];
  /** Lines that could not be imported, with their reasons; null when there are none. */
  rejectsFile: string | null;
}

/** Where the report of the last import into this home's shop is. */
export const importReportPath = (home: string) => join(home, "shop", "import_report.json");

/** What an import is checked by before its rows become visible. */
interface LineCheck {
  counts: LineCounts;
  reasons: RejectReason[];
  /** Lines of the file as they were counted before. */
  lines: number;
  /** Rows that the database took. */
  rows: number;
  rejectsFile: string | null;
  /** Whether there is more than one file, so that a line is one of which. */
  isOfSeveralFiles?: boolean;
  allowRejects: boolean;
}

/**
 * Checks that every line of a file is accounted for, and that no more than 1 % of those with values were rejected.
 *
 * @throws {SourceError} when more were rejected and that is not allowed, or the file changed while it was read.
 * @throws {Error} when the numbers do not add up, which is a defect.
 */
export function checkLines(
  { counts, reasons, lines, rows, rejectsFile, isOfSeveralFiles = false, allowRejects }: LineCheck,
): void {
  const { read, kept, rejected, summed, blank, header } = counts;
  if (read !== lines) {
    throw new SourceError(`${isOfSeveralFiles ? "One of the files" : "The file"} changed while it was read`, {
      expected: `${formatCount(lines)} lines, as at first`,
      found: formatCount(read),
      remedy: "Import again when nothing writes to the file.",
    });
  }
  if (read !== kept + rejected + summed + blank + header || kept !== rows) {
    throw new Error(`Lines of the file are not accounted for: ${JSON.stringify({ ...counts, rows })}`);
  }
  if (allowRejects || rejected <= SLIPS * (kept + rejected)) return;
  const share = (100 * rejected / (kept + rejected)).toFixed(1);
  const most = reasons.slice(0, 5).map((reason) =>
    `${reason.reason} (${formatCount(reason.lines)}, first in ${firstPlace(reason, isOfSeveralFiles)})`
  );
  const others = reasons.length > most.length ? ["other reasons"] : [];
  throw new SourceError("Nothing was imported, since too many lines would be rejected", {
    expected: "at most 1 % of the lines",
    found: `${formatCount(rejected)} of ${formatCount(kept + rejected)} (${share} %): ${
      [...most, ...others].join("; ")
    }`,
    remedy:
      `See ${rejectsFile} for the lines. Correct the file, or pass --allow-rejects to import the others.`,
  });
}

/** Where the first line of a reason is, of several files with the file's name. */
export const firstPlace = ({ firstLine, file }: RejectReason, isOfSeveralFiles: boolean): string =>
  `line ${formatCount(firstLine)}${isOfSeveralFiles ? ` of ${file}` : ""}`;

/** The account of lines as an equation. */
export function linesText({ read, kept, rejected, summed, blank, header }: LineCounts): string {
  return `${formatCount(read)} read = ${formatCount(kept)} kept + ${formatCount(rejected)} rejected + ${
    formatCount(summed)
  } summed` +
    ` + ${formatCount(blank)} blank + ${formatCount(header)} header`;
}

/** Writes the report in place of the one before; it is never seen half. */
export async function writeImportReport(home: string, report: ImportReport): Promise<void> {
  const path = importReportPath(home);
  await Deno.writeTextFile(`${path}.tmp`, JSON.stringify(report, null, 2) + "\n");
  await Deno.rename(`${path}.tmp`, path);
}

/**
 * The report of the import that the shop's orders come from, or undefined when they come from elsewhere
 * (another number of rows, e.g. after `deno task simulate --replace`) or the report has no account of lines.
 *
 * @throws {SourceError} when the report is there but not readable.
 */
export async function readImportReport(home: string, orderRows: number): Promise<ImportReport | undefined> {
  const path = importReportPath(home);
  try {
    const report = JSON.parse(await Deno.readTextFile(path)) as Partial<ImportReport>;
    return report.lines !== undefined && report.rows?.orders === orderRows
      ? report as ImportReport
      : undefined;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new SourceError(`The import report ${path} cannot be read`, {
      remedy: "Delete it, or import again with --replace.",
      cause,
    });
  }
}
