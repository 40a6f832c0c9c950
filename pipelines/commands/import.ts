import { createRuntime, writeAll } from "shopflow/runtime/mod.ts";
import {
  checkLines,
  DATE_ORDERS,
  DECIMAL_MARKS,
  type ImportReport,
  importReportPath,
  linesText,
  loadShop,
  OnlineRetailTranslation,
  readTransactions,
  type RejectedLines,
  type StatedFormats,
  surveyTransactions,
  writeImportReport,
} from "shopflow/sources/mod.ts";
import { dirname, join, resolve } from "node:path";
import type { PipelineContext } from "../context.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { givenFile, runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { Command, Option } from "commander";

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
  { config, runtime }: Pick<PipelineContext, "config" | "runtime">,
  { from, replace, allowRejects = false, dates, decimals }: ImportOptions,
): Promise<ImportReport> {
  const file = resolve(from);
  const { progress } = runtime;
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
    (onBytes) => surveyTransactions(file, { dates, decimals }, onBytes),
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
  const write = (text: string) => writeAll(file!, path, new TextEncoder().encode(text));
  return {
    path: () => file && path || null,
    async add({ line, reason, text }: RejectedLines): Promise<void> {
      if (file === undefined) {
        file = await Deno.open(path, { create: true, truncate: true, write: true });
        await write("line,reason,text\n");
      }
      await write(
        [String(line), reason, text].map((value) => `"${value.replaceAll('"', '""')}"`).join() + "\n",
      );
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

/** The report as a table for people: what was decided for how many rows and how much money. */
export function formatImportReport(
  { lines: lineCounts, formats, rejected, rows, rules, rejectsFile }: ImportReport,
): string {
  const loaded = Object.entries(rows).map(([table, count]) => `${table} ${number(count)}`);
  const cells = [
    ["table", "rule", "action", "rows", "amount", "meaning"],
    ...rules.map((rule) => [
      rule.sourceTable,
      rule.rule,
      rule.action,
      number(rule.rows),
      rule.amount === null ? "" : Number(rule.amount).toLocaleString("en-US", { minimumFractionDigits: 2 }),
      rule.description,
    ]),
  ];
  const numeric = (column: number) => column === 3 || column === 4;
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, column) => numeric(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))
      .join("  ").trimEnd()
  );
  return [
    `Lines:  ${linesText(lineCounts)}`,
    `Format: ${Object.entries(formats).map(([name, format]) => `${name} ${format}`).join(", ")}`,
    `Loaded: ${loaded.join(", ")}`,
    "",
    ...lines,
    "",
    ...rejected.map(({ reason, lines, firstLine }) =>
      `Rejected: ${
        lines === 1
          ? `line ${number(firstLine)}`
          : `${number(lines)} lines, the first is line ${number(firstLine)}`
      }: ${reason}`
    ),
    ...(rejectsFile ? [`Rejected lines, with reasons: ${rejectsFile}`] : []),
    "Next: deno task pipeline run all",
  ].join("\n");
}

const number = (count: number) => count.toLocaleString("en-US");

function createProgram(): Command {
  const program = withLogLevel(new Command("deno task import"))
    .description("Loads real transactions into the shop's source databases.");
  program.command("online-retail")
    .description("the UCI data set Online Retail: a UK gift shop, 2010-12 to 2011-12")
    .requiredOption("--from <file>", "its transactions as CSV, which may be packed with gzip", givenFile)
    .option("--replace", "drop what the source databases hold", false)
    .addOption(
      new Option("--dates <order>", "how its dates are written, where the lines leave it open").choices(
        DATE_ORDERS,
      ),
    )
    .addOption(
      new Option(
        "--decimals <mark>",
        "what stands before the fraction of its numbers, where the lines leave it open",
      )
        .choices(DECIMAL_MARKS),
    )
    .option("--allow-rejects", "import although more than 1 % of the lines are rejected", false)
    .action(async (options: ImportOptions) => {
      const report = await importOnlineRetail({ config: loadConfig(), runtime: createRuntime() }, options);
      console.log(formatImportReport(report));
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
