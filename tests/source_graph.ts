/** The product's files, what each imports and exports by name, and which are started rather than imported. */
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** An import, an `export … from` or an `import(…)`; no names stand for the whole module. */
export interface Import {
  target: string;
  names: string[];
  reexports: boolean;
}

export interface SourceFile {
  path: string;
  lines: number;
  imports: Import[];
  exports: string[];
}

/** Paths of files under version control or about to be, relative to the repository. */
export async function listFiles(...patterns: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ...patterns],
    cwd: ROOT,
  }).output();
  const listed = new TextDecoder().decode(stdout).trim().split("\n");
  const isThere = (path: string) => Deno.stat(`${ROOT}/${path}`).then(() => true, () => false);
  const there = await Promise.all(listed.map(isThere));
  return listed.filter((_, index) => there[index]);
}

/** All of the product's TypeScript, notebooks among it as files without exports. */
export async function readProduct(): Promise<Map<string, SourceFile>> {
  const files = new Map<string, SourceFile>();
  for (const path of await listFiles("*.ts", "*.tsx", "notebooks/*.ipynb")) {
    if (path.startsWith("tests/")) continue;
    const text = await Deno.readTextFile(`${ROOT}/${path}`);
    files.set(path, sourceFile(path, path.endsWith(".ipynb") ? cellsOf(text) : text));
  }
  return files;
}

function cellsOf(notebook: string): string {
  const { cells } = JSON.parse(notebook) as { cells: { cell_type: string; source: string | string[] }[] };
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ source }) => [source].flat().join(""))
    .join("\n");
}

function sourceFile(path: string, text: string): SourceFile {
  const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const imports: Import[] = [], exports: string[] = [];
  for (const statement of parsed.statements) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) {
      const { moduleSpecifier } = statement;
      const target = moduleSpecifier && ts.isStringLiteral(moduleSpecifier)
        ? resolve(path, moduleSpecifier.text)
        : undefined;
      const names = namesOf(statement);
      if (target) imports.push({ target, names, reexports: ts.isExportDeclaration(statement) });
      if (ts.isExportDeclaration(statement)) exports.push(...exportedNames(statement));
    } else exports.push(...declaredExports(statement));
  }
  for (const [, specifier = ""] of text.matchAll(/\bimport\("([^"]+)"\)/g)) {
    const target = resolve(path, specifier);
    if (target) imports.push({ target, names: [], reexports: false });
  }
  return { path, lines: text.split("\n").length - 1, imports, exports };
}

/** The file that a specifier means, if it is one of ours. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith("shopflow/")) return `lib/${specifier.slice("shopflow/".length)}`;
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** The names under which the other module knows what is imported. */
function namesOf(statement: ts.ImportDeclaration | ts.ExportDeclaration): string[] {
  const bindings = ts.isImportDeclaration(statement)
    ? statement.importClause?.namedBindings
    : statement.exportClause;
  if (!bindings || !("elements" in bindings)) return [];
  return bindings.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}

const exportedNames = ({ exportClause }: ts.ExportDeclaration): string[] =>
  exportClause && ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [];

function declaredExports(statement: ts.Statement): string[] {
  const isExported = ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (!isExported) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => ts.isIdentifier(name) ? name.text : "");
  }
  const name = (statement as ts.DeclarationStatement).name;
  return name && ts.isIdentifier(name) ? [name.text] : ["default"];
}

/**
 * Files whose path stands in text outside of imports: those that a task, a Worker or another program starts, and
 * those that notebooks and generated code import.
 */
export async function startedFiles(files: Iterable<string>): Promise<Set<string>> {
  const named = new Set<string>();
  for (const path of ["deno.json", ...await listFiles("*.ts", "*.tsx")]) {
    if (path.startsWith("tests/")) continue;
    const text = (await Deno.readTextFile(`${ROOT}/${path}`)).replaceAll(/^[^"\n]*\bfrom "[^"]*";$/gm, "");
    for (const [, found = ""] of text.matchAll(/["'`/ ]([\w./-]+\.tsx?)(?=["'`\s])/g)) {
      named.add(posix.normalize(found)).add(posix.join(posix.dirname(path), found));
      if (found.startsWith("shopflow/")) named.add(`lib/${found.slice("shopflow/".length)}`);
    }
  }
  return new Set([...files].filter((path) => named.has(path)));
}
