import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import { type Manifest, readManifest, type SnapshotTable } from "shopflow/lake/mod.ts";
import { assertIntact, type ObjectStore, verifiedPath } from "shopflow/lake/store/mod.ts";
import {
  mayBeDamage,
  openSession,
  type Session,
  type SessionOptions,
  sqlName,
  sqlString,
} from "./session.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import {
  createControlTotals,
  createPreviousRowCounts,
  type FailedTest,
  findFailures,
} from "./build/audit.ts";
import { relationOf, sourceRelationOf } from "./relation.ts";
import type { SqlProject } from "./project/project.ts";

/** A DuckDB session in which every table of one snapshot is a view. */
export interface OpenSnapshot extends Session, Disposable {
  readonly manifest: Manifest;
}

/** How a snapshot is opened. */
interface OpenSnapshotOptions extends SessionOptions {
  /** The tables that are wanted; by default all. */
  tables?: string[];
}

const REMEDY = "Run `deno task pipeline run transform --force` to build it again.";

/**
 * Opens a published snapshot, by default the current one, for reading, after the hashes of its files were compared
 * with those of the manifest. A query that fails because a file was damaged since throws a LakeError that names the
 * file.
 *
 * @throws {LakeError} when nothing was published, or a file that the manifest names is missing, was changed or cannot
 *   be read.
 */
export async function openSnapshot(
  store: ObjectStore,
  id?: string,
  { tables, ...options }: OpenSnapshotOptions = {},
): Promise<OpenSnapshot> {
  const manifest = await readManifest(store, id);
  const session = await openSession(options);
  try {
    for (const [name, table] of Object.entries(manifest.tables)) {
      if (tables?.includes(name) === false) continue;
      await createView(session, name, table, store);
    }
  } catch (error) {
    session.close();
    throw error;
  }
  const explained = async <T>(query: Promise<T>) => {
    try {
      return await query;
    } catch (cause) {
      const files = Object.values(manifest.tables).flatMap((table) => table.files);
      if (mayBeDamage(cause)) await assertIntact(store, files, { remedy: REMEDY, cause });
      throw cause;
    }
  };
  return {
    ...session,
    manifest,
    run: (sql) => explained(session.run(sql)),
    rows: (sql, parameters) => explained(session.rows(sql, parameters)),
    columns: (sql) => explained(session.columns(sql)),
    floats: (sql) => explained(session.floats(sql)),
  };
}

async function createView(
  session: Session,
  name: string,
  table: SnapshotTable,
  store: ObjectStore,
): Promise<void> {
  const paths: string[] = [];
  // One after the other: a table of many months would otherwise have them all open.
  for (const file of table.files) paths.push(await verifiedPath(store, file, REMEDY));
  const list = paths.map(sqlString).join(", ");
  try {
    await session.run(`CREATE VIEW ${sqlName(name)} AS SELECT * FROM read_parquet([${list}])`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`The table ${name} of the lake cannot be read`, {
      expected: "Parquet files",
      found: table.files.map((file) => file.key).join(", ") + ` in ${store.url}`,
      remedy: REMEDY,
      cause,
    });
  }
}

/** What the data tests say of a published snapshot. */
interface SnapshotTests {
  passed: number;
  failed: FailedTest[];
  /** Tests that look at models that are not published, and so cannot be run again. */
  leftOut: number;
}

/**
 * Runs the data tests on the tables of a published snapshot. A publish tests the months that it computed; this tests
 * all of them, with the tests as they are now. Tests that compare with a previous snapshot or with the sources find
 * nothing here: they are about the moment of the publish.
 *
 * @throws {WarehouseError | LakeError} when a table or a test cannot be read.
 */
export async function testSnapshot(
  snapshot: OpenSnapshot,
  project: SqlProject,
  runtime: Runtime,
): Promise<SnapshotTests> {
  const published = new Set(Object.keys(snapshot.manifest.tables));
  const others = project.models.filter(({ name }) => !published.has(name)).map(({ name }) =>
    relationOf(name)
  );
  others.push(...project.sources.map(sourceRelationOf));
  const tests = project.tests.filter(({ sql }) => !others.some((relation) => sql.includes(relation)));
  await createPreviousRowCounts(snapshot, undefined);
  await createControlTotals(snapshot);
  const { passed, failed } = await findFailures(snapshot, tests, runtime);
  return { passed, failed, leftOut: project.tests.length - tests.length };
}
