import type { ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import { sqlString } from "./session.ts";

/** SQL that reads Parquet files of the store. */
export async function parquet(files: TableFile[], store: ObjectStore): Promise<string> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  return `read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`;
}
