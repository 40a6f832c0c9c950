/** Compiles the models and seeds of a project, each with what all files say of it. */
import { WarehouseError } from "shopflow/errors/mod.ts";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { renderSql, valueOf } from "./jinja/macros.ts";
import { namesFor, type ProjectNames } from "./jinja/names.ts";
import { Callable, type PyValue } from "../jinja/python/values.ts";
import {
  combineSettings,
  type Kind,
  type ModelSettings,
  type SeedSettings,
  type WrittenSettings,
} from "./reading/config.ts";
import type { ProjectFile } from "./reading/files.ts";
import type { ColumnDoc, ModelDeclaration, TestDeclaration } from "./reading/schema_yml.ts";
import { seedSql } from "./reading/seeds.ts";
import { folderSettings, type ProjectSettings } from "./reading/settings.ts";

/** How a model is built: as a view, or as a table whose rows are computed once. */
export type Materialization = "view" | "table";

/** What schema files say of a model, put together with its settings. */
export interface ModelDoc {
  name: string;
  file: string;
  description: string;
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

/** A SQL model, compiled: one SELECT that becomes a view or table. A seed is one whose rows stand in its SELECT. */
export interface SqlModel {
  /** Name of its table: the file's, or its alias. */
  name: string;
  /** Name by which `ref()` means it: the file's. */
  ref: string;
  /** Path inside the project. */
  file: string;
  resource: "model" | "seed";
  /** First folder beneath the models: staging, curated, … */
  layer: string;
  materialized: Materialization;
  sql: string;
  /** Names of the models it reads. */
  refs: string[];
  /** Source tables it reads, as `source.table`. */
  sources: string[];
  tags: string[];
  /** Whether it becomes a table of the snapshot. */
  isPublished: boolean;
  /** Whether nothing is published without it. */
  isRequired: boolean;
  doc: ModelDoc;
}

/** What a project's files say, for one model or seed at a time. */
export interface CompileContext {
  names: ProjectNames;
  settings: ProjectSettings;
  declarations: Map<string, ModelDeclaration>;
  /** Texts of docs blocks, by name. */
  docs: Map<string, string>;
}

/** What `meta` means to this runner; other keys are the user's own. */
const META = z.looseObject({
  grain: z.array(z.string()).optional(),
  partition_by: z.string().optional(),
  source_table: z.string().optional(),
  one_file: z.boolean().default(false),
  published: z.boolean().default(true),
  required: z.boolean().default(false),
});

/**
 * What dbt_project.yml and a schema file say of a file, in the order of precedence.
 *
 * @throws {WarehouseError} when a setting does not work here.
 */
export function outerSettings(
  kind: Kind,
  { path }: ProjectFile,
  { settings, declarations }: CompileContext,
): WrittenSettings[] {
  const folders = dirname(path).split("/").slice(1);
  const name = nameOf(path);
  const declared = declarations.get(name)?.written;
  return [...folderSettings(settings, kind, [...folders, name]), ...(declared ? [declared] : [])];
}

/** Name of the model or seed that a file is. */
export const nameOf = (path: string): string => basename(path).replace(/\.(sql|csv)$/, "");

/**
 * @returns nothing when the model is not enabled.
 * @throws {WarehouseError} that names the file, and the line where Jinja or a setting is wrong.
 */
export function compileModel(file: ProjectFile, context: CompileContext): SqlModel | undefined {
  const { path } = file;
  const name = nameOf(path);
  const outer = outerSettings("model", file, context);
  const before = combineSettings("model", outer);
  const alias = before.alias ?? name;
  const { names, used } = namesFor(context.names, { file: path, model: { name, alias }, config: before });
  const isEnabled = () => (used.config.enabled ?? before.enabled) !== false;
  let sql: string;
  try {
    sql = renderSql(file, names).replace(/;\s*$/, "");
  } catch (error) {
    // A model that is not enabled may read what is not there.
    if (error instanceof WarehouseError && !isEnabled()) return undefined;
    throw error;
  }
  if (!isEnabled()) return undefined;
  const settings = combineSettings("model", [...outer, { settings: used.config, placeOf: () => path }]);
  const { materialized = "view" } = settings;
  return {
    ...described(file, settings, context),
    resource: "model",
    // An ephemeral model is text within others in dbt; a view gives them the same rows. A full run of an incremental
    // model is a table.
    materialized: materialized === "table" || materialized === "incremental" ? "table" : "view",
    sql,
    refs: [...used.refs],
    sources: [...used.sources],
    isPublished: materialized !== "ephemeral" && metaOf(settings, path).published,
  };
}

/** @throws {WarehouseError} when the seed is no CSV, or a setting does not work here. */
export function compileSeed(file: ProjectFile, context: CompileContext): SqlModel | undefined {
  const settings: SeedSettings = combineSettings("seed", outerSettings("seed", file, context));
  if (settings.enabled === false) return undefined;
  return {
    ...described(file, settings, context),
    resource: "seed",
    materialized: "table",
    sql: seedSql(file, settings),
    refs: [],
    sources: [],
    isPublished: metaOf(settings, file.path).published,
  };
}

function metaOf({ meta = {} }: Pick<ModelSettings, "meta">, file: string): z.infer<typeof META> {
  const result = META.safeParse(meta);
  if (result.success) return result.data;
  const { path = [], message = "" } = result.error.issues[0] ?? {};
  throw new WarehouseError(`${file} has a wrong value in meta`, { found: `${path.join(" > ")}: ${message}` });
}

function described({ path }: ProjectFile, settings: ModelSettings, { declarations, docs }: CompileContext) {
  const ref = nameOf(path);
  const name = settings.alias ?? ref;
  const declared = declarations.get(ref);
  const { grain = [], partition_by, source_table, one_file, required } = metaOf(settings, path);
  if (partition_by !== undefined && grain.length === 0) {
    throw new WarehouseError(`The SQL model ${path} is kept by month and has no grain`, {
      expected: "the columns that identify a row, as `config: { meta: { grain: […] } }` in its schema file",
      found: "none",
    });
  }
  const readable = (text: string) => withDocs(text, declared?.file ?? path, docs);
  const doc: ModelDoc = {
    name,
    file: declared?.file ?? path,
    description: readable(declared?.description ?? ""),
    contract: settings.contract ?? false,
    grain,
    ...(partition_by && { partition: { by: partition_by, sourceTable: source_table, oneFile: one_file } }),
    columns: (declared?.columns ?? []).map((column) => ({
      ...column,
      description: readable(column.description),
    })),
    dataTests: declared?.dataTests ?? [],
  };
  const layer = path.split("/").slice(1, -1)[0] ?? "";
  return { name, ref, file: path, layer, tags: settings.tags ?? [], isRequired: required, doc };
}

/** A description with the texts of `{{ doc('…') }}` in it. */
function withDocs(text: string, file: string, docs: Map<string, string>): string {
  if (!text.includes("{{")) return text;
  const doc = new Callable("doc", ({ positional }): PyValue => {
    const name = String(positional.at(-1));
    const found = docs.get(name);
    if (found !== undefined) return found;
    throw new WarehouseError(`${file} has a doc() that no docs block defines`, {
      expected: `one of ${[...docs.keys()].join(", ")}`,
      found: name,
    });
  });
  return String(valueOf(text, file, { find: (name) => name === "doc" ? doc : undefined }));
}
