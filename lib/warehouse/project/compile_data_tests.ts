import { WarehouseError } from "shopflow/errors/mod.ts";
import type { ProjectFile } from "./files.ts";
import { type ProjectScope, relationOf, renderSql, type TemplateScope } from "./jinja.ts";
import { basename } from "node:path";
import { BUILT_IN_TESTS, builtInTestSql, type DataTest } from "./data_tests.ts";
import type { Severity, TestDeclaration } from "./schema_yml.ts";
import type { SqlModel } from "./sql_model.ts";

/** A generic data test of the project itself: `{% test name(model, column_name, …) %} … {% endtest %}`. */
interface GenericTest {
  file: string;
  /** As written, with their defaults. */
  parameters: string[];
  body: string;
}

const GENERIC = /\{%-?\s*test\s+(\w+)\s*\(([^)]*)\)\s*-?%\}([\s\S]*?)\{%-?\s*endtest\s*-?%\}/g;

/** The generic tests that files define, by name. */
function genericTests(files: ProjectFile[]): Map<string, GenericTest> {
  return new Map(
    files.flatMap(({ path, text }) =>
      [...text.matchAll(GENERIC)].map(([, name, parameters, body]) => [
        name!,
        {
          file: path,
          body: body!,
          parameters: parameters!.split(",").map((part) => part.trim()).filter(Boolean),
        },
      ])
    ),
  );
}

/** Whether a file defines generic tests; one that does not is a singular test, a query of its own. */
function definesGenericTests({ text }: ProjectFile): boolean {
  return text.search(GENERIC) >= 0;
}

/**
 * SQL of a generic test for the given arguments, `model` and perhaps `column_name` among them.
 *
 * @param declaredBy What declares it, for messages, e.g. `facts.yml: the data test positive of fact_orders`.
 * @throws {WarehouseError} when arguments are missing or unknown.
 */
function genericTestSql(
  test: GenericTest,
  given: Record<string, unknown>,
  declaredBy: string,
  scope: TemplateScope,
  macros: string[],
): string {
  const names = Object.keys(given);
  refuseOtherArguments(test, names, declaredBy);
  // As a macro, so that its parameters may have defaults.
  const call = names.map((name) => `${name}=${name}`).join(", ");
  const macro = `{% macro data_test(${test.parameters.join(", ")}) %}${test.body}{% endmacro %}`;
  return renderSql(`${macro}{{ data_test(${call}) }}`, test.file, { ...scope, ...given }, macros);
}

function refuseOtherArguments(
  { parameters, file }: GenericTest,
  names: string[],
  declaredBy: string,
): void {
  const known = parameters.map((parameter) => parameter.split("=")[0]!.trim());
  const missing = parameters.filter((parameter) => !parameter.includes("=") && !names.includes(parameter));
  const extra = names.filter((name) => !known.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`${declaredBy} is malformed`, {
    expected: `the arguments ${parameters.join(", ")} of ${file}`,
    found: [
      ...missing.map((name) => `${name} missing`),
      ...extra.map((name) => `${name} which it does not take`),
    ].join(", "),
  });
}

/** What the SQL of data tests is made of. */
interface TestContext {
  scope: ProjectScope;
  /** Macros of the project. */
  macros: string[];
  generic: Map<string, GenericTest>;
}

/**
 * SQL of all data tests: those that schema files declare for models and columns, and the singular tests,
 * which are SQL files of their own.
 *
 * @throws {WarehouseError} on an unknown kind of test or arguments it does not take.
 */
export function compileDataTests(
  { models, testFiles, scope, macros }: {
    models: SqlModel[];
    testFiles: ProjectFile[];
    scope: ProjectScope;
    macros: string[];
  },
): DataTest[] {
  const context: TestContext = { scope, macros, generic: genericTests(testFiles) };
  const declared = models.flatMap((model) => [
    ...model.doc.dataTests.map((test) => compileDeclared(model, undefined, test, context)),
    ...model.doc.columns.flatMap((column) =>
      column.dataTests.map((test) => compileDeclared(model, column.name, test, context))
    ),
  ]);
  const singular = testFiles.filter((file) => !definesGenericTests(file));
  return [...declared, ...singular.map((file) => compileSingular(file, context))];
}

function compileDeclared(
  model: SqlModel,
  column: string | undefined,
  declaration: TestDeclaration,
  { scope, macros, generic }: TestContext,
): DataTest {
  const { kind, severity } = declaration;
  const file = model.doc.file;
  const relation = relationOf(model.name);
  const { scope: own } = scope.forFile(file);
  const test = { kind, model: model.name, column, file, severity };
  const args = { ...declaration.arguments };
  // The one argument that is Jinja itself: ref('…') of the parent.
  if (typeof args.to === "string") args.to = renderSql(`{{ ${args.to} }}`, file, own);
  if (Object.hasOwn(BUILT_IN_TESTS, kind)) {
    return { ...test, sql: builtInTestSql(kind, { file, relation, column }, args) };
  }
  const definition = generic.get(kind);
  if (definition === undefined) {
    throw new WarehouseError(`${file} declares an unknown data test for ${model.name}`, {
      expected: `one of ${[...Object.keys(BUILT_IN_TESTS), ...generic.keys()].join(", ")}`,
      found: kind,
    });
  }
  const given = { model: relation, ...(column && { column_name: column }), ...args };
  const declaredBy = `${file}: the data test ${kind} of ${model.name}`;
  return { ...test, sql: genericTestSql(definition, given, declaredBy, own, macros) };
}

function compileSingular({ path, text }: ProjectFile, { scope, macros }: TestContext): DataTest {
  const { scope: own, used } = scope.forFile(path);
  const sql = renderSql(text, path, own, macros);
  return { kind: basename(path, ".sql"), file: path, severity: severityOf(used.config, path), sql };
}

function severityOf(config: Record<string, unknown>, file: string): Severity {
  const { severity = "error" } = config;
  if (severity === "error" || severity === "warn") return severity;
  throw new WarehouseError(`${file} has an unknown severity`, {
    expected: "warn or error",
    found: JSON.stringify(severity),
  });
}
