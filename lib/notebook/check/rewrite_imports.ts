import type { File, ImportDeclaration, Node } from "@babel/types";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Edit } from "./text_edit.ts";

/** Edits that make relative imports, dynamic ones too, mean the same from elsewhere as from `folder`. */
export function rewriteImports(file: File, folder: string): Edit[] {
  const edits: Edit[] = [];
  visitNodes(file, (node) => {
    const source = importSource(node);
    if (source?.type !== "StringLiteral" || !/^\.{0,2}\//.test(source.value)) return;
    const path = source.value.startsWith("/") ? source.value : join(folder, source.value);
    edits.push({ start: source.start!, end: source.end!, text: JSON.stringify(pathToFileURL(path).href) });
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
