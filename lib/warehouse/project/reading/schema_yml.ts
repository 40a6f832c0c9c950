import { WarehouseError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import type { WrittenSettings } from "./config.ts";
import { parseYaml, shaped, type YamlFile } from "./yaml.ts";

/** A column as a schema file documents it. */
export interface ColumnDoc {
  name: string;
  /** DuckDB type, e.g. `DECIMAL(10,2)`. */
  dataType?: string | undefined;
  description: string;
  /** Whether generic data tests are given the name in quotes. */
  isQuoted: boolean;
  dataTests: TestDeclaration[];
}

/** A generic data test as a schema file declares it. */
export interface TestDeclaration {
  kind: string;
  /** What people call it, where the file says it. */
  name?: string | undefined;
  arguments: Record<string, unknown>;
  settings: Record<string, unknown>;
}

/** What a schema file says of a model or seed. */
export interface ModelDeclaration {
  name: string;
  file: string;
  description: string;
  written: WrittenSettings;
  columns: ColumnDoc[];
  dataTests: TestDeclaration[];
}

/** A source table: which raw table a `source()` means. */
export interface SourceDoc {
  source: string;
  schema: string;
  /** How `source()` calls it. */
  name: string;
  /** The raw table. */
  table: string;
  file: string;
  description: string;
  /** Columns by which a later row replaces an earlier one. */
  key: string[];
  /** File that it is read from in place of raw files, as dbt-duckdb's `external_location` says it. */
  external?: string | undefined;
  /** Date column by whose months the facts of the table are kept; undefined for one that is read whole. */
  monthOf?: string | undefined;
  columns: ColumnDoc[];
  dataTests: TestDeclaration[];
}

/** A source table whose facts are kept by month. */
export type MonthlySource = SourceDoc & { monthOf: string };

/** The source tables that are kept by month. */
export const monthlySources = (sources: SourceDoc[]): MonthlySource[] =>
  sources.filter((source): source is MonthlySource => source.monthOf !== undefined);

/** Rows of a unit test: as YAML, CSV or SQL, written there or in a file of tests/fixtures. */
export interface UnitTestRows {
  rows?: string | Record<string, unknown>[] | undefined;
  format: "dict" | "csv" | "sql";
  fixture?: string | undefined;
}

/** A unit test: rows that a model is given, and those that it must make of them. */
export interface UnitTestDoc {
  name: string;
  file: string;
  model: string;
  given: (UnitTestRows & { input: string })[];
  expect: UnitTestRows;
  overrides: {
    macros: Record<string, unknown>;
    vars: Record<string, unknown>;
    env_vars: Record<string, unknown>;
  };
}

/** Names of types that dbt takes on every engine, as DuckDB calls them (dbt's `alias_types`). */
const TYPE_ALIASES: Record<string, string> = { STRING: "VARCHAR" };

/** Entries that say something to people, and change no table. */
const FOR_PEOPLE = {
  meta: z.unknown().optional(),
  tags: z.unknown().optional(),
  docs: z.unknown().optional(),
};
const config = z.record(z.string(), z.unknown()).nullish().transform((value) => value ?? {});
const description = z.string().nullish().transform((value) => value ?? "");
const list = <T extends z.ZodType>(of: T) => z.array(of).nullish().transform((value) => value ?? []);

const testEntry = z.union([z.string(), z.record(z.string(), z.unknown())], {
  error: "expected the name of a data test, or one name with its arguments",
}).transform(declaration);
/** dbt's name of them is `data_tests`, and was `tests` before version 1.8. */
const testLists = { data_tests: list(testEntry), tests: list(testEntry) };
const allTests = ({ data_tests, tests }: { data_tests: TestDeclaration[]; tests: TestDeclaration[] }) => [
  ...data_tests,
  ...tests,
];

const column = z.strictObject({
  ...FOR_PEOPLE,
  ...testLists,
  name: z.string(),
  data_type: z.string().transform((type) => TYPE_ALIASES[type.toUpperCase()] ?? type).optional(),
  description,
  quote: z.boolean().default(false),
  config,
}).transform((entry): ColumnDoc => ({
  name: entry.name,
  dataType: entry.data_type,
  description: entry.description,
  isQuoted: entry.quote,
  dataTests: allTests(entry),
}));

const model = z.strictObject({
  ...FOR_PEOPLE,
  ...testLists,
  name: z.string(),
  description,
  config,
  columns: list(column),
  access: z.unknown().optional(),
  group: z.unknown().optional(),
  deprecation_date: z.unknown().optional(),
  time_spine: z.unknown().optional(),
});

const freshness = {
  freshness: z.unknown().optional(),
  loaded_at_field: z.unknown().optional(),
  loader: z.unknown().optional(),
};
const sourceConfig = z.looseObject({
  enabled: z.literal(true, { error: "a source that is disabled: take it out" }).optional(),
  meta: z.looseObject({
    key: z.array(z.string()).default([]),
    month_of: z.string().optional(),
    external_location: z.string().optional(),
  })
    .optional(),
}).nullish();
const source = z.strictObject({
  ...FOR_PEOPLE,
  ...freshness,
  name: z.string(),
  schema: z.string().optional(),
  description,
  config: sourceConfig,
  tables: list(z.strictObject({
    ...FOR_PEOPLE,
    ...freshness,
    ...testLists,
    name: z.string(),
    identifier: z.string().optional(),
    description,
    config: sourceConfig,
    columns: list(column),
  })),
});

const unitTestRows = {
  rows: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]).nullish().transform((rows) =>
    rows ?? undefined
  ),
  format: z.enum(["dict", "csv", "sql"]).default("dict"),
  fixture: z.string().optional(),
};
const constants = z.record(z.string(), z.unknown()).default({});
const unitTest = z.strictObject({
  ...FOR_PEOPLE,
  name: z.string(),
  model: z.string(),
  description,
  config: z.looseObject({ enabled: z.boolean().default(true) }).optional(),
  given: list(z.strictObject({ ...unitTestRows, input: z.string() })),
  expect: z.strictObject(unitTestRows),
  overrides: z.strictObject({ macros: constants, vars: constants, env_vars: constants })
    .default({ macros: {}, vars: {}, env_vars: {} }),
});

const schemaFile = z.strictObject({
  version: z.literal(2).optional(),
  models: list(model),
  seeds: list(model),
  sources: list(source),
  unit_tests: list(unitTest),
  // Documentation of what a run does not build.
  analyses: z.unknown().optional(),
  exposures: z.unknown().optional(),
  groups: z.unknown().optional(),
  macros: z.unknown().optional(),
  metrics: z.unknown().optional(),
  saved_queries: z.unknown().optional(),
  semantic_models: z.unknown().optional(),
});

/** Entries that are refused, and what to do instead. */
const REFUSED: Record<string, string> = {
  snapshots: "dbt snapshots are not built: the lake keeps the versions of every raw row, see models/history",
  functions: "functions of the database are not created: write a macro",
  versions: "a model has one version: give the other one a name of its own",
  latest_version: "a model has one version: give the other one a name of its own",
  constraints: "use data tests, e.g. not_null and unique",
  quoting: "names are always quoted",
  database: "the raw tables are those of the lake",
  external: "the raw tables are those of the lake",
  policy_tags: "who may read the lake is said where the lake is stored",
};

/** What one schema file declares. */
export interface SchemaFile {
  models: ModelDeclaration[];
  seeds: ModelDeclaration[];
  sources: SourceDoc[];
  unitTests: UnitTestDoc[];
}

/**
 * Reads a schema file: documentation, settings and tests of models and seeds, and the source tables.
 *
 * @throws {WarehouseError} when it is not YAML or has an entry that does not work here; its line is named.
 */
export function parseSchemaFile(text: string, file: string): SchemaFile {
  const yaml = parseYaml(text, file);
  const { lineOf } = yaml;
  refuseEntries(yaml.value, [], yaml);
  const parsed = shaped(yaml, schemaFile);
  const declared =
    (kind: "models" | "seeds") => (entry: z.infer<typeof model>, i: number): ModelDeclaration => ({
      name: entry.name,
      file,
      description: entry.description,
      written: {
        settings: {
          ...(entry.tags !== undefined && { tags: entry.tags }),
          ...(entry.meta !== undefined && { meta: entry.meta }),
          ...entry.config,
        },
        placeOf: (key) => `${file} line ${lineOf([kind, i, "config", key])}`,
      },
      columns: entry.columns,
      dataTests: allTests(entry),
    });
  return {
    models: parsed.models.map(declared("models")),
    seeds: parsed.seeds.map(declared("seeds")),
    sources: parsed.sources.flatMap(({ name, schema = name, tables, config: all }) =>
      tables.map(({ config, identifier, ...table }): SourceDoc => ({
        source: name,
        schema,
        name: table.name,
        table: identifier ?? table.name,
        file,
        description: table.description,
        key: config?.meta?.key ?? [],
        monthOf: config?.meta?.month_of,
        ...externalOf(
          config?.meta?.external_location ?? all?.meta?.external_location,
          identifier ?? table.name,
        ),
        columns: table.columns,
        dataTests: allTests(table),
      }))
    ),
    unitTests: parsed.unit_tests.filter(({ config }) => config?.enabled !== false)
      .map((entry) => ({ ...entry, file })),
  };
}

/** Where an external table is: dbt-duckdb puts the table's name for `{name}`. */
const externalOf = (location: string | undefined, table: string) =>
  location === undefined
    ? {}
    : { external: location.replaceAll("{name}", table).replaceAll("{identifier}", table) };

/** What is refused by name is found before the shape is checked, which would only call it unknown. */
function refuseEntries(value: unknown, path: PropertyKey[], yaml: YamlFile): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value) && Object.hasOwn(REFUSED, key) && inner !== null) {
      throw new WarehouseError(
        `${yaml.file} line ${yaml.lineOf(here)}: ${key} is not supported here: ${REFUSED[key]}`,
      );
    }
    if (!FREE.has(key)) refuseEntries(inner, here, yaml);
  }
}

/** Entries whose keys are the user's own. */
const FREE = new Set([
  "config",
  "meta",
  "rows",
  "overrides",
  "tests",
  "data_tests",
  "exposures",
  "metrics",
  "semantic_models",
]);

/** What stands at a data test besides its arguments, as settings did before dbt 1.8. */
const SETTINGS = [
  "severity",
  "where",
  "limit",
  "warn_if",
  "error_if",
  "fail_calc",
  "enabled",
  "tags",
  "meta",
  "store_failures",
];

/** dbt takes a test's arguments beside its settings (before 1.10) or beneath `arguments`. */
function declaration(entry: string | Record<string, unknown>, context: z.RefinementCtx): TestDeclaration {
  if (typeof entry === "string") return { kind: entry, arguments: {}, settings: {} };
  const { test_name, ...flat } = entry;
  const [[kind, written] = ["", {}], ...more] = test_name === undefined
    ? Object.entries(entry)
    : [[String(test_name), flat]];
  if (more.length > 0 || typeof written !== "object") {
    context.addIssue("expected one data test an entry; is `arguments` indented deeper than the test's name?");
    return z.NEVER;
  }
  const { arguments: nested = {}, config = {}, name, description: _, ...beside } = (written ?? {}) as Record<
    string,
    unknown
  >;
  const isSetting = ([key]: [string, unknown]) => SETTINGS.includes(key);
  const besideEntries = Object.entries(beside);
  return {
    kind: String(kind),
    ...(name !== undefined && { name: String(name) }),
    arguments: {
      ...Object.fromEntries(besideEntries.filter((pair) => !isSetting(pair))),
      ...(nested as object),
    },
    settings: { ...Object.fromEntries(besideEntries.filter(isSetting)), ...(config as object) },
  };
}
