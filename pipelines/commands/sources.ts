/** The shop's databases: `deno task sources check`. */
import { Command, Option } from "commander";
import { runCommand, textTable, withLogLevel } from "shopflow/cli/mod.ts";
import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { quarantinedText } from "shopflow/lake/mod.ts";
import { countOf, createRuntime, type Runtime } from "shopflow/runtime/mod.ts";
import { checkSources, type SourcesReport, type TableReport } from "shopflow/sources/compare/mod.ts";

interface CheckFlags {
  json?: boolean;
  suggest: "mapping" | "views";
}

const SIGNS: Record<TableReport["status"], string> = {
  fits: "fits",
  converted: "fits, some columns are converted",
  absent: "not there, reports do without",
  wrong: "CANNOT BE READ",
};

/** The report for people: table by table what fits, what is converted, what is missing, and what to do about it. */
export function sourcesText(
  { postgres, tickets, errors, warnings, relations, tables, isReadable }: SourcesReport,
  suggest: CheckFlags["suggest"],
): string {
  const suggested = tables.flatMap(({ suggestion }) =>
    suggestion?.[suggest === "views" ? "view" : "mapping"] ?? []
  );
  const isNeeded = tables.some(({ status, suggestion }) => status === "wrong" && suggestion !== undefined);
  return [
    `PostgreSQL: ${postgres}`,
    `Support tickets: ${tickets}`,
    ...errors.map((message) => `\n${message}`),
    ...warnings.map((message) => `\nwarning: ${message}`),
    ...tables.map((table) => `\n${tableText(table)}`),
    ...(isNeeded
      ? ["", `Tables in the shop's database: ${relations.join(", ") || "none that the user may read"}`]
      : []),
    ...(suggested.length === 0 ? [] : ["", ...howTo(suggest, isNeeded), ...suggested]),
    "",
    isReadable
      ? "Every table that the shop has can be extracted. Next: deno task pipeline run all"
      : "Not every table can be extracted.",
  ].join("\n");
}

function howTo(suggest: CheckFlags["suggest"], isNeeded: boolean): string[] {
  const guess = isNeeded ? "The names are guessed: read and correct them." : "Only if these are meant:";
  return suggest === "views"
    ? [
      "Views to create in the shop's database, read with SHOPFLOW_POSTGRES_SCHEMA=shopflow.",
      guess,
      "CREATE SCHEMA IF NOT EXISTS shopflow;",
    ]
    : [
      "Lines for a mapping file, which SHOPFLOW_SOURCE_MAPPING names (--suggest views prints SQL instead).",
      guess,
      "tables:",
    ];
}

function tableText(
  { table, status, place, rows, columns, unread, problems, quarantined, notes }: TableReport,
): string {
  const from = place === undefined ? "" : ` from ${place}`;
  const count = rows === undefined ? "" : `, ${countOf(rows, "row")}`;
  const shown = columns.filter((column) => status === "wrong" || column.status !== "same");
  const same = columns.length - shown.length;
  return [
    `${table}: ${SIGNS[status]}${from}${count}`,
    ...notes.map((note) => `  ${note}`),
    ...(problems.length === 0 || columns.length > 0 ? [] : problems.map(({ found }) => `  ${found}`)),
    ...(same > 0 ? [`  ${countOf(same, "column")} as expected`] : []),
    ...(shown.length === 0 ? [] : [indented(textTable(
      [{ title: "column" }, { title: "" }, { title: "in the shop" }, { title: "" }],
      shown.map(({ column, status, source, type, note }) => [
        column,
        status,
        [source, type].filter((part) => part !== undefined).join(" ") || "–",
        note ?? "",
      ]),
    ))]),
    ...(unread.length === 0 ? [] : [`  not read: ${unread.join(", ")}`]),
    ...(quarantined.rows === 0 ? [] : [
      `  ${countOf(quarantined.rows, "row")} with a wrong value, left out up to SHOPFLOW_QUARANTINE_LIMIT:`,
      ...quarantined.examples.map((row) => `    ${quarantinedText(row)}`),
    ]),
  ].join("\n");
}

const indented = (text: string) => text.split("\n").map((line) => `  ${line}`).join("\n");

/** The commands; what they say goes to `print`. */
export function createSourcesProgram(
  effects: () => { config: Config; runtime: Pick<Runtime, "log"> },
  print: (text: string) => void = console.log,
): Command {
  const program = withLogLevel(new Command("deno task sources"))
    .description("Looks at the shop's databases. Nothing is written there.");
  program.command("check")
    .description(
      "connect, and say table by table what fits, what is converted and what is missing, with the lines of a\n" +
        "mapping to copy; fails if a table cannot be extracted",
    )
    .option("--json", "print JSON")
    .addOption(
      new Option("--suggest <form>", "what to print for tables that do not fit")
        .choices(["mapping", "views"]).default("mapping"),
    )
    .action(async ({ json = false, suggest }: CheckFlags) => {
      const { config, runtime } = effects();
      const report = await checkSources(config, runtime);
      print(json ? JSON.stringify(report, null, 2) : sourcesText(report, suggest));
      if (report.isReadable) return;
      const wrong = report.tables.filter(({ status }) => status === "wrong").map(({ table }) => table);
      throw new SourceError("The shop's sources cannot be extracted as they are", {
        found: [
          ...report.errors.length > 0 ? [countOf(report.errors.length, "source") + " out of reach"] : [],
          ...wrong,
        ]
          .join(", ") || "too many rows with a wrong value",
        remedy: "The report above says why, and what to do.",
      });
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createSourcesProgram(() => ({ config: loadConfig(), runtime: createRuntime() }));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
