import type { ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import type { SourceDoc } from "./schema_file.ts";
import { type Session, sqlName } from "./session.ts";
import { parquet } from "./parquet_files.ts";

/** What makes rows of a source the same thing, compared as the project's models clean it. */
const cleanKey = (source: SourceDoc) =>
  source.key.map((column) => `coalesce(trim(CAST(${sqlName(column)} AS VARCHAR)), '')`).join(
    " || chr(31) || ",
  );

/** The columns of a source's key. */
export const keyColumns = (source: SourceDoc) => source.key.map(sqlName).join(", ");

/**
 * What follows FROM for the rows of a relation whose key is among those of another.
 *
 * Keys are compared as the models clean them. Where no key needs cleaning the columns themselves are joined: then DuckDB
 * passes over the parts of Parquet files whose least and greatest key say that they hold none of those wanted, which
 * with ids that grow is nearly all of a history.
 *
 * @param keys A relation with the key's columns.
 * @param options.clean Whether no key of either has blanks around it or is missing.
 */
export function rowsOfKeys(
  source: SourceDoc,
  relation: string,
  keys: string,
  { clean }: { clean: boolean },
): string {
  return clean
    ? `${relation} SEMI JOIN (SELECT ${keyColumns(source)} FROM ${keys}) AS wanted USING (${
      keyColumns(source)
    })`
    : `${relation} WHERE ${cleanKey(source)} IN (SELECT ${cleanKey(source)} FROM ${keys})`;
}

/** Whether a raw file has keys with blanks around them, or without a value. */
export async function hasUncleanKeys(
  session: Session,
  file: TableFile,
  source: SourceDoc,
  store: ObjectStore,
): Promise<boolean> {
  const unclean = source.key.map((column) => {
    const text = `CAST(${sqlName(column)} AS VARCHAR)`;
    return `${text} IS NULL OR ${text} = '' OR ${text} <> trim(${text})`;
  });
  const rows = await session.rows(
    `SELECT 1 FROM ${await parquet([file], store)} WHERE ${unclean.join(" OR ")} LIMIT 1`,
  );
  return rows.length > 0;
}
