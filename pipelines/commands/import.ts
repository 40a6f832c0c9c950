import { DATE_ORDERS, DECIMAL_MARKS, type ImportReport, linesText } from "shopflow/sources/mod.ts";
import {
  type ColumnNames,
  COLUMNS,
  importOnlineRetail,
  type ImportOptions,
} from "shopflow/sources/online_retail/mod.ts";
import { createRuntime, formatCount } from "shopflow/runtime/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { givenFiles, runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { removeSimulatedBusiness } from "../simulated_business.ts";
import { Command, InvalidArgumentError, Option } from "commander";

const HEADER = ["table", "rule", "action", "rows", "amount", "meaning"];

/** The report as a table for people: what was decided for how many rows and how much money. */
export function formatImportReport(
  { file, lines: lineCounts, formats, rejected, rows, rules, rejectsFile }: ImportReport,
): string {
  const loaded = Object.entries(rows).map(([table, count]) => `${table} ${formatCount(count)}`);
  const cells = [
    HEADER,
    ...rules.map((rule) => [
      rule.sourceTable,
      rule.rule,
      rule.action,
      formatCount(rule.rows),
      rule.amount === null ? "" : Number(rule.amount).toLocaleString("en-US", { minimumFractionDigits: 2 }),
      rule.description,
    ]),
  ];
  const numeric = (column: number) => column === 3 || column === 4;
  const widthOf = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  const widths = HEADER.map((_, column) => widthOf(column));
  const lines = cells.map((row) =>
    row.map((cell, column) =>
      numeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
    ).join("  ").trimEnd()
  );
  return [
    `Lines:  ${linesText(lineCounts)}`,
    `Format: ${Object.entries(formats).map(([name, format]) => `${name} ${format}`).join(", ")}`,
    `Loaded: ${loaded.join(", ")}`,
    "",
    ...lines,
    "",
    ...rejected.map(({ reason, lines, firstLine, file: ofFile }) =>
      `Rejected: ${lines === 1 ? "" : `${formatCount(lines)} lines, the first is `}line ${
        formatCount(firstLine)
      }${ofFile === file ? "" : ` of ${ofFile}`}: ${reason}`
    ),
    ...(rejectsFile ? [`Rejected lines, with reasons: ${rejectsFile}`] : []),
    "Next: deno task pipeline run all",
  ].join("\n");
}

function knownEncoding(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(
      "Give a label of the Encoding standard, e.g. windows-1250, gbk or shift_jis.",
    );
  }
}

function namedColumn(text: string, before: ColumnNames = {}): ColumnNames {
  const [, name, header] = text.match(/^([^=]+)=(.+)$/) ?? [];
  const column = COLUMNS.find((known) => known === name);
  if (column === undefined || header === undefined) {
    throw new InvalidArgumentError(`Give NAME=HEADER, where NAME is one of ${COLUMNS.join(", ")}.`);
  }
  return { ...before, [column]: header };
}

function createProgram(): Command {
  const program = withLogLevel(new Command("deno task import"))
    .description("Loads real transactions into the shop's source databases.");
  program.command("online-retail")
    .description("the UCI data sets Online Retail and Online Retail II: a UK gift shop, 2009-12 to 2011-12")
    .requiredOption(
      "--from <files...>",
      "its transactions as CSV, optionally compressed with gzip or zip, or as an Excel workbook; several files together",
      givenFiles,
    )
    .option("--replace", "delete what the source databases hold first", false)
    .addOption(
      new Option("--dates <order>", "the order of day and month in its dates, if it is ambiguous").choices(
        DATE_ORDERS,
      ),
    )
    .addOption(
      new Option(
        "--decimals <mark>",
        "the decimal mark of its numbers, if it is ambiguous",
      )
        .choices(DECIMAL_MARKS),
    )
    .option(
      "--encoding <label>",
      "the encoding of its text, if it is none of UTF-8, UTF-16 and Windows-1252 (latin-1), e.g. windows-1250",
      knownEncoding,
    )
    .option(
      "--column <name=header>",
      "a column under another name, e.g. InvoiceNo=order_id; may be repeated",
      namedColumn,
    )
    .option("--allow-rejects", "import even if more than 1 % of the lines are rejected", false)
    .action(async ({ column, ...options }: ImportOptions & { column?: ColumnNames }) => {
      const config = loadConfig();
      const report = await importOnlineRetail({ config, runtime: createRuntime() }, {
        ...options,
        ...(column && { columns: column }),
      });
      await removeSimulatedBusiness(config, { isReplaced: true });
      console.log(formatImportReport(report));
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
