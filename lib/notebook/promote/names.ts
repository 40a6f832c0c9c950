import ts from "typescript";
import type { Notebook } from "../format/nbformat.ts";
import { dirname, join } from "node:path/posix";

/** TypeScript as a tree; also of a text with errors, as far as it can be read. */
export function parseCode(code: string, name = "cell.ts"): ts.SourceFile {
  return ts.createSourceFile(name, code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
}

/** Whether a declaration is of a type, which imports and exports mark so. */
export function isTypeDeclaration(node: ts.Statement): boolean {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

/** The names that a statement declares, without those it imports. */
export function declaredNames(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const named = ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isEnumDeclaration(node) ||
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
  return named && node.name ? [node.name.text] : [];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => ts.isOmittedExpression(element) ? [] : boundNames(element.name));
}

/** Where a name comes from when it is imported. */
export interface ImportedName {
  specifier: string;
  /** Its name there; `default`, or `*` for the whole module. */
  imported: string;
  local: string;
  isType: boolean;
}

/** The names that an import statement brings. */
export function importedNames(node: ts.ImportDeclaration): ImportedName[] {
  const specifier = (node.moduleSpecifier as ts.StringLiteral).text;
  const clause = node.importClause;
  if (clause === undefined) return [];
  const all = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const one = (imported: string, local: string, isType = all) => ({ specifier, imported, local, isType });
  const names = clause.name ? [one("default", clause.name.text)] : [];
  const bindings = clause.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, one("*", bindings.name.text)];
  return [
    ...names,
    ...bindings.elements.map(({ name, propertyName, isTypeOnly }) =>
      one(propertyName?.text ?? name.text, name.text, all || isTypeOnly)
    ),
  ];
}

/** What the compiler says of a name, type or namespace that nothing in scope declares. */
const NOT_FOUND = new Set([
  2304, // Cannot find name '{0}'.
  2503, // Cannot find namespace '{0}'.
  2552, // Cannot find name '{0}'. Did you mean '{1}'?
  2580, // Cannot find name '{0}'. Do you need to install type definitions for node?
  2581, // … for jQuery?
  2582, // … for a test runner?
  2583, // Cannot find name '{0}'. Do you need to change your target library?
  2584, // … to include 'dom'?
  2591, // … for node, with a hint at tsconfig
  2592,
  2593,
  2662, // Cannot find name '{0}'. Did you mean the static member '{1}'?
  2663, // … the instance member?
  2867, // … for Bun?
  2868,
  18004, // No value exists in scope for the shorthand property '{0}'.
]);

/**
 * The names that code uses and does not declare: globals, and those of other cells. The compiler finds them, by its
 * own rules of scope, with no library and no import to look into.
 */
export function freeNames(code: string): Set<string> {
  const name = "cell.ts";
  // An export makes it a module, where `await` may stand at the top.
  const file = ts.createSourceFile(name, `${code}\nexport {};`, ts.ScriptTarget.ESNext, true);
  const program = ts.createProgram([name], {
    noLib: true,
    noResolve: true,
    types: [],
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
  }, {
    getSourceFile: (wanted) => wanted === name ? file : undefined,
    fileExists: (wanted) => wanted === name,
    readFile: () => undefined,
    writeFile: () => {},
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  });
  const missing = program.getSemanticDiagnostics(file).filter(({ code }) => NOT_FOUND.has(code));
  return new Set(missing.map(({ start = 0, length = 0 }) => file.text.slice(start, start + length)));
}

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

/** A name that a module gives to others. */
interface ExportedName {
  name: string;
  /** The module that declares it, from the top of the repository, or a package. */
  from: string;
  isType: boolean;
}

/** Reads a file of the repository by its path from the top; undefined when there is none. */
export type ReadSource = (path: string) => Promise<string | undefined>;

/** All that a module exports, also what it re-exports by relative paths. */
export async function moduleExports(path: string, read: ReadSource): Promise<ExportedName[]> {
  return await collect(path, read, new Set());
}

async function collect(path: string, read: ReadSource, visited: Set<string>): Promise<ExportedName[]> {
  const code = await read(path);
  if (code === undefined || visited.has(path)) return [];
  visited.add(path);
  const found: ExportedName[] = [];
  for (const statement of parseCode(code, path).statements) {
    if (ts.isExportDeclaration(statement)) found.push(...await reExports(statement, path, read, visited));
    else if (isExported(statement)) {
      const isType = isTypeDeclaration(statement);
      found.push(...declaredNames(statement).map((name) => ({ name, from: path, isType })));
    }
  }
  return found;
}

async function reExports(
  { moduleSpecifier, exportClause, isTypeOnly }: ts.ExportDeclaration,
  path: string,
  read: ReadSource,
  visited: Set<string>,
): Promise<ExportedName[]> {
  const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
  const from = specifier === undefined
    ? path
    : specifier.startsWith(".")
    ? join(dirname(path), specifier)
    : specifier;
  if (exportClause === undefined) return await collect(from, read, visited);
  if (ts.isNamespaceExport(exportClause)) return [{ name: exportClause.name.text, from, isType: isTypeOnly }];
  return exportClause.elements.map((element) => ({
    name: element.name.text,
    from,
    isType: isTypeOnly || element.isTypeOnly,
  }));
}

const isExported = (node: ts.Statement) =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
