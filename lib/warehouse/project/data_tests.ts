import { WarehouseError } from "shopflow/errors/mod.ts";
import { basename } from "node:path";
import { z } from "zod";
import { sqlName, sqlString } from "../session.ts";
import type { ProjectFile } from "./files.ts";
import type { Names } from "../jinja/scope.ts";
import { fromJson, printed, type PyValue, toJson } from "../jinja/python/values.ts";
import { relationOf } from "../relation.ts";
import { callable, type Macro, type MacroLibrary, renderSql, valueOf, withPlace } from "./macros.ts";
import { namesFor, type ProjectNames } from "./names.ts";
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

const GENERIC = /\{%-?\s*test\s/;

/** Whether a file defines generic tests; one that does not is a singular test, a query of its own. */
export const definesGenericTests = ({ text }: ProjectFile): boolean => GENERIC.test(text);

/** A model as far as its data tests are concerned. */
interface TestedModel {
  name: string;
  doc: ModelDoc;
}

/**
 * SQL of a generic test for the given arguments, `model` and perhaps `column_name` among them.
 *
 * @param declaredBy What declares it, for messages, e.g. `facts.yml: the data test positive of fact_orders`.
 * @throws {WarehouseError} when arguments are missing or unknown.
 */
function genericTestSql(
  kind: string,
  test: Macro,
  given: Record<string, PyValue>,
  declaredBy: string,
  names: Names,
): string {
  refuseOtherArguments(test, Object.keys(given), declaredBy);
  const args = { positional: [], named: new Map(Object.entries(given)) };
  return withPlace(test.file, () => printed(callable(kind, test, names).call(args)).trim());
}

function refuseOtherArguments({ definition, file }: Macro, given: string[], declaredBy: string): void {
  const { names, defaults } = definition;
  const missing = names.filter((name) => !defaults.has(name) && !given.includes(name));
  const extra = given.filter((name) => !names.includes(name));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`${declaredBy} is malformed`, {
    expected: `the arguments ${names.join(", ")} of ${file}`,
    found: [
      ...missing.map((name) => `${name} missing`),
      ...extra.map((name) => `${name} which it does not take`),
    ].join(", "),
  });
}

/**
 * SQL of all data tests: those that schema files declare for models and columns, and the singular tests,
 * which are SQL files of their own.
 *
 * @throws {WarehouseError} on an unknown kind of test or arguments it does not take.
 */
export function compileDataTests(
  { models, testFiles, project }: { models: TestedModel[]; testFiles: ProjectFile[]; project: ProjectNames },
): DataTest[] {
  const declared = models.flatMap((model) => [
    ...model.doc.dataTests.map((test) => compileDeclared(model, undefined, test, project)),
    ...model.doc.columns.flatMap((column) =>
      column.dataTests.map((test) => compileDeclared(model, column.name, test, project))
    ),
  ]);
  const singular = testFiles.filter((file) => !definesGenericTests(file));
  return [...declared, ...singular.map((file) => compileSingular(file, project))];
}

function compileDeclared(
  model: TestedModel,
  column: string | undefined,
  declaration: TestDeclaration,
  project: ProjectNames,
): DataTest {
  const { kind, severity } = declaration;
  const file = model.doc.file;
  const relation = relationOf(model.name);
  const { names } = namesFor(project, { file });
  const test = { kind, model: model.name, column, file, severity };
  const args = Object.fromEntries(
    Object.entries(declaration.arguments).map(([name, value]) => [name, argumentValue(value, file, names)]),
  );
  const definition = project.library.tests.get(kind);
  if (definition === undefined && Object.hasOwn(BUILT_IN_TESTS, kind)) {
    const plain = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, toJson(value)]));
    return { ...test, sql: builtInTestSql(kind, { file, relation, column }, plain) };
  }
  if (definition === undefined) throw unknownTest(kind, model, project.library);
  const given = { model: relation, ...(column && { column_name: column }), ...args };
  const declaredBy = `${file}: the data test ${kind} of ${model.name}`;
  return { ...test, sql: genericTestSql(kind, definition, given, declaredBy, names) };
}

/** Text that dbt takes for a call: `to: ref('…')`. */
const CALL = /^\s*(env_var|ref|var|source)\s*\(.+\)\s*$/;

/** An argument of a data test, whose text may be a call or hold Jinja. */
function argumentValue(value: unknown, file: string, names: Names): PyValue {
  if (Array.isArray(value)) return value.map((item) => argumentValue(item, file, names));
  if (typeof value !== "string") return fromJson(value);
  return valueOf(CALL.test(value) ? `{{ ${value} }}` : value, file, names);
}

function unknownTest(
  kind: string,
  { name, doc }: TestedModel,
  { tests, unreadable }: MacroLibrary,
): WarehouseError {
  return unreadable.get(kind) ?? new WarehouseError(`${doc.file} declares an unknown data test for ${name}`, {
    expected: `one of ${[...Object.keys(BUILT_IN_TESTS), ...tests.keys()].join(", ")}`,
    found: kind,
  });
}

function compileSingular(file: ProjectFile, project: ProjectNames): DataTest {
  const { names, used } = namesFor(project, { file: file.path });
  const sql = renderSql(file, names);
  return {
    kind: basename(file.path, ".sql"),
    file: file.path,
    severity: severityOf(used.config, file.path),
    sql,
  };
}

function severityOf(config: Record<string, unknown>, file: string): Severity {
  const { severity = "error" } = config;
  if (severity === "error" || severity === "warn") return severity;
  throw new WarehouseError(`${file} has an unknown severity`, {
    expected: "warn or error",
    found: JSON.stringify(severity),
  });
}
