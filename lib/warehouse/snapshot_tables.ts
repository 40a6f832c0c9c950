import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import { type Manifest, type ObjectStore, readManifest, type SnapshotTable } from "shopflow/lake/mod.ts";
import { openSession, type Session, type SessionOptions, sqlName, sqlString } from "./session.ts";

/** A DuckDB session in which every table of one snapshot is a view. */
export interface OpenSnapshot extends Session, Disposable {
  readonly manifest: Manifest;
}

/**
 * Opens a published snapshot, by default the current one, for reading.
 *
 * @throws {LakeError} when nothing was published, or a file that the manifest names is missing or unreadable.
 */
export async function openSnapshot(
  store: ObjectStore,
  id?: string,
  options: SessionOptions = {},
): Promise<OpenSnapshot> {
  const manifest = await readManifest(store, id);
  const session = await openSession(options);
  try {
    for (const [name, table] of Object.entries(manifest.tables)) {
      await createView(session, name, table, store);
    }
  } catch (error) {
    session.close();
    throw error;
  }
  return { ...session, manifest };
}

async function createView(
  session: Session,
  name: string,
  table: SnapshotTable,
  store: ObjectStore,
): Promise<void> {
  const paths = await Promise.all(table.files.map((file) => store.localPath(file.key)));
  const list = paths.map(sqlString).join(", ");
  try {
    await session.run(`CREATE VIEW ${sqlName(name)} AS SELECT * FROM read_parquet([${list}])`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`The table ${name} of the lake cannot be read`, {
      expected: "Parquet files",
      found: table.files.map((file) => file.key).join(", ") + ` in ${store.url}`,
      remedy: "Delete the broken file and run `deno task pipeline run transform --force`.",
      cause,
    });
  }
}
