import { NotebookError } from "shopflow/errors/mod.ts";
import ts from "typescript";
import { type CodeCell, hasTag, type Notebook } from "../format/nbformat.ts";
import { declaredNames, type ImportedName, importedNames, isTypeDeclaration, parseCode } from "./names.ts";
import { LEVELS, moduleOf } from "./module_rules.ts";

/** Tag of cells that `notebook promote` moves into a file. */
export const PROMOTE_TAG = "promote";

/** A declaration of a cell that is to be promoted. */
interface Declaration {
  names: string[];
  isType: boolean;
  /** Whether it can be called; for constants, whether they hold a function. */
  isFunction: boolean;
  /** Where it stands in the cell's code, without its comments. */
  start: number;
}

/** A cell that is to be promoted, as it was understood. */
export interface PromotionCell {
  cell: CodeCell;
  /** The file it goes to, from the top of the repository. */
  target: string;
  /** Its code without the first line. */
  code: string;
  imports: { names: ImportedName[]; start: number; end: number }[];
  declarations: Declaration[];
}

/**
 * The cells of a notebook that are tagged `promote`, in order, or only the one with an id.
 *
 * @throws {NotebookError} when there is none, or one of them does not name a file below `lib/` in its first line,
 *   or holds anything but declarations.
 */
export function promotionCells(notebook: Notebook, id?: string): PromotionCell[] {
  const tagged = notebook.cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && hasTag(cell, PROMOTE_TAG)
  );
  const wanted = id === undefined ? tagged : tagged.filter((cell) => cell.id === id);
  if (wanted.length > 0) return wanted.map(readPromotionCell);
  throw new NotebookError("There is no cell to promote", {
    expected: id === undefined
      ? `a code cell with the tag ${PROMOTE_TAG}`
      : `one of ${tagged.map((cell) => cell.id).join(", ") || "no cells, since none is tagged promote"}`,
    found: id ?? "none",
    remedy: `Tag the cell ${PROMOTE_TAG} and begin it with a line such as // promote: lib/ml/basket.ts.`,
  });
}

function readPromotionCell(cell: CodeCell): PromotionCell {
  const [first = "", ...rest] = cell.source.split("\n");
  const target = targetOf(first.trim(), cell.id);
  const code = rest.join("\n");
  const file = parseCode(code);
  refuseSyntaxErrors(code, cell.id);
  const imports: PromotionCell["imports"] = [];
  const declarations: Declaration[] = [];
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      imports.push({
        names: importedNames(statement),
        start: statement.getStart(),
        end: statement.getEnd(),
      });
    } else declarations.push(readDeclaration(statement, cell.id));
  }
  if (!declarations.some(({ isFunction }) => isFunction)) {
    throw new NotebookError(`Cell ${cell.id} has no function to promote`, {
      expected: "at least one function among its declarations",
      found: declarations.flatMap(({ names }) => names).join(", ") || "nothing",
    });
  }
  return { cell, target, code, imports, declarations };
}

const FIRST_LINE = /^\/\/\s*promote:\s*(?<path>\S+)$/;

function targetOf(line: string, id: string): string {
  const path = line.match(FIRST_LINE)?.groups?.path;
  const expected = "a first line such as // promote: lib/ml/basket.ts";
  if (path === undefined) {
    throw new NotebookError(`Cell ${id} does not say where it goes`, {
      expected,
      found: JSON.stringify(line),
    });
  }
  const parts = path.split("/");
  const modules = LEVELS.flat().filter((module) => module.startsWith("lib/"));
  const refuse = (wanted: string) => {
    throw new NotebookError(`Cell ${id} cannot go to ${path}`, { expected: wanted, found: path });
  };
  if (parts[0] !== "lib" || parts.length < 3 || parts.some((part) => part === "" || part.startsWith("."))) {
    refuse("a file below lib/, e.g. lib/ml/basket.ts");
  }
  if (!modules.includes(moduleOf(path))) refuse(`a file in one of ${modules.join(", ")}`);
  if (!/^([a-z][a-z0-9_]*\/)+[a-z][a-z0-9_]*\.ts$/.test(path) || path.endsWith("_test.ts")) {
    refuse("a snake_case name that ends in .ts and not in _test.ts");
  }
  if (/\/(mod|utils?|helpers?|common|misc)\.ts$/.test(path)) {
    refuse("a name that says what the file is about; mod.ts only re-exports");
  }
  return path;
}

function refuseSyntaxErrors(code: string, id: string): void {
  const { diagnostics = [] } = ts.transpileModule(code, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
  });
  const [first] = diagnostics;
  if (first === undefined) return;
  const line = code.slice(0, first.start ?? 0).split("\n").length + 1;
  throw new NotebookError(`Cell ${id} is not valid TypeScript in line ${line}`, {
    found: ts.flattenDiagnosticMessageText(first.messageText, "\n"),
  });
}

function readDeclaration(statement: ts.Statement, id: string): Declaration {
  const names = declaredNames(statement);
  const isConstant = !ts.isVariableStatement(statement) ||
    (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
  if (names.length === 0 || !isConstant) {
    throw new NotebookError(`Cell ${id} cannot be promoted`, {
      expected: "only functions, classes, types, constants and imports",
      found: statement.getText().replace(/\n[^]*/, ""),
      remedy: "Move that to another cell.",
    });
  }
  return {
    names,
    isType: isTypeDeclaration(statement),
    isFunction: isFunction(statement),
    start: statement.getStart(),
  };
}

function isFunction(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return ts.isFunctionDeclaration(statement);
  return statement.declarationList.declarations.some(({ initializer }) =>
    initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))
  );
}
