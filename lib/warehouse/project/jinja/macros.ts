import { WarehouseError } from "shopflow/errors/mod.ts";
import { join } from "node:path";
import { createMacro, evaluateTemplate, RenderError, renderTemplate } from "../../jinja/render.ts";
import type { Names } from "../../jinja/scope.ts";
import { JinjaSyntaxError } from "../../jinja/template/lexer.ts";
import { parseTemplate } from "../../jinja/template/parser.ts";
import type { MacroBody, Statement } from "../../jinja/template/syntax.ts";
import { Callable, JinjaError, type PyValue } from "../../jinja/python/values.ts";
import type { ProjectFile } from "../reading/files.ts";

/** A macro or generic data test, and the file that defines it. */
export interface Macro {
  file: string;
  definition: MacroBody;
}

/** The macros that a project's files may call. */
export interface MacroLibrary {
  macros: Map<string, Macro>;
  /** Generic data tests. */
  tests: Map<string, Macro>;
  /** dbt's own macros, of the namespace `dbt`. */
  ofDbt: Map<string, Macro>;
  /** What is wrong with a file, by the names of the macros that it would have defined. */
  unreadable: Map<string, WarehouseError>;
}

/** Macros that dbt calls itself: one of its own would change names of tables, which this runner gives itself. */
const CALLED_BY_DBT: Record<string, string> = {
  generate_alias_name: "give the models an `alias`",
  generate_database_name: "leave it out: a snapshot has one namespace",
  ref: "leave it out",
  source: "leave it out",
};

/**
 * Reads files of macros and of generic data tests. A file that cannot be read takes only its own macros with it: whoever
 * calls them fails.
 *
 * @throws {WarehouseError} when two files define the same macro.
 */
export async function readMacros(files: ProjectFile[]): Promise<MacroLibrary> {
  const library: MacroLibrary = {
    macros: new Map(),
    tests: new Map(),
    ofDbt: await dbtMacros(),
    unreadable: new Map(),
  };
  for (const file of files) {
    try {
      for (const statement of parsed(file)) addDefinition(library, statement, file.path);
    } catch (error) {
      if (!(error instanceof WarehouseError)) throw error;
      for (const [, name = ""] of file.text.matchAll(/\{%-?\s*(?:macro|test)\s+(\w+)/g)) {
        library.unreadable.set(name, error);
      }
    }
  }
  return library;
}

let standard: Promise<Map<string, Macro>> | undefined;

/** Read once: the file is part of the program. */
function dbtMacros(): Promise<Map<string, Macro>> {
  standard ??= Deno.readTextFile(join(import.meta.dirname!, "dbt_macros.sql")).then((text) => {
    const library = { macros: new Map(), tests: new Map() };
    for (const statement of parseTemplate(text)) addDefinition(library, statement, "dbt");
    return library.macros;
  });
  return standard;
}

function addDefinition(
  { macros, tests }: Pick<MacroLibrary, "macros" | "tests">,
  statement: Statement,
  file: string,
): void {
  // dbt passes over what stands beside the macros of a file.
  if (statement.type !== "macro") return;
  const { kind, name, macro } = statement;
  if (kind === "macro" && Object.hasOwn(CALLED_BY_DBT, name)) {
    throw new WarehouseError(`${file} line ${statement.line} defines ${name}, which dbt calls itself`, {
      remedy: `It has no effect here: ${CALLED_BY_DBT[name]}.`,
    });
  }
  const known = kind === "macro" ? macros : tests;
  const other = known.get(name);
  if (other !== undefined) {
    throw new WarehouseError(`Two macros are called ${name}`, { found: `${other.file} and ${file}` });
  }
  known.set(name, { file, definition: macro });
}

/** A macro as files call it. */
export const callable = (name: string, { file, definition }: Macro, names: Names): Callable =>
  createMacro(name, definition, file, names);

/**
 * Parses the Jinja of a file.
 *
 * @throws {WarehouseError} with the line of a mistake.
 */
export function parsed({ path, text }: ProjectFile): Statement[] {
  return withPlace(path, () => parseTemplate(text));
}

/**
 * Renders the Jinja of a SQL file.
 *
 * @throws {WarehouseError} when the template is malformed or uses an unknown name; the file and line are named.
 */
export function renderSql(file: ProjectFile, names: Names): string {
  const statements = parsed(file);
  return withPlace(file.path, () => renderTemplate(statements, file.path, names).trim());
}

/** The value of text that may hold Jinja, e.g. `{{ var('limits') }}`: a list stays a list. */
export function valueOf(text: string, file: string, names: Names): PyValue {
  return withPlace(file, () => evaluateTemplate(parseTemplate(text), file, names));
}

/** Turns errors of Jinja into ones that name the file and line. */
export function withPlace<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof JinjaError)) throw cause;
    throw new WarehouseError(`The Jinja of ${file} cannot be rendered`, {
      found: `${placesOf(cause, file)}: ${cause.message}`,
      remedy: "Correct that place; documentation/how_to/use_dbt_features.md says what of dbt works here.",
      cause,
    });
  }
}

/** Where a mistake stands, the innermost place first. */
function placesOf(error: JinjaError, file: string): string {
  if (error instanceof JinjaSyntaxError) return `line ${error.line}`;
  if (!(error instanceof RenderError)) return "the call";
  const [innermost, ...callers] = error.places.map((place) =>
    place.file === file ? `line ${place.line}` : `${place.file} line ${place.line}`
  );
  return [innermost, ...callers.map((place) => `called from ${place}`)].join(", ");
}
