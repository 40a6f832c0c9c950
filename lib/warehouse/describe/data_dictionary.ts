import type { ColumnDoc, TestDeclaration } from "../project/reading/schema_yml.ts";
import { sourceRelationOf } from "../relation.ts";
import { openSession, sqlName } from "../session.ts";
import { publishedModels, type SqlModel, type SqlProject } from "../project/project.ts";
import { runModels } from "../build/models.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";

interface QualityRule {
  source_table: string;
  rule: string;
  action: string;
  description: string;
}

/**
 * The data dictionary of a project as Markdown: the published tables with their columns and what is tested
 * of them, the rules of `data_quality`, and the source tables.
 *
 * @throws {WarehouseError} when a model does not run on empty source tables.
 */
export async function dataDictionary(project: SqlProject): Promise<string> {
  const models = publishedModels(project).toSorted((a, b) => a.name < b.name ? -1 : 1);
  const rules = await qualityRules(project);
  return [
    "# Data dictionary",
    "",
    "What the published tables of the lake hold. Made from the schema files of `pipelines/warehouse/models` by",
    "`deno task docs:reference`; edit those, not this page.",
    "",
    "## Published tables",
    "",
    ...models.flatMap(modelSection),
    "## Rules of data_quality",
    "",
    "Every rule has a row in `data_quality`, also when it found nothing. A `dropped` row is not in the star",
    "schema; its money is in the rule's amount, so that raw and published money always agree.",
    "",
    ...table(
      ["source table", "rule", "action", "meaning"],
      rules.map((rule) => [rule.source_table, `\`${rule.rule}\``, rule.action, rule.description]),
    ),
    "",
    "## Source tables",
    "",
    ...project.sources.flatMap(({ source, table: name, description, columns }) => [
      `### ${source}.${name}`,
      "",
      description,
      "",
      ...table(["column", "type"], columns.map((column) => [`\`${column.name}\``, column.dataType ?? ""])),
      "",
    ]),
  ].join("\n").trimEnd() + "\n";
}

function modelSection({ name, doc }: SqlModel): string[] {
  return [
    `### ${name}`,
    "",
    `${doc.description} Key: ${doc.grain.map((column) => `\`${column}\``).join(", ")}.`,
    "",
    ...table(
      ["column", "type", "meaning", "tested"],
      doc.columns.map((column) => [
        `\`${column.name}\``,
        column.dataType ?? "",
        column.description,
        tested(column),
      ]),
    ),
    "",
  ];
}

function tested({ dataTests }: ColumnDoc): string {
  return dataTests.map((test) => inWords(test) + (test.settings.severity === "warn" ? " (warns)" : "")).join(
    "; ",
  );
}

function inWords({ kind, arguments: args }: TestDeclaration): string {
  if (kind === "accepted_values") return `one of ${(args.values as unknown[]).join(", ")}`;
  if (kind === "relationships") return `is in ${String(args.to).match(/'(.*)'/)?.[1] ?? args.to}`;
  if (kind === "true_for_every_row") return `\`${args.expression}\``;
  return kind.replaceAll("_", " ");
}

function table(header: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

/** The rules as the models give them, read from a run on empty source tables. */
async function qualityRules(project: SqlProject): Promise<QualityRule[]> {
  using session = await openSession({ threads: 1 });
  for (const schema of new Set(project.sources.map((source) => source.schema))) {
    await session.run(`CREATE SCHEMA ${sqlName(schema)}`);
  }
  for (const source of project.sources) {
    const columns = source.columns.map(({ name, dataType = "VARCHAR" }) => `${sqlName(name)} ${dataType}`);
    await session.run(`CREATE TABLE ${sourceRelationOf(source)} (${columns.join(", ")})`);
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {} };
  await runModels(session, project.models, { now: () => new Date(0), log, progress: silentProgress });
  return await session.rows<QualityRule>(
    "SELECT source_table, rule, action, description FROM data_quality ORDER BY source_table, rule",
  );
}
