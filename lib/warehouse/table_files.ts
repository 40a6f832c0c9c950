import { WarehouseError } from "shopflow/errors/mod.ts";
import type { ObjectStore, SnapshotTable } from "shopflow/lake/mod.ts";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { relationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";
import type { SqlModel } from "./sql_model.ts";

/**
 * Writes a model's rows as a Parquet file `curated/<table>/<hash>.parquet` of the store. Rows are sorted by
 * the model's grain, so that equal rows give an equal file; a file the store has already is not written again.
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
  const { sha256, size } = await digest(path);
  const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
  if ((await store.stat(key))?.size === size) await Deno.remove(path);
  else await store.moveIn(key, path);
  const { rows } = counted!;
  return { columns, rows, files: [{ key, rows, size, sha256 }] };
}

async function digest(path: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { sha256: hash.digest("hex"), size: (await Deno.stat(path)).size };
}
