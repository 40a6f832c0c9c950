import type { Runtime } from "shopflow/runtime/mod.ts";
import { createFormerTables, createSourceFigures } from "./audit.ts";
import { type FailedTest, findFailures } from "./run_data_tests.ts";
import { relationOf } from "./scope.ts";
import type { OpenSnapshot } from "./snapshot_tables.ts";
import { publishedModels, type SqlProject } from "./sql_model.ts";

/** What the data tests say of a published snapshot. */
export interface SnapshotTests {
  passed: number;
  failed: FailedTest[];
  /** Tests that look at models that are not published, and so cannot be run again. */
  leftOut: number;
}

/**
 * Runs the data tests on the tables of a published snapshot. A publish tests the months that it computed; this tests
 * all of them, with the tests as they are now. Tests that compare with a former snapshot or with the sources find
 * nothing here: they are about the moment of the publish.
 *
 * @throws {WarehouseError | LakeError} when a table or a test cannot be read.
 */
export async function testSnapshot(
  snapshot: OpenSnapshot,
  project: SqlProject,
  runtime: Runtime,
): Promise<SnapshotTests> {
  const published = new Set(publishedModels(project).map(({ name }) => name));
  const others = project.models.filter(({ name }) => !published.has(name)).map(({ name }) =>
    relationOf(name)
  );
  const tests = project.tests.filter(({ sql }) => !others.some((relation) => sql.includes(relation)));
  await createFormerTables(snapshot, undefined);
  await createSourceFigures(snapshot);
  const { passed, failed } = await findFailures(snapshot, tests, runtime);
  return { passed, failed, leftOut: project.tests.length - tests.length };
}
