import { readManifest, type TableFile } from "shopflow/lake/mod.ts";
import { type ObjectStore, verifiedPath } from "shopflow/lake/store/mod.ts";
import { openSession, sqlString } from "./session.ts";

const REMEDY = "Run `deno task pipeline run transform --force` to build it again.";

/**
 * The day of a snapshot's newest order, `2026-11-29`: of the rows that are sales, known customers or not. Only the files
 * of the last months are read, so that it costs the same for any history.
 *
 * @returns undefined when the snapshot has no sale, or no table of orders.
 * @throws {LakeError} when there is no such snapshot, or a file of its last month is missing or was changed.
 */
export async function lastOrderDay(store: ObjectStore, snapshotId: string): Promise<string | undefined> {
  const { tables: { fact_orders: orders } } = await readManifest(store, snapshotId);
  if (orders === undefined) return undefined;
  for (const files of byMonth(orders.files)) {
    const day = await newestDay(store, files);
    if (day !== undefined) return day;
  }
}

/** The files of each month, the newest first; of a table that is not kept by month all at once. */
function byMonth(files: TableFile[]): TableFile[][] {
  const months = Map.groupBy(files, ({ partition = "" }) => partition);
  return [...months].toSorted(([a], [b]) => a < b ? 1 : -1).map(([, files]) => files);
}

async function newestDay(store: ObjectStore, files: TableFile[]): Promise<string | undefined> {
  const paths: string[] = [];
  for (const file of files) paths.push(await verifiedPath(store, file, REMEDY));
  using session = await openSession({ threads: 1 });
  const [newest] = await session.rows<{ day: string | null }>(
    `SELECT CAST(max(CAST(order_date AS DATE)) AS VARCHAR) AS day
     FROM read_parquet([${paths.map(sqlString).join(", ")}]) WHERE line_type = 'sale'`,
  );
  return newest?.day ?? undefined;
}
