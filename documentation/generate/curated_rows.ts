/** What notebooks know of the tables: the types of their rows, and the meanings of their columns. */
import { MODELS } from "shopflow/models/mod.ts";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { publishedModels } from "../../lib/warehouse/project/project.ts";
import { WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";

/** A table as notebooks see it. */
interface NotebookTable {
  name: string;
  description: string;
  columns: { name: string; type: string; meaning: string; isNullable: boolean }[];
}

/** The curated tables and the score tables, which notebooks see as `scores_<name>`. */
async function notebookTables(): Promise<NotebookTable[]> {
  const models = publishedModels(await loadSqlProject(WAREHOUSE_PROJECT)).toSorted((a, b) =>
    a.name < b.name ? -1 : 1
  );
  const curated = models.map(({ name, doc }): NotebookTable => ({
    name,
    description: doc.description,
    columns: doc.columns.map(({ name, dataType = "VARCHAR", description, dataTests }) => ({
      name,
      type: dataType,
      meaning: description,
      isNullable: !dataTests.some(({ kind, settings }) =>
        kind === "not_null" && settings.severity !== "warn"
      ),
    })),
  }));
  const scores = MODELS.map(({ scoreTable: { name, meaning = "", columns } }): NotebookTable => ({
    name: `scores_${name}`,
    description: meaning,
    columns: columns.map(([name, type, meaning = ""]) => ({ name, type, meaning, isNullable: true })),
  }));
  return [...curated, ...scores];
}

/** How a value of a DuckDB type comes to a notebook: numbers of every size as numbers, days and times as text. */
function typeScriptType(type: string): string {
  const [, inner] = type.match(/^(.*)\[\]$/) ?? [];
  if (inner !== undefined) return `(${typeScriptType(inner)})[]`;
  if (/^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|U\w*INT\w*|FLOAT|REAL|DOUBLE|DECIMAL)\b/i.test(type)) {
    return "number";
  }
  if (/^BOOLEAN$/i.test(type)) return "boolean";
  return /^STRUCT/i.test(type) ? "Record<string, unknown>" : "string";
}

const comment = (text: string) =>
  `/** ${text.replaceAll(/\s+/g, " ").replaceAll("*/", "*\u200b/").trim()} */`;

/** `lib/notebook/author/curated_rows.ts`: the types of rows, with what columns mean where an editor shows it. */
export async function curatedRowsModule(): Promise<string> {
  const tables = await notebookTables();
  return `// deno-fmt-ignore-file
/** Rows of the lake's tables. Generated from the data dictionary by \`deno task docs:reference\`; change that. */
export interface CuratedRows {
${
    tables.map(({ name, description, columns }) =>
      `  ${comment(description)}
  ${name}: {
${
        columns.map((column) =>
          `    ${comment(`${column.type}. ${column.meaning}`)} ${column.name}: ${
            typeScriptType(column.type)
          }${column.isNullable ? " | null" : ""};`
        ).join("\n")
      }
  };`
    ).join("\n")
  }
}
`;
}

/** `lib/notebook/author/data_dictionary.json`: what \`describe()\` says. */
export async function notebookDictionary(): Promise<string> {
  const entries = (await notebookTables()).map(({ name, description, columns }) => [name, {
    description,
    columns: Object.fromEntries(columns.map(({ name, type, meaning }) => [name, { type, meaning }])),
  }]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
