import { type ColumnTable, table as toTable } from "arquero";
import { loadConfig } from "shopflow/config/mod.ts";
import { findSnapshot, type ObjectStore, openStore, readOnlyStore } from "shopflow/lake/mod.ts";
import { earlierScoresPath, requireScores, scoresPath } from "shopflow/registry/mod.ts";
import { type ImportReport, readImportReport } from "shopflow/sources/import_report.ts";
import { type OpenSnapshot, openSnapshot, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { basename, dirname, join } from "node:path";
import { noteModelReads, noteRead, pinModels, pinnedVersion } from "./reads.ts";

/** The shop's data as a notebook sees it. */
export interface Shop {
  /** Id of the snapshot that is read. */
  readonly snapshot: string;
  /** DuckDB, in which every curated table is a view, and every current score table one named `scores_<name>`. */
  readonly session: OpenSnapshot;
  /** The score tables by name, as far as they were published. */
  readonly scores: Readonly<Record<string, ReadScores>>;
  /** The lake's files, for reading, e.g. for `loadChampion(shop.store, "churn")`. */
  readonly store: ObjectStore;
  /** A query's result. Its columns are known to the query only, so rows are of any type unless you name it. */
  sql<Row extends object = AnyRow>(query: string): Promise<ShopTable<Row>>;
  /** The report of the import that the orders come from; undefined where they come from elsewhere. */
  importReport(orderRows: number): Promise<ImportReport | undefined>;
  /** A whole table or view. */
  table<Row extends object = AnyRow>(name: string): Promise<ShopTable<Row>>;
}

/** A score table that is read. */
export interface ReadScores {
  modelVersion: string;
  /** Their as-of date; undefined in a repeated run whose table has been replaced since. */
  asOf?: string;
  /** Whether it was made from the snapshot that is read; else the data has moved on since, or before. */
  ofThisSnapshot: boolean;
}

/** An arquero table whose rows have a type. */
export type ShopTable<Row extends object> = { objects(options?: ObjectsOptions): Row[] } & ColumnTable;
type ObjectsOptions = Parameters<ColumnTable["objects"]>[0];
// deno-lint-ignore no-explicit-any -- what a column holds is known to the query only
type AnyRow = Record<string, any>;

/** The repository's root: settings count from there, whichever folder the notebook's kernel runs in. */
const ROOT = join(import.meta.dirname!, "..", "..");

/** How a notebook wants the shop. */
export interface ShopOptions {
  /** Id of a kept snapshot, or its beginning, to see the tables as they were then. */
  snapshot?: string;
}

/**
 * Opens the lake that `SHOPFLOW_HOME` and `SHOPFLOW_LAKE` name, by default at its current snapshot, or in a
 * repeated run at that of the run before. The score tables are the current ones, or those of the run before.
 *
 * @throws {LakeError} when nothing was published there, or there is no such snapshot.
 */
export async function openShop(
  { snapshot = pinnedVersion("snapshot", "lake") ?? "current" }: ShopOptions = {},
): Promise<Shop> {
  const config = loadConfig(Deno.env.toObject(), ROOT);
  const store = noteModelReads(pinModels(readOnlyStore(openStore(config))));
  const session = await openSnapshot(store, await findSnapshot(store, snapshot));
  await noteRead({ kind: "snapshot", name: "lake", version: session.manifest.id });
  const tables: Record<string, ReadScores> = {};
  for (const { key } of await store.list("scores/")) {
    if (!key.endsWith("/current.json")) continue;
    const name = basename(dirname(key));
    const scores = await requireScores(store, name);
    const current = basename(scores.key, ".parquet");
    const version = pinnedVersion("scores", name) ?? current;
    const path = version === current
      ? await scoresPath(store, scores)
      : await earlierScoresPath(store, name, version);
    await noteRead({ kind: "scores", name, version });
    tables[name] = {
      // A file is named <snapshot>-<model version>-<hash of the content>.
      modelVersion: version.split("-").slice(1, -1).join("-"),
      ofThisSnapshot: version.startsWith(`${session.manifest.id}-`),
      ...(version === current && { asOf: scores.asOf }),
    };
    await session.run(
      `CREATE VIEW ${sqlName(`scores_${name}`)} AS SELECT * FROM read_parquet(${sqlString(path)})`,
    );
  }
  const sql = async <Row extends object>(query: string) =>
    toTable(await session.columns(query)) as ShopTable<Row>;
  return {
    snapshot: session.manifest.id,
    session,
    scores: tables,
    store,
    sql,
    importReport: (orderRows) => readImportReport(config.home, orderRows),
    table: (name) => sql(`SELECT * FROM ${sqlName(name)}`),
  };
}
