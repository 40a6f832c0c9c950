import { z } from "zod";
import { parseYaml } from "./files.ts";

/** A column as a schema file documents it. */
export interface ColumnDoc {
  name: string;
  /** DuckDB type, e.g. `DECIMAL(10,2)`. */
  dataType?: string | undefined;
  description: string;
  dataTests: TestDeclaration[];
}

/** A generic data test as a schema file declares it. */
export interface TestDeclaration {
  kind: string;
  arguments: Record<string, unknown>;
  severity: Severity;
}

/** `error` stops the publish, `warn` is reported. */
export type Severity = "warn" | "error";

/** What a schema file says of a model. */
export interface ModelDoc {
  name: string;
  file: string;
  description: string;
  materialized?: string | undefined;
  /** Whether the model's columns must be exactly those documented. */
  contract: boolean;
  /** Columns that identify a row, in the order its file is sorted by. */
  grain: string[];
  /** How the table is kept in parts that are rebuilt on their own. */
  partition?: PartitionDoc;
  columns: ColumnDoc[];
  dataTests: TestDeclaration[];
}

/** A table whose rows belong to months of a source table, and are rebuilt when those change. */
export interface PartitionDoc {
  /** Date or `YYYY-MM` column that tells the month. */
  by: string;
  /** Source table of all rows; undefined when the column `source_table` says it row by row. */
  sourceTable?: string | undefined;
  /** Kept as one file in spite of it, because it is small. */
  oneFile: boolean;
}

/** A source table: which raw table a `source()` means. */
export interface SourceDoc {
  source: string;
  schema: string;
  table: string;
  description: string;
  /** Columns by which a later row replaces an earlier one. */
  key: string[];
  /** Date column by whose months the facts of the table are kept; undefined for one that is read whole. */
  monthOf?: string | undefined;
  columns: ColumnDoc[];
}

/** A source table whose facts are kept by month. */
export type MonthlySource = SourceDoc & { monthOf: string };

/** The source tables that are kept by month. */
export const monthlySources = (sources: SourceDoc[]): MonthlySource[] =>
  sources.filter((source): source is MonthlySource => source.monthOf !== undefined);

/** Names of types that dbt takes on every engine, as DuckDB calls them (dbt's `alias_types`). */
const TYPE_ALIASES: Record<string, string> = { STRING: "VARCHAR" };

const severity = z.enum(["warn", "error"]);
const testConfig = z.strictObject({ severity: severity.optional() });
const testBody = z.looseObject({
  arguments: z.record(z.string(), z.unknown()).optional(),
  config: testConfig.optional(),
  severity: severity.optional(),
});
const testEntry = z.union([z.string(), z.record(z.string(), testBody)], {
  error: "expected the name of a data test, or one name with its arguments",
}).refine((entry) => typeof entry === "string" || Object.keys(entry).length === 1, {
  error: "expected one data test an entry; is `arguments` indented deeper than the test's name?",
}).transform(declaration);

const tests = z.array(testEntry).default([]);
const column = z.strictObject({
  name: z.string(),
  data_type: z.string().transform((type) => TYPE_ALIASES[type.toUpperCase()] ?? type).optional(),
  description: z.string().default(""),
  data_tests: tests,
}).transform(({ data_type, data_tests, ...rest }) => ({
  ...rest,
  dataType: data_type,
  dataTests: data_tests,
}));
const model = z.strictObject({
  name: z.string(),
  description: z.string().default(""),
  config: z.strictObject({
    materialized: z.string().optional(),
    contract: z.strictObject({ enforced: z.boolean() }).optional(),
    meta: z.looseObject({
      grain: z.array(z.string()).optional(),
      partition_by: z.string().optional(),
      source_table: z.string().optional(),
      one_file: z.boolean().default(false),
    }).optional(),
    tags: z.union([z.string(), z.array(z.string())]).optional(),
  }).default({}),
  columns: z.array(column).default([]),
  data_tests: tests,
});
const source = z.strictObject({
  name: z.string(),
  schema: z.string().optional(),
  description: z.string().default(""),
  tables: z.array(z.strictObject({
    name: z.string(),
    description: z.string().default(""),
    config: z.strictObject({
      meta: z.looseObject({ key: z.array(z.string()).default([]), month_of: z.string().optional() }),
    }).optional(),
    columns: z.array(column).default([]),
  })),
});
const schemaFile = z.strictObject({
  version: z.literal(2).optional(),
  models: z.array(model).default([]),
  sources: z.array(source).default([]),
});

/**
 * Reads a schema file: documentation and data tests of models, and the source tables.
 *
 * @throws {WarehouseError} when it is not YAML or has an entry that dbt does not know there.
 */
export function parseSchemaFile(text: string, file: string): { models: ModelDoc[]; sources: SourceDoc[] } {
  const parsed = parseYaml(text, file, schemaFile);
  return {
    models: parsed.models.map(({ config, data_tests, ...rest }) => ({
      ...rest,
      file,
      materialized: config.materialized,
      contract: config.contract?.enforced ?? false,
      grain: config.meta?.grain ?? [],
      ...(config.meta?.partition_by && {
        partition: {
          by: config.meta.partition_by,
          sourceTable: config.meta.source_table,
          oneFile: config.meta.one_file,
        },
      }),
      dataTests: data_tests,
    })),
    sources: parsed.sources.flatMap(({ name, schema = name, tables }) =>
      tables.map(({ config, ...table }) => ({
        ...table,
        source: name,
        schema,
        table: table.name,
        key: config?.meta.key ?? [],
        monthOf: config?.meta.month_of,
      }))
    ),
  };
}

/** dbt takes a test's arguments beside its settings (before 1.10) or beneath `arguments`. */
function declaration(entry: string | Record<string, z.infer<typeof testBody>>): TestDeclaration {
  if (typeof entry === "string") return { kind: entry, arguments: {}, severity: "error" };
  const [[kind, body] = ["", {}]] = Object.entries(entry);
  const { arguments: nested = {}, config, severity = "error", ...beside } = body;
  return { kind, arguments: { ...beside, ...nested }, severity: config?.severity ?? severity };
}
