import { SourceError } from "shopflow/errors/mod.ts";
import { fileSha256, type ObjectStore, rawKey, type RawTable } from "shopflow/lake/mod.ts";
import type { CopiedTable } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";

/**
 * Writes a copied table as Parquet with `_extracted_at` and `_run`, and moves it into the raw layer.
 *
 * @throws {SourceError} when a value does not fit the lake's type or rows got lost.
 */
export async function storeTable(
  session: Session,
  store: ObjectStore,
  table: CopiedTable,
  { run, extractedAt }: { run: string; extractedAt: string },
): Promise<RawTable> {
  const path = `${table.path}.parquet`;
  const columns = table.columns.map(({ name, lakeType }) => `${sqlString(name)}: ${sqlString(lakeType)}`);
  try {
    const written = await session.rows<{ Count: number }>(
      `COPY (
         SELECT ${table.columns.map(({ name }) => sqlName(name)).join(", ")},
                TIMESTAMP ${sqlString(extractedAt.slice(0, -1))} AS _extracted_at,
                ${sqlString(run)} AS _run
         FROM read_csv(${sqlString(table.path)}, columns = {${columns.join(", ")}}, auto_detect = false,
                       header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
                       allow_quoted_nulls = false)
       ) TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    if (written[0]?.Count !== table.rows) {
      throw new SourceError(`Table ${table.name} did not arrive whole`, {
        expected: `${table.rows} rows`,
        found: `${written[0]?.Count}`,
      });
    }
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(`Rows of table ${table.name} do not fit the lake's types`, {
      remedy: "The cause names row and value; correct it in the shop's database.",
      cause,
    });
  }
  const [sha256, { size }] = await Promise.all([fileSha256(path), Deno.stat(path)]);
  const key = rawKey(table.name, run);
  await store.moveIn(key, path);
  return { key, rows: table.rows, size, sha256, contentSha256: table.contentSha256 };
}
