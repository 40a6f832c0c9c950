import ts from "typescript";
import { type ImportedName, importedNames, parseCode } from "./parse_code.ts";

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

/** One import statement, or two where the whole module is wanted beside names, of names of one module. */
export function importText(names: ImportedName[]): string {
  const from = `from ${JSON.stringify(names[0]!.specifier)};`;
  const whole = names.find(({ imported }) => imported === "*");
  const byDefault = names.find(({ imported }) => imported === "default");
  const named = uniqueNames(names.filter((name) => name !== whole && name !== byDefault));
  const types = named.length > 0 && !byDefault && named.every(({ isType }) => isType);
  const list = named.toSorted((a, b) => a.imported < b.imported ? -1 : 1).map(({ imported, local, isType }) =>
    `${isType && !types ? "type " : ""}${imported === local ? imported : `${imported} as ${local}`}`
  );
  const clause = [byDefault?.local, list.length > 0 ? `{ ${list.join(", ")} }` : undefined]
    .filter((part) => part !== undefined).join(", ");
  return [
    ...(whole ? [`import ${whole.isType ? "type " : ""}* as ${whole.local} ${from}`] : []),
    ...(clause !== "" ? [`import ${types ? "type " : ""}${clause} ${from}`] : []),
  ].join("\n");
}

/** Packages and other rooms by name, then the modules beside. */
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
