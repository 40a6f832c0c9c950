import ts from "typescript";
import { dirname, join } from "node:path/posix";
import { declaredNames, isTypeDeclaration, parseCode } from "./parse_code.ts";

/** A name that a module gives to others. */
export interface ExportedName {
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
