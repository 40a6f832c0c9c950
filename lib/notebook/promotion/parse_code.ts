import ts from "typescript";

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
