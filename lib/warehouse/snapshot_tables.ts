import { type Manifest, type ObjectStore, readManifest } from "shopflow/lake/mod.ts";
import { openSession, type Session, type SessionOptions, sqlName, sqlString } from "./session.ts";

/** A DuckDB session in which every table of one snapshot is a view. */
export interface OpenSnapshot extends Session, Disposable {
  readonly manifest: Manifest;
}

/**
 * Opens a published snapshot, by default the current one, for reading.
 *
 * @throws {LakeError} when nothing was published, or a file that the manifest names is missing.
 */
export async function openSnapshot(
  store: ObjectStore,
  id?: string,
  options: SessionOptions = {},
): Promise<OpenSnapshot> {
  const manifest = await readManifest(store, id);
  const session = await openSession(options);
  for (const [name, table] of Object.entries(manifest.tables)) {
    const paths = await Promise.all(table.files.map((file) => store.localPath(file.key)));
    await session.run(
      `CREATE VIEW ${sqlName(name)} AS SELECT * FROM read_parquet([${paths.map(sqlString).join(", ")}])`,
    );
  }
  return { ...session, manifest };
}
