import { WarehouseError } from "shopflow/errors/mod.ts";
import { parseDocument } from "yaml";
import { z } from "zod";
import { join, relative } from "node:path";

/**
 * Parses YAML and checks its shape.
 *
 * @throws {WarehouseError} that names the file and the line or the entry that is wrong.
 */
export function parseYaml<T>(text: string, file: string, shape: z.ZodType<T>): T {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new WarehouseError(`${file} is not YAML`, {
      found: problem.message.trim(),
      remedy: "Correct the indentation or the quotes there.",
      cause: problem,
    });
  }
  const result = shape.safeParse(document.toJS() ?? {});
  if (result.success) return result.data;
  const { path = [], message } = result.error.issues[0] ?? {};
  const place = path.map(String).join(" > ") || "top level";
  throw new WarehouseError(`${file} is malformed at ${place}: ${message}`, {
    remedy: "Correct that entry.",
    cause: result.error,
  });
}

/** How a model is built: as a view, or as a table whose rows are computed once. */
export type Materialization = "view" | "table";

/** What `dbt_project.yml` says, as far as it concerns a run. */
interface ProjectSettings {
  name: string;
  modelPaths: string[];
  macroPaths: string[];
  testPaths: string[];
  vars: Record<string, unknown>;
  /** Settings by project, folder and sub-folder; those of a run start with `+`. */
  models: Record<string, unknown>;
}

const SETTINGS = z.object({
  name: z.string(),
  "model-paths": z.array(z.string()).default(["models"]),
  "macro-paths": z.array(z.string()).default(["macros"]),
  "test-paths": z.array(z.string()).default(["tests"]),
  vars: z.record(z.string(), z.unknown()).default({}),
  models: z.record(z.string(), z.unknown()).default({}),
});

const MATERIALIZATIONS: Record<string, Materialization> = {
  view: "view",
  table: "table",
  // A full run of an incremental model is a table.
  incremental: "table",
};

/**
 * Reads the text of `dbt_project.yml`.
 *
 * @throws {WarehouseError} when it is not YAML or lacks the project's name.
 */
export function parseProjectSettings(text: string, file: string): ProjectSettings {
  const settings = parseYaml(text, file, SETTINGS);
  return {
    name: settings.name,
    modelPaths: settings["model-paths"],
    macroPaths: settings["macro-paths"],
    testPaths: settings["test-paths"],
    vars: settings.vars,
    models: settings.models,
  };
}

/** The materialization that `dbt_project.yml` gives the models of a folder; the innermost folder wins. */
export function folderMaterialization(settings: ProjectSettings, folders: string[]): unknown {
  let level: unknown = settings.models;
  let found: unknown;
  for (const name of [settings.name, ...folders]) {
    level = (level as Record<string, unknown> | undefined)?.[name];
    found = (level as Record<string, unknown> | undefined)?.["+materialized"] ?? found;
  }
  return found;
}

/** @throws {WarehouseError} when `value` names no materialization that this runner has. */
export function materialization(value: unknown, file: string): Materialization {
  const known = MATERIALIZATIONS[String(value ?? "view")];
  if (known !== undefined) return known;
  throw new WarehouseError(`${file} has an unknown materialization`, {
    expected: `one of ${Object.keys(MATERIALIZATIONS).join(", ")}`,
    found: JSON.stringify(value),
  });
}

/** A text file of the project. */
export interface ProjectFile {
  /** Path inside the project, with `/`. */
  path: string;
  text: string;
}

/**
 * Reads the files with one of the given endings beneath folders of the project, sorted by path; line ends
 * become `\n`, so that a checkout on Windows gives the same SQL.
 */
export async function readProjectFiles(
  project: string,
  folders: string[],
  endings: string[],
): Promise<ProjectFile[]> {
  const paths: string[] = [];
  for (const folder of folders) await collect(join(project, folder), paths);
  const wanted = paths.filter((path) => endings.some((ending) => path.endsWith(ending)));
  const files = await Promise.all(
    wanted.map(async (path) => ({
      path: relative(project, path).replaceAll("\\", "/"),
      text: (await Deno.readTextFile(path)).replaceAll("\r\n", "\n"),
    })),
  );
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** @throws {WarehouseError} when the folder has no `dbt_project.yml`. */
export async function readSettingsFile(project: string): Promise<string> {
  try {
    return (await Deno.readTextFile(join(project, "dbt_project.yml"))).replaceAll("\r\n", "\n");
  } catch (cause) {
    throw new WarehouseError("The folder of the SQL models cannot be read", {
      expected: `${join(project, "dbt_project.yml")}`,
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

async function collect(folder: string, paths: string[]): Promise<void> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await collect(path, paths);
    else if (entry.isFile) paths.push(path);
  }
}
