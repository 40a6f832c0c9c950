import { NotebookError } from "shopflow/errors/mod.ts";
import ts from "typescript";
import { addImports, codeWithoutImports } from "./imports.ts";
import { declaredNames, type ImportedName, importedNames, parseCode } from "./names.ts";
import type { PromotionCell } from "./cell.ts";

/**
 * A module with the declarations of a cell below what it has, those named in `exported` exported, and the imports
 * that they need. A module that has them already, as after a promotion that was interrupted, stays as it is.
 *
 * @param existing the module as it is, if there is one
 * @throws {NotebookError} when one of the names is taken in it.
 */
export function moduleText(
  existing: string | undefined,
  promotion: PromotionCell,
  exported: string[],
  imports: ImportedName[],
): string {
  const body = withExports(promotion, exported).trim() + "\n";
  if (existing === undefined) return addImports(body, imports);
  const taken = takenNames(existing, promotion);
  if (taken.length === 0) return addImports(`${existing.trimEnd()}\n\n${body}`, imports);
  if (hasAll(existing, body)) return existing;
  throw new NotebookError(`Cell ${promotion.cell.id} cannot go to ${promotion.target}`, {
    expected: "names that the module does not have yet",
    found: taken.join(", "),
    remedy: "Rename it, or import the module's if it does the same.",
  });
}

/**
 * A module's `mod.ts` with `names` of one of its files exported.
 *
 * @param specifier the file as `mod.ts` names it, e.g. `./basket.ts`
 */
export function modWithExports(
  mod: string,
  specifier: string,
  names: { name: string; isType: boolean }[],
): string {
  const existing = parseCode(mod).statements.filter(ts.isExportDeclaration).find((
    { moduleSpecifier, exportClause },
  ) =>
    moduleSpecifier && ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text === specifier &&
    exportClause && ts.isNamedExports(exportClause)
  );
  const elements = existing?.exportClause && ts.isNamedExports(existing.exportClause)
    ? existing.exportClause.elements.map((element) =>
      `${existing.isTypeOnly ? "type " : ""}${element.getText()}`
    )
    : [];
  const wanted = names.map(({ name, isType }) => `${isType ? "type " : ""}${name}`);
  const all = [...new Set([...elements, ...wanted])];
  const text = `export { ${all.join(", ")} } from ${JSON.stringify(specifier)};`;
  return existing
    ? mod.slice(0, existing.getStart()) + text + mod.slice(existing.getEnd())
    : `${mod.trimEnd()}\n${text}\n`;
}

function withExports(promotion: PromotionCell, exported: string[]): string {
  const code = codeWithoutImports(promotion);
  return promotion.declarations.filter(({ names }) => names.some((name) => exported.includes(name)))
    .toReversed()
    .reduce((text, { start }) => {
      const has = text.slice(start).startsWith("export ");
      return has ? text : `${text.slice(0, start)}export ${text.slice(start)}`;
    }, code);
}

function takenNames(existing: string, { declarations }: PromotionCell): string[] {
  const { statements } = parseCode(existing);
  const names = new Set([
    ...statements.flatMap(declaredNames),
    ...statements.filter(ts.isImportDeclaration).flatMap(importedNames).map(({ local }) => local),
  ]);
  return declarations.flatMap((declaration) => declaration.names).filter((name) => names.has(name));
}

/** Whether a module has every statement of a code, but for layout, comments and what is exported. */
function hasAll(existing: string, code: string): boolean {
  const printer = ts.createPrinter({ removeComments: true });
  const texts = (source: string) => {
    const file = parseCode(source);
    return file.statements.map((node) =>
      printer.printNode(ts.EmitHint.Unspecified, node, file).replace(/^export /, "").replaceAll(
        /[\s,;]+/g,
        " ",
      )
    );
  };
  const known = new Set(texts(existing));
  return texts(code).every((text) => known.has(text));
}
