import { maskSecrets, NotebookError } from "shopflow/errors/mod.ts";
import { type CodeCell, DENO_KERNELSPEC, hasTag, kernelNameOf, type Notebook } from "./nbformat.ts";

type ParameterValue = string | number | boolean;
export type Parameters = Record<string, ParameterValue>;

/** A constant of the cell tagged `parameters`. */
export interface ParameterDeclaration {
  name: string;
  type: "string" | "number" | "boolean";
  value: ParameterValue;
  /** Its comment, behind it or in the lines before it. */
  description: string;
}

const DECLARATION =
  /^(?:export\s+)?(?:const|let|var)\s+(?<name>[A-Za-z_$][\w$]*)\s*(?::\s*(?:string|number|boolean)\s*)?=\s*(?<literal>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`$\\]*`|[-+]?[\d_]*\.?[\d_]+(?:[eE][-+]?\d+)?|true|false)\s*;?\s*(?:\/\/\s*(?<comment>.*))?$/;

/**
 * The parameters that a notebook declares in its cell tagged `parameters` (the first, as for papermill): constants with
 * a string, number or boolean, one a line. What else is in the cell is left alone, so that a notebook in another style
 * runs with its own values; see {@linkcode unreadLines}. Cells of another kernel are in another language, which we do
 * not read.
 */
export const readParameters = (notebook: Notebook): ParameterDeclaration[] => readCell(notebook).declarations;

/** Lines of the parameters cell that declare something which a run cannot be given. */
export const unreadLines = (notebook: Notebook): string[] => readCell(notebook).unread;

function readCell(
  notebook: Notebook,
): { declarations: ParameterDeclaration[]; unread: string[] } {
  const declarations: ParameterDeclaration[] = [];
  const unread: string[] = [];
  const cell = kernelNameOf(notebook) === DENO_KERNELSPEC.name
    ? notebook.cells.find((cell) => hasTag(cell, "parameters"))
    : undefined;
  let comments: string[] = [];
  for (const line of withoutBlockComments(cell?.source ?? "").split("\n").map((text) => text.trimEnd())) {
    if (line === "" || /^\s*\/\//.test(line)) {
      comments = line === "" ? [] : [...comments, line.replace(/^\s*\/\/\s*/, "")];
      continue;
    }
    // An indented line belongs to a list, an object or a function.
    const { name, literal, comment } = line.match(DECLARATION)?.groups ?? {};
    if (name === undefined || literal === undefined) {
      unread.push(line.trim());
    } else {
      const value = literalValue(literal);
      const type = typeof value as ParameterDeclaration["type"];
      declarations.push({ name, type, value, description: comment ?? comments.join(" ") });
    }
    comments = [];
  }
  return { declarations, unread };
}

/** Lines stay lines. A comment between quotes or behind `//` is none, but then the line has no value we could read. */
const withoutBlockComments = (source: string) =>
  source.replaceAll(/^(\s*)\/\*[^]*?\*\/[ \t]*$/gm, (comment) => comment.replaceAll(/[^\n]/g, ""));

/**
 * Reads `name=value` texts as the types that the notebook declares.
 *
 * @param unread what {@linkcode unreadLines} gives, for errors
 * @throws {NotebookError} on a name it does not have or a value of another type, with the list of what exists.
 */
export function parseAssignments(
  declared: ParameterDeclaration[],
  assignments: string[],
  unread: string[] = [],
): Parameters {
  const values: Parameters = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    if (equals < 1) {
      throw new NotebookError("Invalid parameter", {
        expected: "name=value",
        found: JSON.stringify(assignment),
      });
    }
    const name = assignment.slice(0, equals);
    const text = assignment.slice(equals + 1);
    const { type } = requireDeclared(declared, name, unread);
    const value = type === "string" ? text : type === "number" ? numberOf(text) : booleanOf(text);
    if (value === undefined) throw wrongType(declared, name, JSON.stringify(text));
    values[name] = value;
  }
  return values;
}

/**
 * A copy of the notebook with a cell after the parameters cell that sets `values`; such a cell of an earlier
 * run is replaced.
 *
 * @throws {NotebookError} on a name it does not have or a value of another type, with the list of what exists, and on a
 * value that shows a secret.
 */
export function injectParameters<T extends Notebook>(notebook: T, values: Parameters): T {
  const declared = readParameters(notebook);
  for (const [name, value] of Object.entries(values)) {
    requireType(requireDeclared(declared, name, unreadLines(notebook)), value);
    if (typeof value === "string" && maskSecrets(value) !== value) throw secretParameter(name);
  }
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  if (Object.keys(values).length > 0) {
    const injected: CodeCell = {
      cell_type: "code",
      id: "injected-parameters",
      metadata: { tags: ["injected-parameters"] },
      source: Object.entries(values).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`).join(
        "\n",
      ),
      execution_count: null,
      outputs: [],
    };
    cells.splice(cells.findIndex((cell) => hasTag(cell, "parameters")) + 1, 0, injected);
  }
  return { ...notebook, cells };
}

/** The values that the notebook itself gives its parameters. */
export const parameterValues = (declared: ParameterDeclaration[]): Parameters =>
  Object.fromEntries(declared.map(({ name, value }) => [name, value]));

/**
 * The declared parameters as lines for people: `as_of: string = "2024-09-01"`, below each what a run
 * sets it to.
 */
export function describeParameters(
  declared: ParameterDeclaration[],
  { parameters, rules }: {
    parameters: Parameters;
    rules: Record<string, { rule: string; meaning: string }>;
  } = { parameters: {}, rules: {} },
): string[] {
  return declared.flatMap(({ name, type, value, description }) => {
    const filled = rules[name], given = parameters[name];
    return [
      `${name}: ${type} = ${JSON.stringify(value)}${description && `  // ${description}`}`,
      ...(filled ? [`  filled in a run by the rule ${filled.rule}: ${filled.meaning}`] : []),
      ...(given === undefined ? [] : [`  ${JSON.stringify(given)} in a run, as its report declares`]),
    ];
  });
}

/** @throws {NotebookError} when the value is of another type than the parameter. */
export function requireType(parameter: ParameterDeclaration, value: ParameterValue): void {
  const found: string = typeof value;
  if (found !== parameter.type) {
    throw wrongType([parameter], parameter.name, `${JSON.stringify(value)} (${found})`);
  }
}

function requireDeclared(
  declared: ParameterDeclaration[],
  name: string,
  unread: string[],
): ParameterDeclaration {
  const found = declared.find((parameter) => parameter.name === name);
  if (found) return found;
  const line = unread.find((text) => new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`).test(text));
  throw new NotebookError("The notebook has no such parameter", {
    expected: list(declared),
    found: name,
    ...(line && {
      remedy: `Only constants with a string, number or boolean, one a line, can be set. Write ${
        JSON.stringify(line)
      } so, e.g. const as_of = "2024-09-01";`,
    }),
  });
}

const wrongType = (declared: ParameterDeclaration[], name: string, found: string) =>
  new NotebookError(`The parameter ${name} has another type`, { expected: list(declared), found });

/** Parameters are kept with the run, stand in its report, and are seen in the list of processes. */
const secretParameter = (name: string) =>
  new NotebookError(`The parameter ${name} holds a password or another secret`, {
    expected: "a value that may stand in the report",
    remedy: "Put it into a variable of the environment and let the notebook ask for that, in its metadata: " +
      '"shopflow": { "env": ["NAME"] }.',
  });

const list = (declared: ParameterDeclaration[]) =>
  declared.length === 0
    ? "no parameters, since no cell is tagged parameters, or the kernel is not Deno's"
    : `one of ${
      declared.map(({ name, type, value }) => `${name} (${type}, ${JSON.stringify(value)})`).join(", ")
    }`;

function literalValue(literal: string): ParameterValue {
  if (literal === "true" || literal === "false") return literal === "true";
  if (/^["'`]/.test(literal)) return literal.slice(1, -1).replaceAll(ESCAPE, unescaped);
  return Number(literal.replaceAll("_", ""));
}

/** An escape in a string of JavaScript: by code (of two, four, or up to six digits in braces), or of a letter. */
const ESCAPE = /\\(?:u\{(10[\da-f]{4}|[\da-f]{1,5})\}|u([\da-f]{4})|x([\da-f]{2})|(.))/gi;
const LETTERS: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
};

/** What an escape stands for; `parts` are the groups of {@linkcode ESCAPE} and more. */
function unescaped(_: string, ...parts: (string | undefined)[]): string {
  const [braced, four, two = "", letter] = parts;
  if (letter !== undefined) return LETTERS[letter] ?? letter;
  return String.fromCodePoint(parseInt(braced ?? four ?? two, 16));
}

function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
}

const booleanOf = (text: string) => text === "true" ? true : text === "false" ? false : undefined;
