import ts from "typescript";
import {
  freeNames,
  type ImportedName,
  importedNames,
  moduleExports,
  type NotebookNames,
  parseCode,
  type ReadSource,
} from "./names.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { dirname, join, relative } from "node:path/posix";
import type { PromotionCell } from "./cell.ts";
import { DRIVER_MODULES, isDriver, mayImport, moduleOf, PURE_MODULES } from "./module_rules.ts";

/**
 * Code with further imports; a name joins the import that its module has already.
 *
 * @param names what to import; names that are imported the same way already change nothing
 */
export function addImports(code: string, names: ImportedName[]): string {
  const file = parseCode(code);
  const existing = file.statements.filter(ts.isImportDeclaration);
  const known = new Set(existing.flatMap(importedNames).map(keyOf));
  const missing = Map.groupBy(names.filter((name) => !known.has(keyOf(name))), ({ specifier }) => specifier);
  const edits: { start: number; end: number; text: string }[] = [];
  const added: string[] = [];
  for (const [specifier, wanted] of [...missing].toSorted(([a], [b]) => inOrder(a, b))) {
    const host = existing.find((node) => canTake(node, specifier));
    if (host && wanted.every(({ imported }) => imported !== "default" && imported !== "*")) {
      const text = importText([...importedNames(host), ...wanted]);
      edits.push({ start: host.getStart(), end: host.getEnd(), text });
    } else added.push(importText(wanted));
  }
  if (added.length > 0) {
    const start = existing[0]?.getStart() ?? 0;
    edits.push({ start, end: start, text: `${added.join("\n")}\n${existing.length > 0 ? "" : "\n"}` });
  }
  return edits.toSorted((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

/** One import statement for names of one module, or two where the module itself is imported, too. */
export function importText(names: ImportedName[]): string {
  const from = `from ${JSON.stringify(names[0]!.specifier)};`;
  const namespace = names.find(({ imported }) => imported === "*");
  const byDefault = names.find(({ imported }) => imported === "default");
  const named = uniqueNames(names.filter((name) => name !== namespace && name !== byDefault));
  const types = named.length > 0 && !byDefault && named.every(({ isType }) => isType);
  const list = named.toSorted((a, b) => a.imported < b.imported ? -1 : 1).map(({ imported, local, isType }) =>
    `${isType && !types ? "type " : ""}${imported === local ? imported : `${imported} as ${local}`}`
  );
  const clause = [byDefault?.local, list.length > 0 ? `{ ${list.join(", ")} }` : undefined]
    .filter((part) => part !== undefined).join(", ");
  return [
    ...(namespace ? [`import ${namespace.isType ? "type " : ""}* as ${namespace.local} ${from}`] : []),
    ...(clause !== "" ? [`import ${types ? "type " : ""}${clause} ${from}`] : []),
  ].join("\n");
}

/** Packages and other modules by name, then files of the same module. */
function inOrder(one: string, other: string): number {
  const [a, b] = [one, other].map((specifier) => specifier.startsWith(".") ? 1 : 0) as [number, number];
  return a - b || (one < other ? -1 : 1);
}

/** Whether names of a module can join an import. */
function canTake(node: ts.ImportDeclaration, specifier: string): boolean {
  const bindings = node.importClause?.namedBindings;
  return (node.moduleSpecifier as ts.StringLiteral).text === specifier && bindings !== undefined &&
    ts.isNamedImports(bindings);
}

const keyOf = ({ specifier, imported, local }: ImportedName) => `${specifier} ${imported} ${local}`;

function uniqueNames(names: ImportedName[]): ImportedName[] {
  return [...new Map(names.map((name) => [keyOf(name), name])).values()];
}

/** What is around a cell whose imports are worked out. */
interface ImportSurroundings {
  names: NotebookNames;
  /** The notebook's folder, from the top of the repository. */
  folder: string;
  /** Names that other cells bring to `lib/` in the same promotion, with their modules. */
  promoted: Map<string, string>;
  /** The packages of `deno.json`, by name. */
  packages: Record<string, string>;
  read: ReadSource;
}

/** Globals that reach outside, which modules of pure computation do without. */
const OUTSIDE = ["Deno", "fetch", "WebSocket", "localStorage", "process"];

/**
 * The imports that the code of a cell needs in its module: its own, and those of other cells whose names it uses.
 *
 * @throws {NotebookError} when it uses a name that another cell declares, or one that its module may not import.
 */
export async function neededImports(
  promotion: PromotionCell,
  surroundings: ImportSurroundings,
): Promise<ImportedName[]> {
  const { names, promoted } = surroundings;
  const own = new Map(promotion.imports.flatMap((one) => one.names).map((name) => [name.local, name]));
  const needed: ImportedName[] = [];
  const declaredElsewhere: string[] = [];
  const module = moduleOf(promotion.target);
  for (const name of freeNames(codeWithoutImports(promotion))) {
    const target = promoted.get(name);
    const imported = own.get(name) ??
      (target
        ? { specifier: `shopflow/${target.slice("lib/".length)}`, imported: name, local: name, isType: false }
        : undefined) ??
      names.imported.get(name);
    if (imported) needed.push(...await inModule(imported, promotion, surroundings));
    else if (names.declared.has(name)) declaredElsewhere.push(`${name} (cell ${names.declared.get(name)})`);
    else if (OUTSIDE.includes(name) && PURE_MODULES.includes(module)) {
      throw refused(promotion, `no input or output in ${module}`, name);
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
  const module = moduleOf(target);
  const file = fileOf(name.specifier, folder);
  if (file === undefined) {
    const specifier = Object.entries(packages).find(([, version]) => version === name.specifier)?.[0] ??
      name.specifier;
    if (isDriver(specifier) && !DRIVER_MODULES.includes(module)) {
      throw refused(promotion, `database drivers in ${DRIVER_MODULES.join(", ")} only`, specifier);
    }
    if (specifier.startsWith("node:fs") && PURE_MODULES.includes(module)) {
      throw refused(promotion, `no input or output in ${module}`, specifier);
    }
    return [{ ...name, specifier }];
  }
  if (!mayImport(module, moduleOf(file))) {
    throw refused(promotion, `imports from modules below ${module} only`, `${name.local} of ${file}`);
  }
  if (moduleOf(file) !== module) return [{ ...name, specifier: `shopflow/${file.slice("lib/".length)}` }];
  // Within a module, files import each other and not its mod.ts, which would make a circle.
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
