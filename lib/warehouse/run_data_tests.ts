import { DataTestError, WarehouseError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type DataTest, testName } from "./data_tests.ts";
import type { Session } from "./session.ts";
import type { Row } from "./values.ts";

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
 * @param remedy What to do about them, for people.
 * @throws {DataTestError} when any failed test is of severity `error`; all of them are named.
 */
export function refuseErrors(failed: FailedTest[], remedy?: string): void {
  const errors = failed.filter((test) => test.severity === "error");
  if (errors.length === 0) return;
  const many = errors.length === 1 ? "A data test" : `${errors.length} data tests`;
  throw new DataTestError(
    `${many} failed; nothing was published\n` + errors.map((error) => `  ${failureText(error)}`).join("\n"),
    { remedy },
  );
}

/** The report of tests of which none of severity `error` failed. */
export function reportOf(passed: number, failed: FailedTest[]): DataTestReport {
  return { passed, warnings: failed.filter((test) => test.severity === "warn") };
}

async function run(session: Session, test: DataTest): Promise<FailedTest | undefined> {
  try {
    const [counted] = await session.rows<{ failures: number }>(
      `SELECT count(*) AS failures FROM (\n${test.sql}\n)`,
    );
    if (counted!.failures === 0) return undefined;
    const examples = await session.rows(`SELECT * FROM (\n${test.sql}\n) ORDER BY ALL LIMIT ${EXAMPLES}`);
    return { name: testName(test), severity: test.severity, failures: counted!.failures, examples };
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
