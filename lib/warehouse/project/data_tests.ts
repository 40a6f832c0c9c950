import { WarehouseError } from "shopflow/errors/mod.ts";
import { basename } from "node:path";
import { z } from "zod";
import { sqlName, sqlString } from "../session.ts";
import type { ProjectFile } from "./files.ts";
import { type ProjectScope, relationOf, renderSql, type TemplateScope } from "./jinja.ts";
import type { ModelDoc, Severity, TestDeclaration } from "./schema_yml.ts";

/** A query of the rows that break a promise; none means passed. */
export interface DataTest {
  /** `unique`, `not_null`, …, or the file name of a singular test. */
  kind: string;
  /** Model it looks at; undefined for a singular test, which may look at several. */
  model?: string;
  column?: string | undefined;
  /** File that declares it. */
  file: string;
  severity: Severity;
  sql: string;
}

/** What dbt's own four generic tests take: the relation and column under test, and arguments. */
type BuiltIn = (relation: string, column: string, args: Record<string, unknown>) => string;

const acceptedValues = z.strictObject({
  values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
  quote: z.boolean().default(true),
});
const relationships = z.strictObject({ to: z.string(), field: z.string() });

/** The generic tests every dbt project has. */
const BUILT_IN_TESTS: Record<string, BuiltIn> = {
  unique: (relation, column) =>
    `select ${column}, count(*) as copies from ${relation} where ${column} is not null
     group by ${column} having count(*) > 1`,
  not_null: (relation, column) => `select * from ${relation} where ${column} is null`,
  accepted_values(relation, column, args) {
    const { values, quote } = acceptedValues.parse(args);
    const list = values.map((value) => quote ? sqlString(String(value)) : String(value)).join(", ");
    return `select ${column}, count(*) as "rows" from ${relation}
      where ${column} is not null and ${column} not in (${list}) group by ${column}`;
  },
  relationships(relation, column, args) {
    const { to, field } = relationships.parse(args);
    return `select child.${column}, count(*) as "rows" from ${relation} as child
      left join ${to} as parent on child.${column} = parent.${sqlName(field)}
      where child.${column} is not null and parent.${sqlName(field)} is null group by child.${column}`;
  },
};

/**
 * SQL of one of dbt's own generic tests.
 *
 * @throws {WarehouseError} when its arguments are not what it takes.
 */
function builtInTestSql(
  kind: string,
  place: { file: string; relation: string; column: string | undefined },
  args: Record<string, unknown>,
): string {
  if (place.column === undefined) {
    throw new WarehouseError(`${place.file} declares ${kind} for a whole model`, {
      expected: `${kind} beneath one of its columns`,
    });
  }
  try {
    return BUILT_IN_TESTS[kind]!(place.relation, sqlName(place.column), args);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const { path = [], message } = cause.issues[0] ?? {};
    throw new WarehouseError(`${place.file}: ${kind} of column ${place.column} is malformed`, {
      found: `${path.join(" > ") || "its arguments"}: ${message}`,
      cause,
    });
  }
}

/** How people call a test, e.g. `fact_orders.customer_id: relationships`. */
export function testName(test: Pick<DataTest, "kind" | "model" | "column">): string {
  const subject = [test.model, test.column].filter(Boolean).join(".");
  return subject ? `${subject}: ${test.kind}` : test.kind;
}

/** A model as far as its data tests are concerned. */
interface TestedModel {
  name: string;
  doc: ModelDoc;
}

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
      [...text.matchAll(GENERIC)].map(([, name = "", parameters = "", body = ""]) => [
        name,
        {
          file: path,
          body,
          parameters: parameters.split(",").map((part) => part.trim()).filter(Boolean),
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
  const known = parameters.map((parameter) => parameter.replace(/=.*/s, "").trim());
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
    models: TestedModel[];
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
  model: TestedModel,
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
