import { DataTestError, type ErrorDetails, WarehouseError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type DataTest, testName } from "../project/tests/data_tests.ts";
import { type Row, type Session, sqlName, sqlString } from "../session.ts";
import type { Manifest } from "shopflow/lake/mod.ts";
import { type Candidate, computing } from "./models.ts";
import { RECOMPUTED, REUSED } from "./partitions.ts";
import { relationOf } from "../relation.ts";
import type { LeftOutModels } from "../project/leave_out.ts";
import { differingRows, type UnitTest } from "../project/tests/unit_tests.ts";
import type { Build } from "./raw_views.ts";

/** A data test that did not pass. */
export interface FailedTest {
  /** As people call it, e.g. `fact_orders.customer_id: relationships`. */
  name: string;
  severity: "warn" | "error";
  /** How many rows break the promise. */
  failures: number;
  /** A few of them. */
  examples: Row[];
}

/** What the data tests found. */
export interface DataTestReport {
  passed: number;
  /** Failed tests of severity `warn`. */
  warnings: FailedTest[];
}

const EXAMPLES = 3;

/**
 * Runs data tests; those of severity `warn` that fail are logged and reported.
 *
 * @throws {DataTestError} when any of severity `error` fails; all of them are named.
 */
export async function runDataTests(
  session: Session,
  tests: DataTest[],
  runtime: Runtime,
): Promise<DataTestReport> {
  const { passed, failed } = await findFailures(session, tests, runtime);
  refuseErrors(failed);
  return reportOf(passed, failed);
}

/**
 * Runs data tests; those of severity `warn` that fail are logged.
 *
 * @param keep Is given each failed test of severity `error`.
 */
export async function findFailures(
  session: Session,
  tests: DataTest[],
  runtime: Runtime,
  keep: (test: DataTest, failure: FailedTest) => Promise<void> = async () => {},
): Promise<{ passed: number; failed: FailedTest[] }> {
  const bar = runtime.progress.start("Data tests", tests.length, "tests");
  const failed: FailedTest[] = [];
  for (const [done, test] of tests.entries()) {
    const failure = await run(session, test);
    if (failure !== undefined) failed.push(failure);
    if (failure?.severity === "error") await keep(test, failure);
    bar.update(done + 1);
  }
  const passed = tests.length - failed.length;
  const warnings = failed.filter((test) => test.severity === "warn");
  bar.finish(`${passed} passed, ${warnings.length} warnings, ${failed.length - warnings.length} errors`);
  for (const warning of warnings) runtime.log.warn(failureText(warning));
  return { passed, failed };
}

/**
 * @param details What to do about them, for people.
 * @throws {DataTestError} when any failed test is of severity `error`; all of them are named.
 */
function refuseErrors(failed: FailedTest[], details: Pick<ErrorDetails, "remedy"> = {}): void {
  const errors = failed.filter((test) => test.severity === "error");
  if (errors.length === 0) return;
  const many = errors.length === 1 ? "A data test" : `${errors.length} data tests`;
  throw new DataTestError(
    `${many} failed; nothing was published\n` + errors.map((error) => `  ${failureText(error)}`).join("\n"),
    details,
  );
}

/** The report of tests of which none of severity `error` failed. */
function reportOf(passed: number, failed: FailedTest[]): DataTestReport {
  return { passed, warnings: failed.filter((test) => test.severity === "warn") };
}

async function run(session: Session, test: DataTest): Promise<FailedTest | undefined> {
  try {
    const { failCalc = "count(*)", warnIf = "!= 0", errorIf = "!= 0" } = test;
    const [found] = await session.rows<{ failures: number; warns: boolean; errors: boolean }>(
      `SELECT failures, failures ${warnIf} AS warns, failures ${errorIf} AS errors
       FROM (SELECT coalesce(${failCalc}, 0) AS failures FROM (\n${test.sql}\n))`,
    );
    const { failures, warns, errors } = found ?? { failures: 0, warns: false, errors: false };
    const severity = test.severity === "error" && errors ? "error" : warns ? "warn" : undefined;
    if (severity === undefined) return undefined;
    const examples = await session.rows(`SELECT * FROM (\n${test.sql}\n) ORDER BY ALL LIMIT ${EXAMPLES}`);
    return { name: testName(test), severity, failures, examples };
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new WarehouseError(`The data test ${testName(test)} in ${test.file} cannot be run: ${reason}`, {
      cause,
    });
  }
}

/** A failed test in words, with examples. */
export function failureText({ name, failures, examples }: FailedTest): string {
  const rows = failures === 1 ? "1 row" : `${failures} rows`;
  return `${name} failed for ${rows}, e.g. ${examples.map((row) => JSON.stringify(row)).join(" ")}`;
}

/**
 * Relations that data tests compare with, by the variables of the project that name them: rows of each table of the
 * previous snapshot, and what the sources counted.
 */
export const TEST_RELATIONS = {
  previous_row_counts: "main.previous_row_counts",
  control_totals: "main.control_totals",
};

/** Kinds of data tests that say something of a table as a whole; others look at its rows one by one or by key. */
const TABLE_TESTS = new Set(["row_count_change", "as_fresh_as_the_others", "matches_source_totals"]);

/**
 * Runs the data tests and unit tests on the candidate of a snapshot. Of tables kept by month the computed months are
 * tested, the others were when they were computed; that no key is in both is tested too. A model that nothing required
 * reads is left out when a test of it fails.
 *
 * @param keep Is given each failed test of severity `error` while its query still works, to keep its rows.
 * @throws {DataTestError} when a test of severity `error` fails that is about required models alone.
 */
export async function audit(
  { session, project }: Pick<Build, "session" | "project">,
  candidate: Candidate,
  { leftOut, runtime, keep }: {
    leftOut: LeftOutModels;
    runtime: Runtime;
    keep: (test: DataTest, failure: FailedTest) => Promise<void>;
  },
): Promise<DataTestReport> {
  const modelsOf = ({ model, refs }: DataTest) => [model, ...refs];
  const tests = project.tests.filter((test) => !modelsOf(test).some((name) => name && leftOut.has(name)));
  const isOfTable = ({ kind }: DataTest) => TABLE_TESTS.has(kind);
  const isOptional = (test: DataTest) => leftOut.optional(modelsOf(test)).length > 0;
  const required = tests.filter((test) => !isOptional(test));
  const failedUnits = await runUnitTests(session, project.unitTests, leftOut);
  const results = [
    await computing(
      session,
      () => findFailures(session, required.filter((test) => !isOfTable(test)), runtime, keep),
    ),
    await findFailures(
      session,
      [...required.filter(isOfTable), ...crossMonthTests(candidate)],
      runtime,
      keep,
    ),
    await testOptional(session, tests.filter(isOptional), leftOut, runtime),
  ];
  const failed = [...failedUnits, ...results.flatMap((result) => result.failed)];
  refuseErrors(failed, { remedy: "`deno task lake quarantine` shows all such rows." });
  return reportOf(results.reduce((sum, { passed }) => sum + passed, 0), failed);
}

/** Failed unit tests of required models; other models are left out. */
async function runUnitTests(
  session: Session,
  tests: UnitTest[],
  leftOut: LeftOutModels,
): Promise<FailedTest[]> {
  const failed: FailedTest[] = [];
  for (const test of tests.filter(({ model }) => !leftOut.has(model))) {
    await orLeave(leftOut, [test.model], async () => {
      const failure = await unitTestFailure(session, test);
      if (failure === undefined) return;
      if (leftOut.optional([test.model]).length > 0) throw new DataTestError(failureText(failure));
      failed.push(failure);
    });
  }
  return failed;
}

/** Runs a unit test; undefined when it passed. */
export async function unitTestFailure(session: Session, test: UnitTest): Promise<FailedTest | undefined> {
  const rows = await differingRows(session, test);
  if (rows.length === 0) return undefined;
  return {
    name: `${test.model}: unit test ${test.name}`,
    severity: "error",
    failures: rows.length,
    examples: rows.slice(0, EXAMPLES),
  };
}

/** Runs tests of models that a build can do without; one that fails or cannot be run leaves its models out. */
async function testOptional(
  session: Session,
  tests: DataTest[],
  leftOut: LeftOutModels,
  runtime: Runtime,
): Promise<{ passed: number; failed: FailedTest[] }> {
  const warnings: FailedTest[] = [];
  let passed = 0;
  for (const test of tests) {
    await orLeave(leftOut, [test.model, ...test.refs], async () => {
      const failure = await run(session, test);
      if (failure === undefined) passed++;
      else if (failure.severity === "warn") warnings.push(failure);
      else throw new DataTestError(failureText(failure));
    });
  }
  for (const warning of warnings) runtime.log.warn(failureText(warning));
  return { passed, failed: warnings };
}

async function orLeave(
  leftOut: LeftOutModels,
  models: (string | undefined)[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const optional = leftOut.optional(models);
    if (!(error instanceof WarehouseError || error instanceof DataTestError) || optional.length === 0) {
      throw error;
    }
    for (const model of optional) leftOut.leave(model, error);
  }
}

/** Makes the relation that `row_count_change` compares with. */
export async function createPreviousRowCounts(
  session: Session,
  previous: Manifest | undefined,
): Promise<void> {
  await session.run(`CREATE TABLE ${TEST_RELATIONS.previous_row_counts} (table_name VARCHAR, "rows" BIGINT)`);
  const counts = Object.entries(previous?.tables ?? {}).map(([name, { rows }]) =>
    `(${sqlString(name)}, ${rows})`
  );
  if (counts.length > 0) {
    await session.run(`INSERT INTO ${TEST_RELATIONS.previous_row_counts} VALUES ${counts.join(", ")}`);
  }
}

/** Rows and exact sums of money and pieces, as text, by source table and month. */
export type ControlTotals = Record<
  string,
  Record<string, { rows: number; amount: string; quantity: string }>
>;

/** Makes the relation that `matches_source_totals` compares with. */
export async function createControlTotals(session: Session, totals: ControlTotals = {}): Promise<void> {
  await session.run(`CREATE TABLE ${TEST_RELATIONS.control_totals}
    (source_table VARCHAR, "month" VARCHAR, "rows" BIGINT, amount DECIMAL(38, 2), quantity HUGEINT)`);
  const rows = Object.entries(totals).flatMap(([table, months]) =>
    // A table that the source says is empty is named too: it is not one that nothing is known of.
    Object.entries({ undated: { rows: 0, amount: "0", quantity: "0" }, ...months }).map((
      [month, { rows, amount, quantity }],
    ) => `(${sqlString(table)}, ${sqlString(month)}, ${rows}, ${sqlString(amount)}, ${sqlString(quantity)})`)
  );
  if (rows.length > 0) {
    await session.run(`INSERT INTO ${TEST_RELATIONS.control_totals} VALUES ${rows.join(", ")}`);
  }
}

function crossMonthTests({ monthly, affected }: Candidate): DataTest[] {
  if (affected === undefined) return [];
  return [...monthly.values()]
    .filter(({ model }) => !model.doc.grain.includes(model.doc.partition.by))
    .map(({ model }) => {
      const keys = model.doc.grain.map(sqlName).join(", ");
      const relation = relationOf(model.name);
      return {
        kind: "key_in_one_month",
        model: model.name,
        file: model.doc.file,
        severity: "error",
        refs: [model.name],
        tags: [],
        sql: `SELECT ${keys} FROM ${RECOMPUTED}.${relation} SEMI JOIN ${REUSED}.${relation} USING (${keys})`,
      };
    });
}
