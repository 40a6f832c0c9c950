import type { Config } from "shopflow/config/mod.ts";
import { type Runtime, writeAll } from "shopflow/runtime/mod.ts";
import { dirname, join, resolve } from "node:path";
import { csvFields, fileSize } from "../csv.ts";
import { checkLines, type ImportReport, importReportPath, writeImportReport } from "../import_report.ts";
import { loadShop } from "../load_shop.ts";
import { readTransactions, type StatedFormats, surveyTransactions } from "./file.ts";
import { OnlineRetailTranslation, type RejectedLines } from "./translate.ts";

/** What a person asks of an import. */
export interface ImportOptions extends StatedFormats {
  /** A CSV file, which may be packed with gzip. */
  from: string;
  /** Drop what the sources hold instead of refusing. */
  replace: boolean;
  /** Import although more than 1 % of the lines are rejected. */
  allowRejects?: boolean;
}

/**
 * Loads the UCI data set Online Retail into the shop's source databases; events, inventory and tickets stay
 * empty. The file is read twice: first to decide how its dates and numbers are written, then to load it. Writes the
 * report (`readImportReport`) and, where lines could not be kept, a rejects file beside it: `import_rejects.csv`, or
 * `import_rejects_failed.csv` where nothing was imported.
 *
 * @throws {SourceError} when the file cannot be read, its formats are open, more than 1 % of its lines are rejected and
 *   that is not allowed, a source holds rows already, or cannot be written. The shop is as before then.
 */
export async function importOnlineRetail(
  { config, runtime }: {
    config: Pick<Config, "home" | "postgresUrl" | "ticketsUrl">;
    runtime: Pick<Runtime, "now" | "progress">;
  },
  { from, replace, allowRejects = false, ...stated }: ImportOptions,
): Promise<ImportReport> {
  const file = resolve(from);
  const { progress } = runtime;
  // For the progress bar only: a file that is not there is reported when it is read.
  const bytes = await fileSize(file);
  const readAll = async <T>(
    label: string,
    read: (onBytes: (bytes: number) => void) => Promise<T>,
  ): Promise<T> => {
    const bar = progress.start(label, bytes, "bytes");
    try {
      return await read(bar.update);
    } finally {
      bar.finish();
    }
  };
  const survey = await readAll(
    "check the file",
    (onBytes) => surveyTransactions(file, stated, onBytes),
  );

  const folder = dirname(importReportPath(config.home));
  await Deno.mkdir(folder, { recursive: true });
  const rejects = await createRejectsFile(join(folder, "import_rejects_failed.csv"));
  const { translation, rows } = await readAll("load the file", async (onBytes) => {
    const transactions = readTransactions(file, onBytes);
    const translation = new OnlineRetailTranslation(transactions, survey.formats, rejects.add);
    try {
      const rows = await loadShop(config, { tables: translation.tables(), tickets: [] }, {
        replace,
        progress,
        accept: (loaded) =>
          checkLines({
            counts: translation.counts,
            reasons: translation.reasons,
            lines: survey.lines,
            rows: loaded.orders ?? 0,
            rejectsFile: rejects.path(),
            allowRejects,
          }),
      });
      return { translation, rows };
    } finally {
      rejects.close();
    }
  });
  const report: ImportReport = {
    dataset: "online-retail",
    file,
    importedAt: runtime.now().toISOString(),
    lines: translation.counts,
    formats: { dates: survey.formats.dates.order, decimals: survey.formats.decimals },
    rejected: translation.reasons,
    rows,
    rules: translation.report(),
    rejectsFile: await rejects.moveTo(join(folder, "import_rejects.csv")),
  };
  await writeImportReport(config.home, report);
  return report;
}

/** A CSV file of rejected lines, which exists only when there are some. */
async function createRejectsFile(path: string) {
  await removeIfThere(path);
  let file: Deno.FsFile | undefined;
  return {
    path: () => file && path || null,
    async add({ line, reason, text }: RejectedLines): Promise<void> {
      const isNew = file === undefined;
      file ??= await Deno.open(path, { create: true, truncate: true, write: true });
      const row = csvFields([String(line), reason, text]) + "\n";
      await writeAll(file, path, new TextEncoder().encode(isNew ? `line,reason,text\n${row}` : row));
    },
    close: () => file?.close(),
    /** Puts the file where the last import keeps its rejects; without any, those of the one before go. */
    async moveTo(kept: string): Promise<string | null> {
      if (file === undefined) {
        await removeIfThere(kept);
        return null;
      }
      await Deno.rename(path, kept);
      return kept;
    },
  };
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
