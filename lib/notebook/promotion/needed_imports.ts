import { NotebookError } from "shopflow/errors/mod.ts";
import { dirname, join, relative } from "node:path/posix";
import { freeNames } from "./free_names.ts";
import { moduleExports, type ReadSource } from "./module_exports.ts";
import type { NotebookNames } from "./notebook_names.ts";
import type { ImportedName } from "./parse_code.ts";
import type { PromotionCell } from "./promotion_cell.ts";
import { DRIVER_ROOMS, isDriver, mayImport, PURE_ROOMS, roomOf } from "./rooms.ts";

/** What is around a cell whose imports are worked out. */
export interface ImportSurroundings {
  names: NotebookNames;
  /** The notebook's folder, from the top of the repository. */
  folder: string;
  /** Names that other cells bring to `lib/` in the same promotion, with their modules. */
  promoted: Map<string, string>;
  /** The packages of `deno.json`, by name. */
  packages: Record<string, string>;
  read: ReadSource;
}

/** Globals that reach outside, which rooms of pure computation do without. */
const OUTSIDE = ["Deno", "fetch", "WebSocket", "localStorage", "process"];

/**
 * The imports that the code of a cell needs in its module: its own, and those of other cells whose names it uses.
 *
 * @throws {NotebookError} when it uses a name that another cell declares, or one that its room may not import.
 */
export async function neededImports(
  promotion: PromotionCell,
  surroundings: ImportSurroundings,
): Promise<ImportedName[]> {
  const { names, promoted } = surroundings;
  const own = new Map(promotion.imports.flatMap((one) => one.names).map((name) => [name.local, name]));
  const needed: ImportedName[] = [];
  const declaredElsewhere: string[] = [];
  const room = roomOf(promotion.target);
  for (const name of freeNames(codeWithoutImports(promotion))) {
    const target = promoted.get(name);
    const imported = own.get(name) ??
      (target
        ? { specifier: `shopflow/${target.slice("lib/".length)}`, imported: name, local: name, isType: false }
        : undefined) ??
      names.imported.get(name);
    if (imported) needed.push(...await inModule(imported, promotion, surroundings));
    else if (names.declared.has(name)) declaredElsewhere.push(`${name} (cell ${names.declared.get(name)})`);
    else if (OUTSIDE.includes(name) && PURE_ROOMS.includes(room)) {
      throw refused(promotion, `no input or output in ${room}`, name);
    }
  }
  if (declaredElsewhere.length === 0) return needed;
  throw new NotebookError(`Cell ${promotion.cell.id} uses what only the notebook has`, {
    expected: "names that the cell declares, or that the notebook imports",
    found: declaredElsewhere.join(", "),
    remedy: "Pass them as arguments, move them into the cell, or promote their cells, too.",
  });
}

/** The code of a cell, with blanks where its imports were. */
export function codeWithoutImports({ code, imports }: PromotionCell): string {
  return imports.reduce(
    (text, { start, end }) => text.slice(0, start) + " ".repeat(end - start) + text.slice(end),
    code,
  );
}

/** An import of the notebook as it is written in the module; empty when the module itself is meant. */
async function inModule(
  name: ImportedName,
  promotion: PromotionCell,
  { folder, packages, read }: ImportSurroundings,
): Promise<ImportedName[]> {
  const { target } = promotion;
  const room = roomOf(target);
  const file = fileOf(name.specifier, folder);
  if (file === undefined) {
    const specifier = Object.entries(packages).find(([, version]) => version === name.specifier)?.[0] ??
      name.specifier;
    if (isDriver(specifier) && !DRIVER_ROOMS.includes(room)) {
      throw refused(promotion, `drivers of databases in ${DRIVER_ROOMS.join(", ")} only`, specifier);
    }
    if (specifier.startsWith("node:fs") && PURE_ROOMS.includes(room)) {
      throw refused(promotion, `no input or output in ${room}`, specifier);
    }
    return [{ ...name, specifier }];
  }
  if (!mayImport(room, roomOf(file))) {
    throw refused(promotion, `imports of the rooms below ${room} only`, `${name.local} of ${file}`);
  }
  if (roomOf(file) !== room) return [{ ...name, specifier: `shopflow/${file.slice("lib/".length)}` }];
  // Within a room, modules import each other and not the room's public face, which would make a circle.
  const origin =
    (await moduleExports(file, read)).find((exported) => exported.name === name.imported)?.from ?? file;
  if (origin === target) return [];
  const path = relative(dirname(target), origin);
  return [{ ...name, specifier: path.startsWith(".") ? path : `./${path}` }];
}

/** The file of the repository that an import of a notebook means, or undefined when it means a package. */
function fileOf(specifier: string, folder: string): string | undefined {
  if (specifier.startsWith("shopflow/")) return join("lib", specifier.slice("shopflow/".length));
  return specifier.startsWith(".") ? join(folder, specifier) : undefined;
}

const refused = ({ cell, target }: PromotionCell, expected: string, found: string) =>
  new NotebookError(`Cell ${cell.id} cannot go to ${target}`, { expected, found });
