/** dbt's unit tests: a model is given a few rows, and must make the expected ones of them. */
import { WarehouseError } from "shopflow/errors/mod.ts";
import { parse } from "csv-parse/sync";
import { Callable, fromJson, JinjaError, printed, type PyValue, toJson } from "../../jinja/python/values.ts";
import { renderSql, valueOf } from "../jinja/macros.ts";
import { namesFor, type ProjectNames, relation } from "../jinja/names.ts";
import type { ProjectFile } from "../reading/files.ts";
import type { UnitTestDoc, UnitTestRows } from "../reading/schema_yml.ts";
import { type Row, type Session, sqlName, sqlString } from "../../session.ts";

/** Rows as values by column, or a query. */
type RowSource = { rows: Record<string, unknown>[] } | { sql: string };

/** A unit test, compiled. */
export interface UnitTest {
  name: string;
  /** Name of the model's table. */
  model: string;
  file: string;
  /** The model's SQL over the rows that the test gives. */
  sql: string;
  given: { original: string; standIn: string; rows: RowSource }[];
  expect: RowSource;
}

/** Schema of what a unit test gives and expects, while it runs. */
const SCHEMA = "unit_test";

/**
 * Compiles a unit test.
 *
 * @param fixtures Files of tests/fixtures.
 * @throws {WarehouseError} when the model reads what the test gives no rows for, or a fixture is missing.
 */
export function compileUnitTest(
  test: UnitTestDoc,
  model: { file: ProjectFile; ref: string; name: string },
  project: ProjectNames,
  fixtures: ProjectFile[],
): UnitTest {
  const { file } = test;
  const about = { file, model: { name: model.ref, alias: model.name } };
  const original = namesFor(project, about).names;
  const given = test.given.map((rows, i) => ({
    original: printed(valueOf(`{{ ${rows.input} }}`, file, original)),
    standIn: `${SCHEMA}.${sqlName(`given_${i}`)}`,
    rows: rowsOf(rows, test, fixtures),
  }));
  const standIn = (name: string) => (value: PyValue) => {
    const found = given.find((input) => input.original === printed(value));
    if (found === undefined) {
      throw new JinjaError(`the unit test ${test.name} gives no rows for ${name} ${printed(value)}`);
    }
    return relation(found.standIn, found.standIn);
  };
  const replaced = (name: "ref" | "source") => {
    const of = original.find(name) as Callable;
    return new Callable(name, (args) => standIn(name)(of.call(args)));
  };
  const { macros, vars, env_vars } = test.overrides;
  const own = relation(sqlName(model.name), model.name);
  const overrides: Record<string, PyValue> = {
    ...Object.fromEntries(
      Object.entries(macros).map(([name, value]) => [name, new Callable(name, () => fromJson(value))]),
    ),
    ref: replaced("ref"),
    source: replaced("source"),
    ...(given.some((input) => input.original === printed(own)) && { this: standIn("this")(own) }),
    ...(Object.keys(env_vars).length > 0 &&
      { env_var: environment(env_vars, original.find("env_var") as Callable) }),
  };
  const { names } = namesFor({ ...project, vars: { ...project.vars, ...vars } }, { ...about, overrides });
  return {
    name: test.name,
    model: model.name,
    file,
    sql: renderSql(model.file, names).replace(/;\s*$/, ""),
    given,
    expect: rowsOf(test.expect, test, fixtures),
  };
}

function environment(values: Record<string, unknown>, otherwise: Callable): Callable {
  return new Callable("env_var", (args) => {
    const name = String(toJson(args.positional[0] ?? null));
    return Object.hasOwn(values, name) ? fromJson(values[name]) : otherwise.call(args);
  });
}

function rowsOf(
  { rows, format, fixture }: UnitTestRows,
  test: UnitTestDoc,
  fixtures: ProjectFile[],
): RowSource {
  const text = fixture === undefined ? rows : fixtureText(fixture, format, test, fixtures);
  if (format === "dict" && (text === undefined || Array.isArray(text))) return { rows: text ?? [] };
  if (typeof text !== "string") {
    throw new WarehouseError(
      `${test.file}: the unit test ${test.name} has rows of another form than their format`,
      {
        expected: format === "dict" ? "a list of rows" : `text in the form ${format}`,
        found: JSON.stringify(text ?? null),
      },
    );
  }
  if (format === "sql") return { sql: text.trim().replace(/;$/, "") };
  const records: Record<string, string>[] = parse(text, {
    columns: true,
    trim: true,
    skip_empty_lines: true,
  });
  // An empty cell of CSV is a missing value.
  return {
    rows: records.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell === "" ? null : cell]))
    ),
  };
}

function fixtureText(name: string, format: string, test: UnitTestDoc, fixtures: ProjectFile[]): string {
  const ending = format === "sql" ? "sql" : "csv";
  const found = fixtures.find(({ path }) => path.endsWith(`/${name}.${ending}`));
  if (found !== undefined) return found.text;
  throw new WarehouseError(`${test.file}: the unit test ${test.name} names a fixture that is not there`, {
    expected: `a file ${name}.${ending} in tests/fixtures`,
    found: fixtures.map(({ path }) => path).join(", ") || "no fixtures",
  });
}

/** Rows in which what a model made and what was expected differ; none means passed. */
export async function differingRows(session: Session, test: UnitTest): Promise<Row[]> {
  await session.run(`CREATE SCHEMA ${SCHEMA}`);
  try {
    for (const { original, standIn, rows } of test.given) {
      // The types are those of the real table; columns that a row does not name are missing values.
      await fill(session, standIn, `SELECT * FROM ${original} LIMIT 0`, rows);
    }
    await session.run(`CREATE TABLE ${SCHEMA}.actual AS\n${test.sql}`);
    const columns = await expectedColumns(session, test.expect);
    await fill(session, `${SCHEMA}.expected`, `SELECT ${columns} FROM ${SCHEMA}.actual LIMIT 0`, test.expect);
    const side = (label: string, one: string, other: string) =>
      `SELECT '${label}' AS "row is", * FROM (
         SELECT ${columns} FROM ${SCHEMA}.${one} EXCEPT ALL SELECT ${columns} FROM ${SCHEMA}.${other})`;
    return await session.rows(
      `${side("expected, and missing", "expected", "actual")} UNION ALL
       ${side("not expected", "actual", "expected")} ORDER BY ALL`,
    );
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new WarehouseError(`The unit test ${test.name} in ${test.file} cannot be run: ${reason}`, {
      cause,
    });
  } finally {
    await session.run(`DROP SCHEMA ${SCHEMA} CASCADE`);
  }
}

/** The columns that are compared: those that the expected rows name. */
async function expectedColumns(session: Session, expect: RowSource): Promise<string> {
  if ("rows" in expect) {
    const names = new Set(expect.rows.flatMap((row) => Object.keys(row)));
    return names.size === 0 ? "*" : [...names].map(sqlName).join(", ");
  }
  const described = await session.rows<{ column_name: string }>(`DESCRIBE ${expect.sql}`);
  return described.map(({ column_name }) => sqlName(column_name)).join(", ");
}

async function fill(session: Session, table: string, types: string, source: RowSource): Promise<void> {
  if ("sql" in source) {
    await session.run(`CREATE TABLE ${table} AS ${types}`);
    await session.run(`INSERT INTO ${table} BY NAME (${source.sql})`);
    return;
  }
  await session.run(`CREATE TABLE ${table} AS ${types}`);
  for (const row of source.rows) {
    const names = Object.keys(row).map(sqlName).join(", ");
    const values = Object.values(row).map(literal).join(", ");
    await session.run(`INSERT INTO ${table} (${names}) VALUES (${values})`);
  }
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return sqlString(typeof value === "string" ? value : JSON.stringify(value));
}
