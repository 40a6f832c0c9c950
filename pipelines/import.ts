import { loadConfig } from "shopflow/config/mod.ts";
import { runCommand } from "shopflow/errors/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { DATE_ORDERS, DECIMAL_MARKS, type ImportReport, linesText } from "shopflow/sources/mod.ts";
import { Command, Option } from "commander";
import { givenFile } from "./given_file.ts";
import { importOnlineRetail, type ImportOptions } from "./import/online_retail.ts";

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
  const program = new Command("deno task import")
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
