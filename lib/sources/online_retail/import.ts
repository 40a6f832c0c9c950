import type { Config } from "shopflow/config/mod.ts";
import { type Runtime, writeAll } from "shopflow/runtime/mod.ts";
import { dirname, join, resolve } from "node:path";
import { csvFields, fileSize } from "../csv.ts";
import { checkLines, type ImportReport, importReportPath, writeImportReport } from "../import_report.ts";
import { loadShop } from "../load_shop.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { openTextFiles } from "../files/archives.ts";
import { readTransactions, type StatedFormats, type Survey, surveyTransactions } from "./file.ts";
import { OnlineRetailTranslation, type RejectedLines } from "./translate.ts";

/** What a person asks of an import. */
export interface ImportOptions extends StatedFormats {
  /** CSV files, which may be packed with gzip or zip, or Excel workbooks. */
  from: string[];
  /** Drop what the sources hold instead of refusing. */
  replace: boolean;
  /** Import although more than 1 % of the lines are rejected. */
  allowRejects?: boolean;
}

/**
 * Loads the UCI data sets Online Retail and Online Retail II into the shop's source databases; events, inventory and
 * tickets stay empty. The files are read twice: first to decide how their text, dates and numbers are written, each for
 * itself, then to load them. Writes the report (`readImportReport`) and, where lines could not be kept, a rejects file
 * beside it: `import_rejects.csv`, or `import_rejects_failed.csv` where nothing was imported.
 *
 * @throws {SourceError} when a file cannot be read, its formats are open, more than 1 % of the lines are rejected and
 *   that is not allowed, a source holds rows already, or cannot be written. The shop is as before then.
 */
export async function importOnlineRetail(
  { config, runtime }: {
    config: Pick<Config, "home" | "postgresUrl" | "ticketsUrl">;
    runtime: Pick<Runtime, "now" | "log" | "progress">;
  },
  { from, replace, allowRejects = false, ...stated }: ImportOptions,
): Promise<ImportReport> {
  const { progress } = runtime;
  await using opened = await openGivenFiles(from.map((path) => resolve(path)));
  for (const name of opened.leftOut) runtime.log.info(`  not read, since it is no table: ${name}`);
  const isOneOfSeveral = opened.files.length > 1;
  const surveys: Survey[] = [];
  for (const file of opened.files) {
    surveys.push(
      await readAll(
        `check ${isOneOfSeveral ? file.name : "the file"}`,
        file.path,
        progress,
        (onBytes) => surveyTransactions({ ...file, isOneOfSeveral }, stated, onBytes),
      ),
    );
  }
  const currency = oneCurrency(surveys);

  const folder = dirname(importReportPath(config.home));
  await Deno.mkdir(folder, { recursive: true });
  const rejects = await createRejectsFile(join(folder, "import_rejects_failed.csv"));
  const translation = new OnlineRetailTranslation(
    surveys.map(({ file, encoding, formats }) => ({
      name: file.name,
      formats,
      lines: readTransactions(file, { encoding, columns: stated.columns }),
    })),
    rejects.add,
  );
  let rows: Record<string, number>;
  try {
    rows = await loadShop(config, { tables: translation.tables(), tickets: [] }, {
      replace,
      progress,
      accept: (loaded) =>
        checkLines({
          counts: translation.counts,
          reasons: translation.reasons,
          lines: surveys.reduce((sum, { lines }) => sum + lines, 0),
          rows: loaded.orders ?? 0,
          rejectsFile: rejects.path(),
          isOfSeveralFiles: isOneOfSeveral,
          allowRejects,
        }),
    });
  } finally {
    rejects.close();
  }
  const report: ImportReport = {
    dataset: "online-retail",
    file: surveys.map(({ file }) => file.name).join(", "),
    importedAt: runtime.now().toISOString(),
    lines: translation.counts,
    formats: {
      encoding: distinct(surveys.map(({ encoding }) => encoding)),
      dates: distinct(surveys.map(({ formats }) => formats.dates.order)),
      decimals: distinct(surveys.map(({ formats }) => formats.decimals)),
      ...(currency !== undefined && { currency }),
    },
    rejected: translation.reasons,
    rows,
    rules: translation.report(),
    rejectsFile: await rejects.moveTo(join(folder, "import_rejects.csv")),
  };
  await writeImportReport(config.home, report);
  return report;
}

/**
 * The currency of all files, undefined where none names one.
 *
 * @throws {SourceError} when they name several: a shop has one.
 */
function oneCurrency(surveys: Survey[]): string | undefined {
  const named = surveys.filter(({ formats }) => formats.currency !== undefined);
  const first = named[0]?.formats.currency;
  if (named.every(({ formats }) => formats.currency === first)) return first;
  throw new SourceError("The files are in several currencies", {
    expected: "prices in one currency",
    found: named.map(({ file, formats }) => `${formats.currency} in ${file.name}`).join(", "),
    remedy: "Convert them to one currency: amounts of several cannot be added up.",
  });
}

async function openGivenFiles(paths: string[]): ReturnType<typeof openTextFiles> {
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (twice !== undefined) {
    throw new SourceError(`The file ${twice} is given twice`, {
      remedy: "Give each file once after --from.",
    });
  }
  try {
    return await openTextFiles(paths);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const gone = paths.find((path) => cause.message.includes(path)) ?? paths.join(", ");
    throw new SourceError(`There is no file ${gone}`, { remedy: "Check the path after --from.", cause });
  }
}

async function readAll<T>(
  label: string,
  path: string,
  progress: Runtime["progress"],
  read: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const bar = progress.start(label, await fileSize(path), "bytes");
  try {
    return await read(bar.update);
  } finally {
    bar.finish();
  }
}

const distinct = (values: string[]) => [...new Set(values)].join(", ");

/** A CSV file of rejected lines, which exists only when there are some. */
async function createRejectsFile(path: string) {
  await removeIfThere(path);
  let file: Deno.FsFile | undefined;
  return {
    path: () => file && path || null,
    async add({ file: name, line, reason, text }: RejectedLines): Promise<void> {
      const isNew = file === undefined;
      file ??= await Deno.open(path, { create: true, truncate: true, write: true });
      const row = csvFields([String(line), reason, text, name]) + "\n";
      await writeAll(file, path, new TextEncoder().encode(isNew ? `line,reason,text,file\n${row}` : row));
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
