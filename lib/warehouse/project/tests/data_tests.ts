import { WarehouseError } from "shopflow/errors/mod.ts";
import { basename, dirname } from "node:path";
import type { Names } from "../../jinja/scope.ts";
import { fromJson, printed, type PyValue, toJson } from "../../jinja/python/values.ts";
import { relationOf, sourceRelationOf } from "../../relation.ts";
import { sqlName } from "../../session.ts";
import { callable, type Macro, type MacroLibrary, renderSql, valueOf, withPlace } from "../jinja/macros.ts";
import { namesFor, type ProjectNames, type UsedByFile } from "../jinja/names.ts";
import { combineSettings, type TestSettings, type WrittenSettings } from "../reading/config.ts";
import type { ProjectFile } from "../reading/files.ts";
import type { ColumnDoc, SourceDoc, TestDeclaration } from "../reading/schema_yml.ts";
import { folderSettings, type ProjectSettings } from "../reading/settings.ts";
import { BUILT_IN_TESTS, builtInTestSql } from "./built_in_tests.ts";

/** `error` stops the publish, `warn` is reported. */
export type Severity = "warn" | "error";

/** A query of the rows that break a promise; none means passed. */
export interface DataTest {
  /** `unique`, `not_null`, …, or the file name of a singular test. */
  kind: string;
  /** What people call it, where its declaration says it. */
  name?: string | undefined;
  /** Model or `source.table` it looks at; undefined for a singular test, which may look at several. */
  model?: string;
  column?: string | undefined;
  /** File that declares it. */
  file: string;
  severity: Severity;
  sql: string;
  /** Models that it reads. */
  refs: string[];
  tags: string[];
  /** SQL of the number of failures; default: how many rows there are. */
  failCalc?: string | undefined;
  /** When it is a failure of severity `warn` or `error`, e.g. `>10`; default: at any row. */
  warnIf?: string | undefined;
  errorIf?: string | undefined;
}

/** How people call a test, e.g. `fact_orders.customer_id: relationships`. */
export function testName(
  { name, model, column, kind }: Pick<DataTest, "kind" | "name" | "model" | "column">,
): string {
  if (name !== undefined) return name;
  const subject = [model, column].filter(Boolean).join(".");
  return subject ? `${subject}: ${kind}` : kind;
}

const GENERIC = /\{%-?\s*test\s/;

/** Whether a file defines generic tests; one that does not is a singular test, a query of its own. */
export const definesGenericTests = ({ text }: ProjectFile): boolean => GENERIC.test(text);

/** What has data tests: a model, a seed or a source table. */
export interface Tested {
  /** As tests are called. */
  name: string;
  /** SQL name. */
  relation: string;
  file: string;
  columns: ColumnDoc[];
  dataTests: TestDeclaration[];
}

/** A source table as far as its data tests are concerned. */
export const testedSource = (source: SourceDoc): Tested => ({
  ...source,
  name: `${source.source}.${source.name}`,
  relation: sourceRelationOf(source),
});

/** What data tests are compiled with. */
export interface TestContext {
  names: ProjectNames;
  settings: ProjectSettings;
}

/**
 * The data tests that a schema file declares for a model, its columns included.
 *
 * @throws {WarehouseError} on an unknown kind of test or arguments it does not take.
 */
export function declaredTests(tested: Tested, context: TestContext): DataTest[] {
  const compile = (column: ColumnDoc | undefined) => (test: TestDeclaration) =>
    compileDeclared(tested, column, test, context);
  return [
    ...tested.dataTests.flatMap(compile(undefined)),
    ...tested.columns.flatMap((column) => column.dataTests.flatMap(compile(column))),
  ];
}

function compileDeclared(
  tested: Tested,
  column: ColumnDoc | undefined,
  declaration: TestDeclaration,
  { names: project, settings }: TestContext,
): DataTest[] {
  const { kind } = declaration;
  const { file } = tested;
  const { names, used } = namesFor(project, { file });
  const declaredBy = `${file}: the data test ${kind} of ${tested.name}`;
  const own = combined(settings, file, { settings: declaration.settings, placeOf: () => declaredBy });
  if (own.enabled === false) return [];
  const args = Object.fromEntries(
    Object.entries(declaration.arguments).map(([name, value]) => [name, argumentValue(value, file, names)]),
  );
  const relation = own.where
    ? `(select * from ${tested.relation} where ${printed(valueOf(own.where, file, names))})`
    : tested.relation;
  const definition = project.library.tests.get(kind);
  const sql = () => {
    if (definition === undefined && Object.hasOwn(BUILT_IN_TESTS, kind)) {
      const plain = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, toJson(value)]));
      return builtInTestSql(kind, { file, relation, column: column?.name }, plain);
    }
    if (definition === undefined) throw unknownTest(kind, tested, project.library);
    const columnName = column && (column.isQuoted ? sqlName(column.name) : column.name);
    // As dbt writes it.
    const given = {
      model: own.where ? `${relation} dbt_subquery` : relation,
      ...(columnName && { column_name: columnName }),
      ...args,
    };
    return genericTestSql(kind, definition, given, declaredBy, names);
  };
  const compiled = sql();
  const test = { kind, name: declaration.name, model: tested.name, column: column?.name, file };
  return [dataTest(test, compiled, own, used)];
}

/**
 * A singular test: a query of a file of its own.
 *
 * @returns nothing when it is not enabled.
 * @throws {WarehouseError} when its Jinja cannot be rendered.
 */
export function singularTest(
  file: ProjectFile,
  { names: project, settings }: TestContext,
): DataTest | undefined {
  const { names, used } = namesFor(project, { file: file.path, kind: "data test" });
  const sql = renderSql(file, names).replace(/;\s*$/, "");
  const own = combined(settings, file.path, { settings: used.config, placeOf: () => file.path });
  if (own.enabled === false) return undefined;
  return dataTest({ kind: basename(file.path, ".sql"), file: file.path }, sql, own, used);
}

function dataTest(
  test: Pick<DataTest, "kind" | "name" | "column" | "file"> & { model?: string },
  sql: string,
  settings: TestSettings,
  { refs }: UsedByFile,
): DataTest {
  return {
    ...test,
    severity: settings.severity ?? "error",
    sql: settings.limit ? `select * from (\n${sql}\n) as failing limit ${settings.limit}` : sql,
    refs: [...refs],
    tags: settings.tags ?? [],
    ...(settings.fail_calc !== undefined && { failCalc: settings.fail_calc }),
    ...(settings.warn_if !== undefined && { warnIf: settings.warn_if }),
    ...(settings.error_if !== undefined && { errorIf: settings.error_if }),
  };
}

/** What dbt_project.yml says of the tests of a file's folder, and what the test says itself. */
function combined(settings: ProjectSettings, file: string, own: WrittenSettings): TestSettings {
  const folders = dirname(file).split("/").slice(1);
  return combineSettings("data test", [...folderSettings(settings, "data test", folders), own]);
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
  { name, file }: Tested,
  { tests, unreadable }: MacroLibrary,
): WarehouseError {
  return unreadable.get(kind) ?? new WarehouseError(`${file} declares an unknown data test for ${name}`, {
    expected: `one of ${[...Object.keys(BUILT_IN_TESTS), ...tests.keys()].join(", ")}`,
    found: kind,
    ...(kind.includes(".") && {
      remedy:
        "Packages of dbt are not read: copy the test into tests/generic, and leave the package's name out.",
    }),
  });
}

/** SQL name of what a test without schema file looks at. */
export const testedModel = (
  { name, doc }: { name: string; doc: { file: string; columns: ColumnDoc[]; dataTests: TestDeclaration[] } },
): Tested => ({
  name,
  relation: relationOf(name),
  file: doc.file,
  columns: doc.columns,
  dataTests: doc.dataTests,
});
