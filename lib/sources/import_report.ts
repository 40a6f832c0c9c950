import { SourceError } from "shopflow/errors/mod.ts";
import { join } from "node:path";

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

/** What an import of real data did, for the data-quality report. */
export interface ImportReport {
  dataset: string;
  file: string;
  importedAt: string;
  /** Rows loaded, by source table. */
  rows: Record<string, number>;
  rules: ImportRule[];
  /** Lines that could not be imported, with their reasons; null when there are none. */
  rejectsFile: string | null;
}

/** Where the report of the last import into this home's shop is. */
export const importReportPath = (home: string) => join(home, "shop", "import_report.json");

/** Writes the report in place of the one before; it is never seen half. */
export async function writeImportReport(home: string, report: ImportReport): Promise<void> {
  const path = importReportPath(home);
  await Deno.writeTextFile(`${path}.tmp`, JSON.stringify(report, null, 2) + "\n");
  await Deno.rename(`${path}.tmp`, path);
}

/**
 * The report of the import that the shop's orders come from, or undefined when they come from elsewhere
 * (another number of rows, e.g. after `deno task simulate --replace`).
 *
 * @throws {SourceError} when the report is there but not readable.
 */
export async function readImportReport(home: string, orderRows: number): Promise<ImportReport | undefined> {
  const path = importReportPath(home);
  try {
    const report = JSON.parse(await Deno.readTextFile(path)) as ImportReport;
    return report.rows.orders === orderRows ? report : undefined;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new SourceError(`The import report ${path} cannot be read`, {
      remedy: "Delete it, or import again with --replace.",
      cause,
    });
  }
}
