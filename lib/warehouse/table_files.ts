import { WarehouseError } from "shopflow/errors/mod.ts";
import { fileSha256, isWhole, type ObjectStore, type SnapshotTable } from "shopflow/lake/mod.ts";
import { join } from "node:path";
import { relationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";
import type { SqlModel } from "./sql_model.ts";

/**
 * Writes a model's rows as a Parquet file `curated/<table>/<hash>.parquet` of the store. Rows are sorted by
 * the model's grain, so that equal rows give an equal file; a file that the store has whole is not written again.
 *
 * @param folder Local folder for the file until the store takes it over.
 * @throws {WarehouseError} when the model's schema file states no grain.
 */
export async function writeTableFile(
  session: Session,
  model: SqlModel,
  store: ObjectStore,
  folder: string,
): Promise<SnapshotTable> {
  const { name, doc } = model;
  if (doc.grain.length === 0) {
    throw new WarehouseError(`The SQL model ${model.file} has no grain`, {
      expected: "the columns that identify a row, as `config: { meta: { grain: […] } }` in its schema file",
      found: "none",
    });
  }
  const path = join(folder, `${name}.parquet`);
  await session.run(
    `COPY (SELECT * FROM ${relationOf(name)} ORDER BY ${doc.grain.map(sqlName).join(", ")})
     TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
  );
  const [counted] = await session.rows<{ rows: number }>(
    `SELECT count(*) AS "rows" FROM ${relationOf(name)}`,
  );
  const columns = await session.rows<{ name: string; type: string }>(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${relationOf(name)})`,
  );
  const [sha256, { size }] = await Promise.all([fileSha256(path), Deno.stat(path)]);
  const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
  const isThere = (await store.stat(key))?.size === size && await isWhole(store, { key, sha256 });
  if (isThere) await Deno.remove(path);
  else await store.moveIn(key, path);
  const { rows } = counted!;
  return { columns, rows, files: [{ key, rows, size, sha256 }] };
}
