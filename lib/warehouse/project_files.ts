import { WarehouseError } from "shopflow/errors/mod.ts";
import { join, relative } from "node:path";

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
