import { WarehouseError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { compileDataTests, type DataTest, definesGenericTests } from "./data_tests.ts";
import {
  folderMaterialization,
  type Materialization,
  materialization,
  parseProjectSettings,
  type ProjectFile,
  readProjectFiles,
  readSettingsFile,
} from "./files.ts";
import { type ModelDoc, parseSchemaFile, type PartitionDoc, type SourceDoc } from "./schema_yml.ts";
import { readMacros, renderSql } from "./macros.ts";
import { namesFor, type ProjectNames } from "./names.ts";

/** A SQL model, compiled: one SELECT that becomes a view or table. */
export interface SqlModel {
  name: string;
  /** Path inside the project. */
  file: string;
  /** First folder beneath the models: staging, curated, … */
  layer: string;
  materialized: Materialization;
  sql: string;
  /** Names of the models it reads. */
  refs: string[];
  /** Source tables it reads, as `source.table`. */
  sources: string[];
  doc: ModelDoc;
}

/** A dbt project, compiled for DuckDB. */
export interface SqlProject {
  name: string;
  /** Hash of the project's files and variables: equal versions compile to equal SQL. */
  version: string;
  sources: SourceDoc[];
  /** Each model after those it reads. */
  models: SqlModel[];
  tests: DataTest[];
  /** What files say to people while they are compiled. */
  warnings: string[];
}

/** A model whose table is kept by month. */
export type MonthlyModel = SqlModel & { doc: { partition: PartitionDoc } };

/** The models that are kept by month. */
export const monthlyModels = (models: SqlModel[]): MonthlyModel[] =>
  models.filter((model): model is MonthlyModel => model.doc.partition !== undefined);

/** Models of this layer are published; the others are steps on the way. */
const PUBLISHED_LAYER = "curated";

/** The models whose tables make up a snapshot. */
export function publishedModels(project: SqlProject): SqlModel[] {
  return project.models.filter((model) => model.layer === PUBLISHED_LAYER);
}

/**
 * Orders models so that each comes after those it reads; among equals by name.
 *
 * @throws {WarehouseError} when models read each other in a circle.
 */
function inDependencyOrder<T extends { name: string; refs: string[] }>(models: T[]): T[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const ordered: T[] = [];
  const done = new Set<string>();
  const visit = (model: T, path: string[]) => {
    if (done.has(model.name)) return;
    if (path.includes(model.name)) {
      throw new WarehouseError("SQL models read each other in a circle", {
        found: [...path.slice(path.indexOf(model.name)), model.name].join(" -> "),
        remedy: "Move what both need into a model of its own.",
      });
    }
    for (const name of model.refs.toSorted()) {
      const read = byName.get(name);
      if (read !== undefined) visit(read, [...path, model.name]);
    }
    done.add(model.name);
    ordered.push(model);
  };
  for (const model of models.toSorted((a, b) => a.name < b.name ? -1 : 1)) visit(model, []);
  return ordered;
}

/**
 * Loads a dbt project: compiles the Jinja of models and data tests and orders the models.
 *
 * @throws {WarehouseError} when a file is malformed, a `ref()` or `source()` is unknown, or models read each
 *   other in a circle.
 */
export async function loadSqlProject(
  folder: string,
  vars: Record<string, unknown> = {},
): Promise<SqlProject> {
  const settingsFile = { path: "dbt_project.yml", text: await readSettingsFile(folder) };
  const settings = parseProjectSettings(settingsFile.text, settingsFile.path);
  const modelFiles = await readProjectFiles(folder, settings.modelPaths, [".sql"]);
  const schemaFiles = await readProjectFiles(folder, settings.modelPaths, [".yml", ".yaml"]);
  const macros = await readProjectFiles(folder, settings.macroPaths, [".sql"]);
  const testFiles = await readProjectFiles(folder, settings.testPaths, [".sql"]);

  const schemas = schemaFiles.map(({ path, text }) => parseSchemaFile(text, path));
  const sources = schemas.flatMap((schema) => schema.sources);
  const names = uniqueNames(modelFiles);
  const docs = documentation(schemas.flatMap((schema) => schema.models), names);
  const warnings: string[] = [];
  const projectNames: ProjectNames = {
    project: settings.name,
    models: names,
    sources,
    vars: { ...settings.vars, ...vars },
    library: await readMacros([...macros, ...testFiles.filter(definesGenericTests)]),
    warn: (text) => void warnings.push(text),
  };

  const models = modelFiles.map((file): SqlModel => {
    const { path } = file;
    const name = basename(path, ".sql");
    const folders = path.split("/").slice(1, -1);
    const doc = docs.get(name) ?? undocumented(name, path);
    const { names: own, used } = namesFor(projectNames, { file: path, model: name });
    const sql = withoutFinalSemicolon(renderSql(file, own));
    const chosen = used.config.materialized ?? doc.materialized ?? folderMaterialization(settings, folders);
    return {
      name,
      file: path,
      layer: folders[0] ?? "",
      materialized: materialization(chosen, path),
      sql,
      refs: [...used.refs],
      sources: [...used.sources],
      doc,
    };
  });
  const tests = compileDataTests({ models, testFiles, project: projectNames });
  const files = [settingsFile, ...modelFiles, ...schemaFiles, ...macros, ...testFiles];
  const version = createHash("sha256").update(JSON.stringify([vars, files])).digest("hex").slice(0, 12);
  return { name: settings.name, version, sources, models: inDependencyOrder(models), tests, warnings };
}

function uniqueNames(files: ProjectFile[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { path } of files) {
    const name = basename(path, ".sql");
    if (names.has(name)) {
      throw new WarehouseError(`Two SQL models are called ${name}`, {
        found: `${names.get(name)} and ${path}`,
        remedy: "Rename one of the files.",
      });
    }
    names.set(name, path);
  }
  return names;
}

function documentation(docs: ModelDoc[], names: Map<string, string>): Map<string, ModelDoc> {
  const found = new Map<string, ModelDoc>();
  for (const doc of docs) {
    if (!names.has(doc.name)) {
      throw new WarehouseError(`${doc.file} documents a model that does not exist`, {
        expected: `one of ${[...names.keys()].join(", ")}`,
        found: doc.name,
      });
    }
    const other = found.get(doc.name);
    if (other !== undefined) {
      throw new WarehouseError(`The model ${doc.name} is documented twice`, {
        found: `${other.file} and ${doc.file}`,
      });
    }
    found.set(doc.name, doc);
  }
  return found;
}

const undocumented = (name: string, file: string): ModelDoc => ({
  name,
  file,
  description: "",
  contract: false,
  grain: [],
  columns: [],
  dataTests: [],
});

const withoutFinalSemicolon = (sql: string) => sql.replace(/;\s*$/, "");
