import { join } from "node:path";
import { DENO_KERNELSPEC } from "../kernelspec.ts";
import type { Notebook } from "../nbformat.ts";
import { readIfThere } from "../replace_files.ts";
import { moduleExports, type ReadSource } from "./module_exports.ts";
import { declaredNames, parseCode } from "./parse_code.ts";

/** A name that a notebook declares although `lib/` has it. */
export interface Redefinition {
  cellId: string;
  name: string;
  /** The module to import it from, e.g. `shopflow/features/mod.ts`. */
  specifier: string;
}

/**
 * What the rooms of `lib/` export by their `mod.ts`: names, and where to import them from.
 *
 * @param root the top of the repository
 */
export async function libraryNames(root: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const read: ReadSource = (path) => readIfThere(join(root, path));
  for await (const { name: room } of Deno.readDir(join(root, "lib"))) {
    for (const { name } of await moduleExports(`lib/${room}/mod.ts`, read)) {
      names.set(name, `shopflow/${room}/mod.ts`);
    }
  }
  return names;
}

/**
 * The functions, constants, classes and types at the top of a notebook's cells whose names `lib/` has; none in the
 * language of another kernel.
 */
export function findRedefinitions(notebook: Notebook, library: Map<string, string>): Redefinition[] {
  if (notebook.metadata.kernelspec.name !== DENO_KERNELSPEC.name) return [];
  return notebook.cells.flatMap((cell) => {
    if (cell.cell_type !== "code") return [];
    return parseCode(cell.source).statements.flatMap(declaredNames).flatMap((name) => {
      const specifier = library.get(name);
      return specifier === undefined ? [] : [{ cellId: cell.id, name, specifier }];
    });
  });
}
