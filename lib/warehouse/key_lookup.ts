import type { ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import type { SourceDoc } from "./schema_file.ts";
import { type Session, sqlName, sqlString } from "./session.ts";
import { parquet } from "./parquet_files.ts";

/** Words that the project's macro `clean_text` takes for a missing value, in lower case. */
const MISSING = ["", "null", "(null)", "<null>", "none", "nan", "<na>", "n/a", "#n/a", "undefined", "\\n"];
const MISSING_LIST = MISSING.map(sqlString).join(", ");

/** What makes rows of a source the same thing, compared as the project's models clean it. */
const cleanKey = (source: SourceDoc) =>
  source.key.map((column) => {
    const text = `trim(CAST(${sqlName(column)} AS VARCHAR))`;
    return `CASE WHEN lower(${text}) IN (${MISSING_LIST}) THEN '' ELSE coalesce(${text}, '') END`;
  }).join(" || chr(31) || ");

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
 * @param options.clean Whether no key of either has blanks around it, is missing or a word for that.
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

/** Whether a raw file has keys with blanks around them, without a value, or with a word for none. */
export async function hasUncleanKeys(
  session: Session,
  file: TableFile,
  source: SourceDoc,
  store: ObjectStore,
): Promise<boolean> {
  const unclean = source.key.map((column) => {
    const text = `CAST(${sqlName(column)} AS VARCHAR)`;
    return `${text} IS NULL OR ${text} <> trim(${text}) OR lower(${text}) IN (${MISSING_LIST})`;
  });
  const rows = await session.rows(
    `SELECT 1 FROM ${await parquet([file], store)} WHERE ${unclean.join(" OR ")} LIMIT 1`,
  );
  return rows.length > 0;
}
