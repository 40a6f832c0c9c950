import { WarehouseError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { parse as parseYamlText } from "yaml";
import { parseProjectSettings, type ProjectSettings, SETTINGS_FILE } from "./settings.ts";

/** A text file of the project. */
export interface ProjectFile {
  /** Path inside the project, with `/`. */
  path: string;
  text: string;
}

/** The files of a project, by what they are. */
export interface ProjectFiles {
  folder: string;
  settings: ProjectSettings;
  models: ProjectFile[];
  seeds: ProjectFile[];
  schemas: ProjectFile[];
  macros: ProjectFile[];
  /** Singular and generic data tests. */
  tests: ProjectFile[];
  /** Rows of unit tests. */
  fixtures: ProjectFile[];
  /** Files with docs blocks. */
  docs: ProjectFile[];
  /** All of them, for the project's version. */
  all: ProjectFile[];
  /** Files of dbt that the runner does not have. */
  refused: { file: string; ref?: string; error: WarehouseError }[];
}

/**
 * Reads the files of a dbt project.
 *
 * @throws {WarehouseError} when the folder has no `dbt_project.yml`, or it is malformed.
 */
export async function readFiles(folder: string): Promise<ProjectFiles> {
  const settingsFile = { path: SETTINGS_FILE, text: await readSettingsFile(folder) };
  const settings = parseProjectSettings(settingsFile.text);
  const { modelPaths, seedPaths, macroPaths, testPaths } = settings;
  const read = (folders: string[], ...endings: string[]) => readProjectFiles(folder, folders, endings);
  const found = {
    models: await read(modelPaths, ".sql"),
    seeds: await read(seedPaths, ".csv"),
    schemas: await read([...modelPaths, ...seedPaths, ...testPaths], ".yml", ".yaml"),
    macros: await read(macroPaths, ".sql"),
    docs: await read([...modelPaths, ...seedPaths], ".md"),
  };
  const inTests = await read(testPaths, ".sql", ".csv");
  const isFixture = ({ path }: ProjectFile) => path.includes("/fixtures/");
  const tests = inTests.filter((file) => !isFixture(file) && file.path.endsWith(".sql"));
  const fixtures = inTests.filter(isFixture);
  return {
    folder,
    settings,
    ...found,
    tests,
    fixtures,
    all: [settingsFile, ...Object.values(found).flat(), ...inTests],
    refused: await refusedFiles(folder, modelPaths),
  };
}

async function refusedFiles(folder: string, modelPaths: string[]): Promise<ProjectFiles["refused"]> {
  const refused: ProjectFiles["refused"] = [];
  const refuse = (file: string, what: string, ref?: string) =>
    refused.push({
      file,
      ...(ref && { ref }),
      error: new WarehouseError(`${file} is not supported here: ${what}`),
    });
  for (const path of ["packages.yml", "dependencies.yml"]) {
    const [file] = await readProjectFiles(folder, ["."], [path]).then((files) =>
      files.filter((one) => one.path === path)
    );
    const content: unknown = file && parseYamlText(file.text);
    if (content && Object.values(content).some((list) => Array.isArray(list) && list.length > 0)) {
      refuse(
        path,
        "packages of dbt are not read: copy the macros and tests that you need, and take the file out",
      );
    }
  }
  for (const { path } of await readProjectFiles(folder, ["snapshots"], [".sql", ".yml"])) {
    refuse(
      path,
      "dbt snapshots are not built: the lake keeps the versions of every raw row, see models/history",
    );
  }
  for (const { path } of await readProjectFiles(folder, modelPaths, [".py"])) {
    refuse(path, "models in Python are not run: write it in SQL", path.replace(/^.*\/|\.py$/g, ""));
  }
  return refused;
}

/** Hash of a file beside the project that a source names; undefined when it is not there. */
export async function hashOfFile(path: string): Promise<string | undefined> {
  try {
    return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Reads the files with one of the given endings beneath folders of the project, sorted by path; line ends
 * become `\n`, so that a checkout on Windows gives the same SQL.
 */
async function readProjectFiles(
  project: string,
  folders: string[],
  endings: string[],
): Promise<ProjectFile[]> {
  const paths: string[] = [];
  for (const folder of folders) await collect(join(project, folder), paths, folder !== ".");
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
async function readSettingsFile(project: string): Promise<string> {
  try {
    return (await Deno.readTextFile(join(project, SETTINGS_FILE))).replaceAll("\r\n", "\n");
  } catch (cause) {
    throw new WarehouseError("The folder of the SQL models cannot be read", {
      expected: join(project, SETTINGS_FILE),
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

async function collect(folder: string, paths: string[], isDeep: boolean): Promise<void> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory && isDeep) await collect(path, paths, true);
    else if (entry.isFile) paths.push(path);
  }
}
