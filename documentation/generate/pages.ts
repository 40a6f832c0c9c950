/** The pages of documentation/reference that are made from the code. */
import pLimit from "p-limit";
import { SETTINGS } from "../../lib/config/settings.ts";
import { metricSet } from "../../lib/jobs/metrics.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { dataDictionary } from "shopflow/warehouse/describe/mod.ts";
import { WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";
import { documentedEndpoints } from "../../server/api/documented_endpoints.ts";
import { createApp } from "../../server/app.ts";
import { createConnectionReport } from "../../server/connections/connection_report.ts";
import { curatedRowsModule, notebookDictionary } from "./curated_rows.ts";
import { featuresPage } from "./features_page.ts";
import { jobsPage } from "./jobs_page.ts";
import { code, NOTE, table } from "./markdown.ts";
import { describeProgram, type ProgramDoc, readTasks, type Task } from "./programs.ts";

/** Every generated page by its file in documentation/reference, and what notebooks know of the same tables. */
export const PAGES: Record<string, () => string | Promise<string>> = {
  "settings.md": settingsPage,
  "commands.md": commandsPage,
  "jobs.md": jobsPage,
  "metrics.md": metricsPage,
  "http_api.md": httpApiPage,
  "score_tables.md": scoreTablesPage,
  "features.md": featuresPage,
  "data_dictionary.md": async () => dataDictionary(await loadSqlProject(WAREHOUSE_PROJECT)),
  "../../lib/notebook/author/curated_rows.ts": curatedRowsModule,
  "../../lib/notebook/author/data_dictionary.json": notebookDictionary,
};

function settingsPage(): string {
  return `# Settings

${NOTE}

Settings are environment variables. An unknown variable that begins with \`SHOPFLOW_\` is refused, with the names that
exist. A lake in S3 also needs the AWS variables: see [run on S3](../how_to/run_on_s3.md).

${
    table(
      ["setting", "meaning", "default"],
      SETTINGS.map(({ name, meaning, fallback = "" }) => [code(name), meaning, fallback]),
    )
  }
`;
}

async function commandsPage(): Promise<string> {
  const tasks = await readTasks();
  const limit = pLimit(2);
  const sections = await Promise.all(tasks.map((task) => limit(() => taskSection(task, tasks))));
  return `# Commands

${NOTE}

Each command takes \`--help\`.

${sections.join("\n\n")}
`;
}

async function taskSection({ name, description, program, given }: Task, tasks: Task[]): Promise<string> {
  const head = `## deno task ${name}\n\n`;
  const first = tasks.find((task) => task.program === program);
  const isOwn = program !== undefined && !program.startsWith("tests/") && first?.name === name;
  const plain = `${head}${sentence(description)}`;
  if (!isOwn || given.length > 0) return plain;
  const doc = await describeProgram(program);
  return typeof doc === "string" ? plain : head + programText(doc);
}

function programText({ description, commands, ...own }: ProgramDoc): string {
  const parts = [sentence(description), flagsTable(own)];
  for (const command of commands) {
    const usage = command.arguments.map(({ name, isRequired, isVariadic }) => {
      const word = isVariadic ? `${name}...` : name;
      return isRequired ? ` <${word}>` : ` [${word}]`;
    });
    parts.push(`### ${command.name}${usage.join("")}`, sentence(command.description), flagsTable(command));
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

function flagsTable({ arguments: values, options }: Pick<ProgramDoc, "arguments" | "options">): string {
  const rows = [
    ...values.filter(({ description }) => description !== "")
      .map(({ name, description, fallback }) => [code(name), description, code(fallback)]),
    ...options.map(({ flags, description, isRequired, fallback }) => [
      code(flags),
      isRequired ? `${description} (required)` : description,
      code(fallback),
    ]),
  ];
  return rows.length === 0 ? "" : table(["argument or option", "meaning", "default"], rows);
}

/** Text as a sentence of Markdown; angle brackets would be HTML. */
function sentence(text: string): string {
  const plain = text.replace(/\s+/g, " ").trim().replaceAll("<", "\\<");
  if (plain === "") return "";
  return plain[0]!.toUpperCase() + plain.slice(1) + (/[.!?:]$/.test(plain) ? "" : ".");
}

function scoreTablesPage(): string {
  const sections = MODELS.map(({ name, scoreTable: { name: tableName, meaning = "", columns } }) =>
    [
      `## ${tableName}`,
      `${meaning} Model: \`${name}\`.`,
      table(
        ["column", "type", "meaning"],
        columns.map(([column, type, text = ""]) => [code(column), type, text]),
      ),
    ].join("\n\n")
  );
  return `# Score tables

${NOTE}

Published by \`deno task pipeline run score\` as Parquet under \`scores/<name>/\`; \`current.json\` there names the file, its
snapshot, model version and as-of date. Where the baseline scored, the version begins with \`baseline-\` and
\`baselineReason\` [says why](../explanation/model_promotion.md#when-the-baseline-is-used). In notebooks a table is the view
\`scores_<name>\`, in \`deno task lake query\` it is \`scores.<name>\`.

${sections.join("\n\n")}
`;
}

async function metricsPage(): Promise<string> {
  const metrics = metricSet().registry.getMetricsAsArray() as unknown as {
    name: string;
    help: string;
    type: string;
    labelNames?: string[];
  }[];
  const server = await withApp(async (app) => await (await app.request("/metrics")).text());
  const known = new Set(metrics.map(({ name }) => name));
  const others = [...server.matchAll(/^# HELP (\S+) (.*)$/gm)].filter(([, name]) => !known.has(name!))
    .map(([, name = "", help = ""]) => ({
      name,
      help,
      type: server.match(new RegExp(`^# TYPE ${name} (\\w+)$`, "m"))?.[1] ?? "",
      labelNames: [
        ...new Set(server.match(new RegExp(`^${name}\\{([^}]*)\\}`, "m"))?.[1]?.match(/\w+(?==)/g) ?? []),
      ],
    }));
  return `# Metrics

${NOTE}

\`GET /metrics\` of the server, in the text format of Prometheus. See [monitor and alert](../how_to/monitor.md).

${
    table(
      ["metric", "type", "labels", "meaning"],
      [...metrics, ...others].map(({ name, type, labelNames = [], help }) => [
        code(name),
        type,
        labelNames.map(code).join(", "),
        help,
      ]),
    )
  }
`;
}

async function httpApiPage(): Promise<string> {
  const document = await withApp(async (app) => await (await app.request("/openapi.json")).json());
  const endpoints = documentedEndpoints(document).map((endpoint) => {
    const { method, path, summary, description, examples, fields, answers } = endpoint;
    return [
      `## ${method} ${path.replace(/[{}]/g, (brace) => `\\${brace}`)}`,
      sentence(summary),
      sentence(description),
      ["```sh", ...examples.map((example) => curlOf(method, example)), "```"].join("\n"),
      fields.length === 0 ? "" : table(
        ["field of the answer", "type", "meaning"],
        fields.map(({ name, type, description: meaning }) => [code(name), type, meaning]),
      ),
      table(["status", "meaning"], answers.map(({ status, description: meaning }) => [status, meaning])),
    ].filter((part) => part !== "").join("\n\n");
  });
  return `# HTTP API

${NOTE}

Every endpoint but \`/health\` and \`/openapi.json\` needs the API key where the server has one: add
\`-H "x-api-key: KEY"\`. A running server shows the same at \`/docs\`, with requests to copy whose customers have a score in your
shop, and as OpenAPI at \`/openapi.json\`. Ids in a path are percent-encoded (\`a/b #1\` as \`a%2Fb%20%231\`).

${endpoints.join("\n\n")}
`;
}

/** A request that can be sent as it is, with ids of examples. */
function curlOf(method: string, { path, body }: { path: string; body?: string }): string {
  const data = body === undefined ? "" : ` -H 'content-type: application/json' -d '${body}'`;
  return `curl${method === "POST" ? " -X POST" : ""} 'localhost:8000${path}'${data}`;
}

/** The server's app over an empty lake. */
async function withApp<T>(use: (app: ReturnType<typeof createApp>) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow-" });
  try {
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const connections = createConnectionReport(runtime.log);
    const store = createDirectoryStore(folder);
    return await use(createApp({ store, runtime, connections, loopbackOnly: true, names: ["localhost"] }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
