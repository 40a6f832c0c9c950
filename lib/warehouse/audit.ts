import type { Manifest } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { type Candidate, computing } from "./build_models.ts";
import type { DataTest } from "./data_tests.ts";
import { KEPT, TOUCHED } from "./monthly_tables.ts";
import {
  type DataTestReport,
  type FailedTest,
  findFailures,
  refuseErrors,
  reportOf,
} from "./run_data_tests.ts";
import { relationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";

/** Where the rows of each table of the former snapshot are counted, for tests that compare with it. */
export const FORMER_TABLES = "main.former_tables";

/** Kinds of data tests that say something of a table as a whole; others look at its rows one by one or by key. */
const OF_WHOLE_TABLES = new Set(["row_count_change", "as_fresh_as_the_others", "as_the_source_counted"]);

/**
 * Runs the data tests on the candidate of a snapshot. Of tables kept by month the computed months are tested, the
 * others were when they were computed; that no key is in both is tested too.
 *
 * @param keep Is given each failed test of severity `error` while its query still works, to keep its rows.
 * @throws {DataTestError} when a test of severity `error` fails.
 */
export async function audit(
  session: Session,
  tests: DataTest[],
  candidate: Candidate,
  runtime: Runtime,
  keep: (test: DataTest, failure: FailedTest) => Promise<void>,
): Promise<DataTestReport> {
  const isWhole = ({ kind }: DataTest) => OF_WHOLE_TABLES.has(kind);
  const results = [
    await computing(
      session,
      () => findFailures(session, tests.filter((test) => !isWhole(test)), runtime, keep),
    ),
    await findFailures(session, [...tests.filter(isWhole), ...crossMonthTests(candidate)], runtime, keep),
  ];
  const failed = results.flatMap((result) => result.failed);
  refuseErrors(failed, "All such rows: `deno task lake quarantine`.");
  return reportOf(results.reduce((sum, { passed }) => sum + passed, 0), failed);
}

/** Makes the relation that `row_count_change` compares with. */
export async function createFormerTables(session: Session, former: Manifest | undefined): Promise<void> {
  await session.run(`CREATE TABLE ${FORMER_TABLES} (table_name VARCHAR, "rows" BIGINT)`);
  const counts = Object.entries(former?.tables ?? {}).map(([name, { rows }]) =>
    `(${sqlString(name)}, ${rows})`
  );
  if (counts.length > 0) await session.run(`INSERT INTO ${FORMER_TABLES} VALUES ${counts.join(", ")}`);
}

/** Where what the sources counted is, for tests that compare with it. */
export const SOURCE_FIGURES = "main.source_figures";

/** Rows and exact sums of money and pieces, as text, by source table and month. */
export type SourceFigures = Record<
  string,
  Record<string, { rows: number; amount: string; quantity: string }>
>;

/** Makes the relation that `as_the_source_counted` compares with. */
export async function createSourceFigures(session: Session, figures: SourceFigures = {}): Promise<void> {
  await session.run(`CREATE TABLE ${SOURCE_FIGURES}
    (source_table VARCHAR, "month" VARCHAR, "rows" BIGINT, amount DECIMAL(38, 2), quantity HUGEINT)`);
  const rows = Object.entries(figures).flatMap(([table, months]) =>
    // A table that the source says is empty is named too: it is not one that nothing is known of.
    Object.entries({ undated: { rows: 0, amount: "0", quantity: "0" }, ...months }).map((
      [month, { rows, amount, quantity }],
    ) => `(${sqlString(table)}, ${sqlString(month)}, ${rows}, ${sqlString(amount)}, ${sqlString(quantity)})`)
  );
  if (rows.length > 0) await session.run(`INSERT INTO ${SOURCE_FIGURES} VALUES ${rows.join(", ")}`);
}

function crossMonthTests({ monthly, touched }: Candidate): DataTest[] {
  if (touched === undefined) return [];
  return [...monthly.values()]
    .filter(({ model }) => !model.doc.grain.includes(model.doc.partition!.by))
    .map(({ model }) => {
      const keys = model.doc.grain.map(sqlName).join(", ");
      const relation = relationOf(model.name);
      return {
        kind: "key_in_one_month",
        model: model.name,
        file: model.doc.file,
        severity: "error",
        sql: `SELECT ${keys} FROM ${TOUCHED}.${relation} SEMI JOIN ${KEPT}.${relation} USING (${keys})`,
      };
    });
}
