import { WarehouseError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { parseYaml } from "./yaml_file.ts";

/** How a model is built: as a view, or as a table whose rows are computed once. */
export type Materialization = "view" | "table";

/** What `dbt_project.yml` says, as far as it concerns a run. */
export interface ProjectSettings {
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
