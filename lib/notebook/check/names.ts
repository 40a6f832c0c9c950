import { parse, type ParserPlugin } from "@babel/parser";
import type { File, ImportDeclaration, Node, Statement } from "@babel/types";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PLUGINS: ParserPlugin[] = ["typescript", "decorators"];

/** A cell's syntax tree, or where and why it has none. */
export function parseCell(source: string): { file: File; jsx: boolean } | { message: string; line: number } {
  const attempt = (plugins: ParserPlugin[]) =>
    parse(source, {
      sourceType: "module",
      allowAwaitOutsideFunction: true,
      // Another cell may declare it.
      allowUndeclaredExports: true,
      plugins,
    }) as File;
  try {
    return { file: attempt(PLUGINS), jsx: false };
  } catch (error) {
    try {
      return { file: attempt([...PLUGINS, "jsx"]), jsx: true };
    } catch {
      // Code that is invalid with JSX, too, is reported as it is without.
      const { message, loc } = error as Error & { loc?: { line: number } };
      return { message: message.replace(/ \(\d+:\d+\)$/, ""), line: loc?.line ?? 1 };
    }
  }
}

/** The names that a statement adds to the scope it stands in, types included. */
export function declaredNames(statement: Statement): string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations.flatMap(({ id }) => boundNames(id));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSDeclareFunction":
    case "TSEnumDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return statement.id ? [statement.id.name] : [];
    case "TSModuleDeclaration":
      return statement.id.type === "Identifier" ? [statement.id.name] : [];
    case "ExportNamedDeclaration":
      return statement.declaration ? declaredNames(statement.declaration) : [];
    default:
      return [];
  }
}

/** The names in a pattern such as `{ a, b: [c, ...d] }`. */
function boundNames(pattern: Node | null): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === "RestElement" ? property.argument : property.value)
      );
    case "ArrayPattern":
      return pattern.elements.flatMap(boundNames);
    case "AssignmentPattern":
      return boundNames(pattern.left);
    case "RestElement":
      return boundNames(pattern.argument);
    default:
      return [];
  }
}

/** Text that takes the place of a part of a source. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Where a part of a source begins and ends. */
export interface Range {
  start: number;
  end: number;
}

/** Where a node of a parsed source is. */
export function rangeOf({ type, start, end }: Node): Range {
  if (typeof start === "number" && typeof end === "number") return { start, end };
  throw new TypeError(`a parsed ${type} has no place in its source`);
}

/** A source with edits, or only a part of it; an edit within a larger one goes with it. */
export function applyEdits(
  source: string,
  edits: Edit[],
  { start, end }: Range = { start: 0, end: source.length },
): string {
  const ordered = edits.filter((edit) => edit.start >= start && edit.end <= end)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  let result = "";
  let position = start;
  for (const edit of ordered) {
    if (edit.start < position) continue;
    result += source.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return result + source.slice(position, end);
}

/** Edits that make relative imports, dynamic ones too, mean the same from elsewhere as from `folder`. */
export function rewriteImports(file: File, folder: string): Edit[] {
  const edits: Edit[] = [];
  visitNodes(file, (node) => {
    const source = importSource(node);
    if (source?.type !== "StringLiteral" || !/^\.{0,2}\//.test(source.value)) return;
    const path = source.value.startsWith("/") ? source.value : join(folder, source.value);
    edits.push({ ...rangeOf(source), text: JSON.stringify(pathToFileURL(path).href) });
  });
  return edits;
}

function importSource(node: Node): Node | null | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return node.source;
    case "CallExpression":
      return node.callee.type === "Import" ? node.arguments[0] : undefined;
  }
}

/**
 * The same import as declarations, which may stand in a block and hide others of their name:
 * `const { a } = await import("…");`.
 *
 * @param source the module as code, with its quotes
 */
export function importAsDeclarations({ specifiers, importKind }: ImportDeclaration, source: string): string {
  return specifiers.map((specifier) => {
    const local = specifier.local.name;
    if (specifier.type === "ImportNamespaceSpecifier") return `const ${local} = await import(${source});`;
    const imported = specifier.type === "ImportDefaultSpecifier"
      ? "default"
      : specifier.imported.type === "Identifier"
      ? specifier.imported.name
      : JSON.stringify(specifier.imported.value);
    const isType = importKind === "type" ||
      (specifier.type === "ImportSpecifier" && specifier.importKind === "type");
    return isType
      ? `type ${local} = import(${source}).${imported};`
      : `const { ${imported}: ${local} } = await import(${source});`;
  }).join(" ");
}

/** Every node of a syntax tree, parents first. */
function visitNodes(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) return value.forEach((item) => visitNodes(item, visit));
  if (typeof value !== "object" || value === null) return;
  if (typeof (value as Node).type === "string" && "start" in value) visit(value as Node);
  for (const [key, child] of Object.entries(value)) {
    if (key !== "loc" && !key.endsWith("Comments")) visitNodes(child, visit);
  }
}
