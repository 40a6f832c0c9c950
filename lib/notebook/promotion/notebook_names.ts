import ts from "typescript";
import type { Notebook } from "../nbformat.ts";
import { freeNames } from "./free_names.ts";
import { declaredNames, type ImportedName, importedNames, parseCode } from "./parse_code.ts";

/** What the code cells of a notebook, but for one, declare and use at their top. */
export interface NotebookNames {
  /** Names by what they are imported from. */
  imported: Map<string, ImportedName>;
  /** Ids of the cells that declare a name. */
  declared: Map<string, string>;
  /** Names that cells use and do not declare themselves. */
  used: Set<string>;
}

/** Reads the code cells except the one with the id `except`; as in the kernel, the last declaration counts. */
export function notebookNames(notebook: Notebook, except: string): NotebookNames {
  const names: NotebookNames = { imported: new Map(), declared: new Map(), used: new Set() };
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code" || cell.id === except) continue;
    for (const statement of parseCode(cell.source).statements) {
      if (ts.isImportDeclaration(statement)) {
        for (const name of importedNames(statement)) {
          names.imported.set(name.local, name);
          names.declared.delete(name.local);
        }
      }
      for (const name of declaredNames(statement)) {
        names.declared.set(name, cell.id);
        names.imported.delete(name);
      }
    }
    for (const name of freeNames(cell.source)) names.used.add(name);
  }
  return names;
}
