import type { File, ImportDeclaration, Statement } from "@babel/types";
import { type CodeCell, hasTag, type Notebook } from "../format/nbformat.ts";
import {
  applyEdits,
  declaredNames,
  type Edit,
  importAsDeclarations,
  parseCell,
  type Range,
  rangeOf,
  rewriteImports,
} from "./names.ts";

/** A place in a notebook for people: both numbers count from 1. */
export interface CellPlace {
  cellId: string;
  /** Which of the code cells that are not empty, as the counts beside cells say after a run. */
  cell: number;
  line: number;
}

/** Something in a cell's code that keeps the notebook from being run. */
export interface CellProblem extends CellPlace {
  /** E.g. `TS2322`, or `SyntaxError`. */
  code: string;
  message: string;
  /** The line of the cell. */
  source: string;
}

/** A notebook's code as one module with the same meaning for the type checker. */
interface NotebookModule {
  code: string;
  /** For each line of the module, counted from 0, where it comes from; undefined for lines that we added. */
  places: (CellPlace | undefined)[];
  /** Whether it holds JSX. */
  jsx: boolean;
  /** What is no TypeScript at all; then there is nothing to check. */
  syntaxErrors: CellProblem[];
}

/** What the Deno kernel declares for cells, beside Deno's own: the last value and error, which may be anything. */
const KERNEL_NAMES = ["_", "_error"];
const HEADER = `export {}; declare var ${KERNEL_NAMES.map((name) => `${name}: any`).join(", ")};`;

/**
 * Joins the code cells of a notebook to one module. A cell may declare again what an earlier one did: from there on
 * the code is in a nested block, whose declarations hide the earlier ones. Imports move to the top, since blocks
 * cannot have any; relative ones are taken from `folder`. A cell of injected parameters is left out: it repeats
 * names and types of the cell before.
 */
export function notebookModule(notebook: Notebook, folder: string): NotebookModule {
  const joined = new JoinedCells(folder);
  const syntaxErrors: CellProblem[] = [];
  const cells = notebook.cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && cell.source.trim() !== ""
  );
  for (const [i, cell] of cells.entries()) {
    if (hasTag(cell, "injected-parameters")) continue;
    const place = (line: number): CellPlace => ({ cellId: cell.id, cell: i + 1, line });
    const parsed = parseCell(cell.source);
    if ("file" in parsed) {
      joined.add(cell, parsed, place);
    } else {
      const source = cell.source.split("\n")[parsed.line - 1] ?? "";
      syntaxErrors.push({ ...place(parsed.line), code: "SyntaxError", message: parsed.message, source });
    }
  }
  return { ...joined.module(), syntaxErrors };
}

type PlaceOf = (line: number) => CellPlace;

/** Lines of the module with their places. */
class Lines {
  text: string[] = [];
  places: (CellPlace | undefined)[] = [];

  add(text: string, placeOf: (i: number) => CellPlace | undefined = () => undefined): void {
    const lines = text.split("\n");
    this.text.push(...lines);
    this.places.push(...lines.map((_, i) => placeOf(i)));
  }
}

class JoinedCells {
  #folder: string;
  #jsx = false;
  #imports = new Lines();
  #body = new Lines();
  /** By local name, what is imported under it at the top. */
  #imported = new Map<string, string>();
  /** Names of the innermost block. */
  #scope = new Set<string>(KERNEL_NAMES);
  /** Names of all blocks. */
  #declared = new Set<string>(KERNEL_NAMES);
  #depth = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(cell: CodeCell, { file, jsx }: { file: File; jsx: boolean }, place: PlaceOf): void {
    this.#jsx ||= jsx;
    const { source } = cell;
    const edits = rewriteImports(file, this.#folder);
    if (hasTag(cell, "parameters")) edits.push(...widenedConstants(file.program.body));
    const names = new Set<string>();
    for (const statement of file.program.body) {
      const text = applyEdits(source, edits, rangeOf(statement));
      if (statement.type === "ImportDeclaration") {
        const moved = this.#import(statement, text, place);
        edits.push(inPlace(source, rangeOf(statement), moved ? "" : declarationsOf(statement, text)));
        if (moved) continue;
        for (const { local } of statement.specifiers) names.add(local.name);
      }
      for (const name of declaredNames(statement)) names.add(name);
      edits.push(...withoutExport(source, statement));
    }
    if ([...names].some((name) => this.#scope.has(name) || this.#imported.has(name))) {
      this.#body.add("{");
      this.#scope = new Set();
      this.#depth++;
    }
    for (const name of names) {
      this.#scope.add(name);
      this.#declared.add(name);
    }
    this.#body.add(applyEdits(source, edits), (i) => place(i + 1));
    // A cell's last expression has often no semicolon, and the next cell may begin with a bracket.
    this.#body.add(";");
  }

  module(): Omit<NotebookModule, "syntaxErrors"> {
    return {
      code: [HEADER, ...this.#imports.text, ...this.#body.text, "}".repeat(this.#depth), ""].join("\n"),
      places: [undefined, ...this.#imports.places, ...this.#body.places],
      jsx: this.#jsx,
    };
  }

  /** Moves an import to the top, unless one of its names means something else already. */
  #import(statement: ImportDeclaration, text: string, place: PlaceOf): boolean {
    const names = statement.specifiers.map(({ local }) => local.name);
    if (names.some((name) => this.#declared.has(name))) return false;
    const isNew = names.filter((name) => this.#imported.get(name) !== text);
    if (isNew.some((name) => this.#imported.has(name))) return false;
    if (names.length > 0 && isNew.length === 0) return true;
    for (const name of names) this.#imported.set(name, text);
    this.#imports.add(text, (i) => place((statement.loc?.start.line ?? 1) + i));
    return true;
  }
}

/** Types of the literals that a run can be given. */
const PARAMETER_TYPES: Record<string, string> = {
  BooleanLiteral: "boolean",
  NumericLiteral: "number",
  StringLiteral: "string",
  TemplateLiteral: "string",
};

/**
 * A parameter's constant stands for every value of its type: without this, `top === 5` would be an error. What else is
 * in the cell, objects and lists among it, keeps its own type.
 */
function widenedConstants(statements: Statement[]): Edit[] {
  return statements.flatMap((statement) => {
    if (statement.type !== "VariableDeclaration") return [];
    return statement.declarations.flatMap(({ id, init }) => {
      if (id.type !== "Identifier" || id.typeAnnotation || !init) return [];
      const literal = init.type === "UnaryExpression" && /^[-+]$/.test(init.operator) ? init.argument : init;
      const type = PARAMETER_TYPES[literal.type];
      const { end } = rangeOf(init);
      return type === undefined ? [] : [{ start: end, end, text: ` as ${type}` }];
    });
  });
}

function declarationsOf(statement: ImportDeclaration, text: string): string {
  const [quoted = '""'] = text.match(/["'][^"']*["'](?=[^"']*$)/) ?? [];
  return importAsDeclarations(statement, quoted);
}

/** A block can export nothing, so what a cell exports is only declared. */
function withoutExport(source: string, statement: Statement): Edit[] {
  if (statement.type !== "ExportNamedDeclaration" && statement.type !== "ExportDefaultDeclaration") return [];
  const { start, end: last } = rangeOf(statement);
  const end = statement.declaration?.start ?? last;
  return [inPlace(source, { start, end }, "")];
}

/** A replacement that leaves the following lines their numbers. */
function inPlace(source: string, { start, end }: Range, text: string): Edit {
  return { start, end, text: text + source.slice(start, end).replaceAll(/[^\n]/g, "") };
}
