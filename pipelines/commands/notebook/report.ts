import { type Command, InvalidArgumentError, Option } from "commander";
import { givenFile } from "shopflow/cli/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import {
  checkReport,
  type DeclaredReport,
  parseAssignments,
  parseNotebook,
  readNotebook,
  readNotebookText,
  readParameters,
  readReport,
  replaceFiles,
  unreadLines,
} from "shopflow/notebook/mod.ts";
import { reportTexts } from "shopflow/notebook/report/mod.ts";
import { parameterOption } from "./run.ts";

const FIELDS = [
  "title",
  "summary",
  "tags",
  "owner",
  "audience",
  "parameters",
  "as_of",
  "hide_cells",
] as const;

interface SetFlags extends Pick<DeclaredReport, "title" | "summary" | "owner" | "audience"> {
  tag: string[];
  parameter: string[];
  asOf: string[];
  hideCell: string[];
  clear: (typeof FIELDS[number])[];
}

/** `notebook report`: what a notebook declares of its report. */
export function addReportCommand(program: Command): void {
  const report = program.command("report")
    .description("what a notebook declares of its report, in `shopflow.report` of its metadata");
  report.command("show")
    .description("print and check what a notebook declares of its report")
    .argument("<file>", "the .ipynb file", givenFile)
    .action(show);
  report.command("set")
    .description(
      "declare that a notebook is a report, or change what it declares; the rest of the file stays",
    )
    .argument("<file>", "the .ipynb file", givenFile)
    .option("--title <text>", "title of the page (default: the notebook's first heading)")
    .option("--summary <text>", "a paragraph below it (default: the one below the first heading)")
    .addOption(several("--tag <word>", "a tag; may be repeated, and replaces the tags before"))
    .option("--owner <name>", "the team or person who answers for it")
    .option("--audience <text>", "who it is for")
    .addOption(parameterOption("value of a parameter in every run; may be repeated"))
    .addOption(
      several("--as-of <rule>", "as-of rule of the parameter as_of, or PARAMETER=RULE; may be repeated"),
    )
    .addOption(several("--hide-cell <id>", "id or tag of a cell that the page leaves out; may be repeated"))
    .addOption(
      new Option("--clear <field>", `remove a field: ${FIELDS.join(", ")}`).argParser(field).default([]),
    )
    .action(set);
  report.command("remove")
    .description(
      "declare that a notebook is no report; what was published stays, marked as no longer published",
    )
    .argument("<file>", "the .ipynb file", givenFile)
    .action((file: string) => change(file, () => undefined));
}

const several = (flags: string, description: string) =>
  new Option(flags, description).argParser((value: string, before: string[]) => [...before, value]).default(
    [],
  );

function field(value: string, before: string[]): string[] {
  if (FIELDS.some((name) => name === value)) return [...before, value];
  throw new InvalidArgumentError(`Expected one of ${FIELDS.join(", ")}.`);
}

async function show(file: string): Promise<void> {
  const notebook = await readNotebook(file);
  const report = readReport(notebook, readParameters(notebook), file);
  if (report === undefined) {
    return console.log(`${file} is no report; \`deno task notebook report set ${file}\` makes it one`);
  }
  const texts = reportTexts(notebook, report);
  const values = Object.entries(report.parameters).map(([name, value]) =>
    `${name} = ${JSON.stringify(value)}`
  );
  const rules = Object.entries(report.rules).map(([name, { rule, meaning }]) =>
    `${name} = ${rule}: ${meaning}`
  );
  const lines: [string, string][] = [
    ["title", texts.title ?? "none: the name of the file"],
    ["summary", texts.summary ?? "none"],
    ["tags", report.tags.join(", ") || "none"],
    ["owner", report.owner ?? "none"],
    ["audience", report.audience ?? "none"],
    ["parameters", values.join("; ") || "those of the parameters cell"],
    ["as of", rules.join("; ") || "no rule"],
    ["hidden cells", report.hiddenCells.join(", ") || "none"],
  ];
  for (const [name, text] of lines) console.log(`${`${name}:`.padEnd(14)}${text}`);
}

async function set(file: string, flags: SetFlags): Promise<void> {
  const notebook = await readNotebook(file);
  const { title, summary, owner, audience } = flags;
  const changes: DeclaredReport = {
    ...Object.fromEntries(
      Object.entries({ title, summary, owner, audience }).filter(([, text]) => text !== undefined),
    ),
    ...(flags.tag.length > 0 && { tags: flags.tag }),
    ...(flags.hideCell.length > 0 && { hide_cells: flags.hideCell }),
  };
  const parameters = parseAssignments(readParameters(notebook), flags.parameter, unreadLines(notebook));
  const rules = Object.fromEntries(flags.asOf.map(ruleOf));
  await change(file, (before) => {
    const after: DeclaredReport = { ...before, ...changes };
    if (Object.keys(parameters).length > 0) after.parameters = { ...before.parameters, ...parameters };
    if (flags.asOf.length > 0) {
      const kept = typeof before.as_of === "string" ? { as_of: before.as_of } : before.as_of;
      after.as_of = { ...kept, ...rules };
    }
    for (const name of flags.clear) delete after[name];
    return after;
  });
  await show(file);
}

/** `latest` is the rule of `as_of`; another parameter is named before it. */
function ruleOf(text: string): [parameter: string, rule: string] {
  const [first = "", ...rest] = text.split("=");
  return rest.length === 0 ? ["as_of", text.trim()] : [first.trim(), rest.join("=").trim()];
}

/**
 * Changes the declaration alone: outputs, other metadata and the order of the file stay.
 *
 * @param next gives the declaration from the one before, `{}` where there is none; undefined for no report
 */
async function change(
  file: string,
  next: (before: DeclaredReport) => DeclaredReport | undefined,
): Promise<void> {
  const before = await readNotebookText(file);
  const notebook = parseNotebook(before, file);
  const json = JSON.parse(before) as { metadata: { shopflow?: { report?: DeclaredReport } } };
  const shopflow = { ...json.metadata.shopflow };
  const report = next(shopflow.report ?? {});
  if (report === undefined) {
    if (shopflow.report === undefined) throw new InputError(`${file} is no report already`, { found: file });
    delete shopflow.report;
  } else {
    checkReport(report, notebook, readParameters(notebook), file);
    shopflow.report = report;
  }
  if (Object.keys(shopflow).length > 0) json.metadata.shopflow = shopflow;
  else delete json.metadata.shopflow;
  const after = `${JSON.stringify(json, null, 1)}\n`;
  await replaceFiles([{ path: file, before, after }]);
}
