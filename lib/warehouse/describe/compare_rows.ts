import type { Manifest, TableDifference, TableFile } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { type Session, sqlName, sqlString } from "../session.ts";

/** How the rows of a table differ between two snapshots, counted by key. */
export interface RowDifference {
  added: number;
  removed: number;
  /** Rows of the same key whose other columns differ, among the columns that both snapshots have. */
  changed: number;
}

/**
 * Compares the rows of a table by its grain. Only files that the other snapshot does not have are read: a row of a
 * shared file is the same row. Undefined when the key columns are not in both snapshots or identify no row.
 *
 * @param grain Columns that identify a row.
 */
export async function compareRows(
  session: Session,
  store: ObjectStore,
  { table, filesAdded, filesRemoved }: TableDifference,
  [before, after]: [Manifest, Manifest],
  grain: string[],
): Promise<RowDifference | undefined> {
  const count = (files: TableFile[]) => files.reduce((sum, file) => sum + file.rows, 0);
  if (filesRemoved.length === 0) return { added: count(filesAdded), removed: 0, changed: 0 };
  if (filesAdded.length === 0) return { added: 0, removed: count(filesRemoved), changed: 0 };
  const typesIn = ({ tables }: Manifest) =>
    new Map((tables[table]?.columns ?? []).map(({ name, type }) => [name, type]));
  const typesBefore = typesIn(before), typesAfter = typesIn(after);
  const shared = [...typesBefore.keys()].filter((name) => typesAfter.has(name));
  if (grain.length === 0 || grain.some((name) => !shared.includes(name))) return undefined;

  const retyped = (name: string) => typesBefore.get(name) !== typesAfter.get(name);
  const columns = shared.map((name) =>
    retyped(name) ? `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}` : sqlName(name)
  );
  await session.run(`CREATE OR REPLACE TEMP VIEW _before AS ${await rowsOf(store, filesRemoved, columns)}`);
  await session.run(`CREATE OR REPLACE TEMP VIEW _after AS ${await rowsOf(store, filesAdded, columns)}`);
  const key = grain.map(sqlName).join(", ");
  for (const side of ["_before", "_after"]) {
    const copies = await session.rows(
      `SELECT ${key} FROM ${side} GROUP BY ${key} HAVING count(*) > 1 LIMIT 1`,
    );
    if (copies.length > 0) return undefined;
  }
  const on = grain.map((name) => `b.${sqlName(name)} IS NOT DISTINCT FROM a.${sqlName(name)}`).join(" AND ");
  const rest = shared.filter((name) => !grain.includes(name));
  const differs = rest.map((name) => `b.${sqlName(name)} IS DISTINCT FROM a.${sqlName(name)}`).join(" OR ");
  const [counts] = await session.rows<RowDifference>(
    `SELECT count(*) FILTER (WHERE b._side IS NULL) AS added,
            count(*) FILTER (WHERE a._side IS NULL) AS removed,
            count(*) FILTER (WHERE a._side AND b._side AND (${differs || "false"})) AS changed
     FROM _before AS b FULL JOIN _after AS a ON ${on}`,
  );
  return counts;
}

async function rowsOf(store: ObjectStore, files: TableFile[], columns: string[]): Promise<string> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  return `SELECT ${columns.join(", ")}, true AS _side
    FROM read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`;
}
