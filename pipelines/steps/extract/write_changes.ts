import { fileSha256 } from "shopflow/lake/store/mod.ts";
import { type RawFile, rawKey, type RawTable } from "shopflow/lake/mod.ts";
import type { ExtractedTable } from "shopflow/sources/mod.ts";
import { type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { columnNames, digestOf, nameList } from "./row_sql.ts";

/** A run's file of a table, still on the local disk. */
interface WrittenChanges {
  path: string;
  file: RawFile;
  /** Hash of the table with this file. */
  contentSha256: string;
}

/**
 * Writes the changes that a session found as a Parquet file, in the order of the watched column, so that readers
 * of a time can pass over the rest.
 *
 * @returns undefined when nothing changed.
 */
export async function writeChanges(
  session: Session,
  table: ExtractedTable,
  path: string,
  { known, run, extractedAt }: { known: RawTable | undefined; run: string; extractedAt: string },
): Promise<WrittenChanges | undefined> {
  const names = columnNames(table);
  const columns = nameList(names);
  const time = table.strategy.kind === "watermark" ? [table.strategy.column] : [];
  const mark = `TIMESTAMP ${sqlString(extractedAt.slice(0, -1))} AS _extracted_at, ${sqlString(run)} AS _run`;
  await session.run(
    `COPY (
       SELECT ${columns}, ${mark}, false AS _deleted FROM changed_rows
       UNION ALL SELECT ${columns}, ${mark}, true AS _deleted FROM vanished_rows
       ORDER BY ${nameList([...time, ...table.mergeKey, ...names])}
     ) TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const [content] = await session.rows<{ rows: number; digest: string | null }>(
    `SELECT count(*) AS rows, CAST(${digestOf([...names, "_deleted"])} AS VARCHAR) AS digest
     FROM read_parquet(${sqlString(path)})`,
  );
  const { rows, digest } = content!;
  // A table without rows is extracted too: whoever reads the raw layer finds its columns.
  if (rows === 0 && known !== undefined) return undefined;
  const contentSha256 = hashOf([known?.contentSha256 ?? "", table.columns, rows, digest]);
  const { size } = await Deno.stat(path);
  const sha256 = await fileSha256(path);
  const key = rawKey(table.name, run);
  return { path, file: { key, rows, size, sha256, run, extractedAt }, contentSha256 };
}

const hashOf = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
