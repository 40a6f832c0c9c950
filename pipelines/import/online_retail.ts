import { writeAll } from "shopflow/runtime/mod.ts";
import {
  type ImportReport,
  importReportPath,
  loadSourceTables,
  loadTickets,
  OnlineRetailTranslation,
  readTransactions,
  type RejectedLine,
  writeImportReport,
} from "shopflow/sources/mod.ts";
import { dirname, join, resolve } from "node:path";
import type { PipelineContext } from "../context.ts";

export interface ImportOptions {
  /** A `.csv` or `.csv.gz` file. */
  from: string;
  /** Drop what the sources hold instead of refusing. */
  replace: boolean;
}

/**
 * Loads the UCI data set Online Retail into the shop's source databases; events, inventory and tickets stay
 * empty. Writes the report (`readImportReport`) and, where lines could not be kept, a rejects file beside it.
 *
 * @throws {SourceError} when the file cannot be read, a source holds rows already, or cannot be written.
 */
export async function importOnlineRetail(
  { config, runtime }: Pick<PipelineContext, "config" | "runtime">,
  { from, replace }: ImportOptions,
): Promise<ImportReport> {
  const file = resolve(from);
  const { progress } = runtime;
  const folder = dirname(importReportPath(config.home));
  await Deno.mkdir(folder, { recursive: true });
  const rejects = await createRejectsFile(join(folder, "import_rejects.csv"));
  const bar = progress.start("read the file", await fileSize(file), "bytes");
  const translation = new OnlineRetailTranslation(readTransactions(file, bar.update), rejects.add);
  let rows: Record<string, number>;
  try {
    rows = await loadSourceTables(config.postgresUrl, translation.tables(), { replace, progress });
    rows.support_tickets = await loadTickets(config.ticketsUrl, [], { replace, progress });
  } finally {
    bar.finish();
    rejects.close();
  }
  const report: ImportReport = {
    dataset: "online-retail",
    file,
    importedAt: runtime.now().toISOString(),
    rows,
    rules: translation.report(),
    rejectsFile: rejects.path(),
  };
  await writeImportReport(config.home, report);
  return report;
}

/** A CSV file of rejected lines, which exists only when there are some. */
async function createRejectsFile(path: string) {
  await removeIfThere(path);
  let file: Deno.FsFile | undefined;
  const write = (text: string) => writeAll(file!, path, new TextEncoder().encode(text));
  return {
    path: () => file && path || null,
    async add({ line, reason, text }: RejectedLine): Promise<void> {
      if (file === undefined) {
        file = await Deno.open(path, { create: true, truncate: true, write: true });
        await write("line,reason,text\n");
      }
      await write(
        [String(line), reason, text].map((value) => `"${value.replaceAll('"', '""')}"`).join() + "\n",
      );
    },
    close: () => file?.close(),
  };
}

/** For the progress bar only: a file that is not there is reported when it is read. */
async function fileSize(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
