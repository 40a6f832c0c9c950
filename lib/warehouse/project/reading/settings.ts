import { WarehouseError } from "shopflow/errors/mod.ts";
import { z } from "zod";
import { type Kind, refusalOf, type WrittenSettings } from "./config.ts";
import { parseYaml, shaped, type YamlFile } from "./yaml.ts";

/** What `dbt_project.yml` says, as far as it concerns a run. */
export interface ProjectSettings {
  name: string;
  modelPaths: string[];
  seedPaths: string[];
  macroPaths: string[];
  testPaths: string[];
  vars: Record<string, unknown>;
  /** Settings by kind, each a tree of folders. */
  trees: Record<Kind, SettingsTree>;
}

interface SettingsTree {
  /** Key in the file, e.g. `models`. */
  key: string;
  settings: Record<string, unknown>;
  lineOf: YamlFile["lineOf"];
}

const folders = (name: string) => z.array(z.string()).default([name]);
const tree = z.record(z.string(), z.unknown()).nullish().transform((value) => value ?? {});

export const SETTINGS_FILE = "dbt_project.yml";

/** Entries of dbt that change nothing in the tables. */
const WITHOUT_EFFECT = Object.fromEntries(
  [
    "analysis-paths",
    "asset-paths",
    "clean-targets",
    "config-version",
    "docs-paths",
    "exposures",
    "flags",
    "function-paths",
    "log-path",
    "metrics",
    "packages-install-path",
    "profile",
    "query-comment",
    "require-dbt-version",
    "saved-queries",
    "semantic-models",
    "snapshot-paths",
    "target-path",
    "version",
  ].map((key) => [key, z.unknown().optional()]),
);

/** Entries that are refused, and what to do instead. */
const REFUSED: Record<string, string> = {
  "on-run-start": "no statements run beside the models: write what it does as a model",
  "on-run-end": "no statements run beside the models: write what it does as a model",
  dispatch: "packages of dbt are not read: macros are found in the folder macros",
  quoting: "names are always quoted",
  snapshots: "dbt snapshots are not built: the lake keeps the versions of every raw row, see models/history",
  sources: "declare the sources in a schema file",
  "unit_tests": "say it at the unit test itself",
  functions: "functions of the database are not created: write a macro",
};

const SETTINGS = z.strictObject({
  ...WITHOUT_EFFECT,
  name: z.string(),
  "model-paths": folders("models"),
  "seed-paths": folders("seeds"),
  "macro-paths": folders("macros"),
  "test-paths": folders("tests"),
  vars: z.record(z.string(), z.unknown()).nullish().transform((value) => value ?? {}),
  models: tree,
  seeds: tree,
  tests: tree,
  data_tests: tree,
});

/**
 * Reads the text of `dbt_project.yml`.
 *
 * @throws {WarehouseError} when it is not YAML, lacks the project's name, or has an entry that does not work here.
 */
export function parseProjectSettings(text: string): ProjectSettings {
  const yaml = parseYaml(text, SETTINGS_FILE);
  const { lineOf } = yaml;
  const entries = shaped(yaml, z.record(z.string(), z.unknown()));
  for (const [key, value] of Object.entries(entries)) {
    if (Object.hasOwn(REFUSED, key) && !isEmpty(value)) {
      throw new WarehouseError(
        `${SETTINGS_FILE} line ${lineOf([key])}: ${key} is not supported here: ${REFUSED[key]}`,
      );
    }
  }
  const known = Object.fromEntries(Object.entries(entries).filter(([key]) => !Object.hasOwn(REFUSED, key)));
  const settings = shaped({ ...yaml, value: known }, SETTINGS);
  const treeOf = (key: "models" | "seeds" | "tests" | "data_tests"): SettingsTree => ({
    key,
    settings: settings[key],
    lineOf,
  });
  return {
    name: settings.name,
    modelPaths: settings["model-paths"],
    seedPaths: settings["seed-paths"],
    macroPaths: settings["macro-paths"],
    testPaths: settings["test-paths"],
    vars: variables(settings.vars, settings.name),
    trees: {
      model: treeOf("models"),
      seed: treeOf("seeds"),
      "data test": isEmpty(settings.data_tests) ? treeOf("tests") : treeOf("data_tests"),
    },
  };
}

const isEmpty = (value: unknown) =>
  value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);

/** Variables of the project; those beneath its name win over those of all projects. */
function variables(vars: Record<string, unknown>, project: string): Record<string, unknown> {
  const { [project]: own, ...common } = vars;
  return { ...common, ...(typeof own === "object" ? own : {}) };
}

/**
 * What `dbt_project.yml` says of a file in these folders, the outermost folder first.
 *
 * @throws {WarehouseError} when the tree has settings of another project.
 */
export function folderSettings(
  { name, trees }: ProjectSettings,
  kind: Kind,
  folders: string[],
): WrittenSettings[] {
  const file = SETTINGS_FILE;
  const { key, settings, lineOf } = trees[kind];
  const other = Object.keys(settings).find((entry) => entry !== name && !isSetting(entry, kind));
  if (other !== undefined) {
    throw new WarehouseError(`${file} line ${lineOf([key, other])}: ${key} has settings of ${other}`, {
      expected: `${name}, the project's name`,
      remedy: "Packages of dbt are not read: take the entry out, or correct its name.",
    });
  }
  const found: WrittenSettings[] = [];
  const path = [key];
  let level: unknown = settings;
  for (const next of [undefined, name, ...folders]) {
    if (next !== undefined) {
      path.push(next);
      level = (level as Record<string, unknown>)[next];
    }
    if (typeof level !== "object" || level === null) break;
    const here = level as Record<string, unknown>;
    const own = settingsOf(here, kind);
    const place = [...path];
    found.push({
      settings: own,
      placeOf: (setting) => {
        const written = `+${setting}` in here ? `+${setting}` : setting;
        return `${file} line ${lineOf([...place, written])}`;
      },
    });
  }
  return found;
}

/** Settings begin with `+`, or are ones that dbt knows. */
const isSetting = (entry: string, kind: Kind) =>
  entry.startsWith("+") || refusalOf(entry, kind) === undefined;

const settingsOf = (level: Record<string, unknown>, kind: Kind) =>
  Object.fromEntries(
    Object.entries(level).filter(([entry]) => isSetting(entry, kind)).map((
      [entry, value],
    ) => [entry.replace(/^\+/, ""), value]),
  );

/** Folders that `dbt_project.yml` gives settings to and that hold no file, which is a typing error most of the time. */
export function unusedFolders({ name, trees }: ProjectSettings, kind: Kind, used: string[][]): string[] {
  const { key, settings, lineOf } = trees[kind];
  const unused: string[] = [];
  const walk = (level: unknown, folders: string[]) => {
    if (typeof level !== "object" || level === null) return;
    for (const [entry, inner] of Object.entries(level)) {
      if (isSetting(entry, kind) || typeof inner !== "object") continue;
      const path = [...folders, entry];
      if (used.some((file) => path.every((folder, i) => file[i] === folder))) walk(inner, path);
      else {unused.push(
          `${SETTINGS_FILE} line ${lineOf([key, name, ...path])}: ${key} has settings of ${
            path.join("/")
          }, where nothing is`,
        );}
    }
  };
  walk(settings[name], []);
  return unused;
}
