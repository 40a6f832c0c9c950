import { WarehouseError } from "shopflow/errors/mod.ts";
import { basename } from "node:path";
import { BUILT_IN_TESTS, builtInTestSql, type DataTest } from "./data_test.ts";
import type { ProjectFile } from "./project_files.ts";
import type { Severity, TestDeclaration } from "./schema_file.ts";
import { type ProjectScope, relationOf } from "./scope.ts";
import type { SqlModel } from "./sql_model.ts";
import { renderSql } from "./template.ts";

/** A generic test of the project itself: `{% test name(model, column_name, …) %} … {% endtest %}`. */
interface GenericTest {
  file: string;
  parameters: string[];
  body: string;
}

const GENERIC = /\{%-?\s*test\s+(\w+)\s*\(([^)]*)\)\s*-?%\}([\s\S]*?)\{%-?\s*endtest\s*-?%\}/g;

/**
 * SQL of all data tests: those that schema files declare for models and columns, and the singular tests,
 * which are SQL files of their own.
 *
 * @throws {WarehouseError} on an unknown kind of test or arguments it does not take.
 */
export function compileDataTests(
  { models, testFiles, scope, prelude }: {
    models: SqlModel[];
    testFiles: ProjectFile[];
    scope: ProjectScope;
    prelude: string;
  },
): DataTest[] {
  const generic = genericTests(testFiles);
  const declared = models.flatMap((model) => [
    ...model.doc.dataTests.map((test) => compile(model, undefined, test)),
    ...model.doc.columns.flatMap((column) =>
      column.dataTests.map((test) => compile(model, column.name, test))
    ),
  ]);
  const singular = testFiles.filter(({ text }) => text.search(GENERIC) < 0).map(
    ({ path, text }): DataTest => {
      const { scope: own, used } = scope.forFile(path);
      const sql = renderSql(text, path, own, prelude);
      return { kind: basename(path, ".sql"), file: path, severity: severityOf(used.config, path), sql };
    },
  );
  return [...declared, ...singular];

  function compile(model: SqlModel, column: string | undefined, declaration: TestDeclaration): DataTest {
    const { kind, severity } = declaration;
    const file = model.doc.file;
    const relation = relationOf(model.name);
    const { scope: own } = scope.forFile(file);
    const test = { kind, model: model.name, column, file, severity };
    const args = { ...declaration.arguments };
    if (typeof args.to === "string") args.to = renderSql(`{{ ${args.to} }}`, file, own);
    if (kind in BUILT_IN_TESTS) {
      return { ...test, sql: builtInTestSql(kind, { file, relation, column }, args) };
    }
    const definition = generic.get(kind);
    if (definition === undefined) {
      throw new WarehouseError(`${file} declares an unknown data test for ${model.name}`, {
        expected: `one of ${[...Object.keys(BUILT_IN_TESTS), ...generic.keys()].join(", ")}`,
        found: kind,
      });
    }
    const given: Record<string, unknown> = { model: relation, column_name: column, ...args };
    refuseOtherArguments(definition, given, test);
    return {
      ...test,
      sql: renderSql(asMacroCall(definition, given), definition.file, { ...own, ...given }, prelude),
    };
  }
}

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

/** A generic test is a macro, so that its parameters may have defaults. */
function asMacroCall({ parameters, body }: GenericTest, given: Record<string, unknown>): string {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const call = names.map((name) => `${name}=${name}`).join(", ");
  return `{% macro data_test(${parameters.join(", ")}) %}${body}{% endmacro %}{{ data_test(${call}) }}`;
}

function refuseOtherArguments(
  { parameters, file }: GenericTest,
  given: Record<string, unknown>,
  test: Omit<DataTest, "sql">,
): void {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const missing = parameters.filter((parameter) => !parameter.includes("=") && !names.includes(parameter));
  const known = parameters.map((parameter) => parameter.split("=")[0]!.trim());
  const extra = names.filter((name) => !known.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`${test.file}: the data test ${test.kind} of ${test.model} is malformed`, {
    expected: `the arguments ${parameters.join(", ")} of ${file}`,
    found: [
      ...missing.map((name) => `${name} missing`),
      ...extra.map((name) => `${name} which it does not take`),
    ].join(", "),
  });
}

function severityOf(config: Record<string, unknown>, file: string): Severity {
  const { severity = "error" } = config;
  if (severity === "error" || severity === "warn") return severity;
  throw new WarehouseError(`${file} has an unknown severity`, {
    expected: "warn or error",
    found: JSON.stringify(severity),
  });
}
