import { type ColumnTable, table as toTable } from "arquero";
import { loadConfig } from "shopflow/config/mod.ts";
import { findSnapshot, type ObjectStore, openStore, readJson, readOnlyStore } from "shopflow/lake/mod.ts";
import type { ScoreTable } from "shopflow/registry/mod.ts";
import { type OpenSnapshot, openSnapshot, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { READ_HOOK, type ReadFact } from "./jupyter/kernel_messages.ts";

/** The shop's data as a notebook sees it. */
export interface Shop {
  /** Id of the snapshot that is read. */
  readonly snapshot: string;
  /** DuckDB, in which every curated table is a view, and every current score table one named `scores_<name>`. */
  readonly session: OpenSnapshot;
  /** The lake's files, for reading, e.g. for `loadChampion(shop.store, "churn")`. */
  readonly store: ObjectStore;
  /** A query's result. */
  sql(query: string): Promise<ColumnTable>;
  /** A whole table or view. */
  table(name: string): Promise<ColumnTable>;
}

/** The repository's root: settings count from there, whichever folder the notebook's kernel runs in. */
const ROOT = join(import.meta.dirname!, "..", "..");

/** How a notebook wants the shop. */
export interface ShopOptions {
  /** Id of a kept snapshot, or its beginning, to see the tables as they were then. */
  snapshot?: string;
}

/**
 * Opens the lake that `SHOPFLOW_HOME` and `SHOPFLOW_LAKE` name, by default at its current snapshot. The score
 * tables are the current ones in any case.
 *
 * @throws {LakeError} when nothing was published there, or there is no such snapshot.
 */
export async function openShop({ snapshot = "current" }: ShopOptions = {}): Promise<Shop> {
  const config = loadConfig(Deno.env.toObject(), ROOT);
  const store = noteModelReads(readOnlyStore(openStore(config)));
  const session = await openSnapshot(store, await findSnapshot(store, snapshot));
  await noteRead({ kind: "snapshot", name: "lake", version: session.manifest.id });
  for (const { key } of await store.list("scores/")) {
    if (!key.endsWith("/current.json")) continue;
    const scores = (await readJson<ScoreTable>(store, key))!.value;
    const path = await store.localPath(scores.key);
    await session.run(
      `CREATE VIEW ${sqlName(`scores_${scores.name}`)} AS SELECT * FROM read_parquet(${sqlString(path)})`,
    );
  }
  const sql = async (query: string) => toTable(await session.columns(query));
  return {
    snapshot: session.manifest.id,
    session,
    store,
    sql,
    table: (name) => sql(`SELECT * FROM ${sqlName(name)}`),
  };
}

/** Tells our runner, if it is one that runs the notebook, what was read. */
async function noteRead(fact: ReadFact): Promise<void> {
  const hook = (globalThis as Record<symbol, unknown>)[READ_HOOK];
  if (typeof hook === "function") await hook(fact);
}

/** The same store; a model version whose card is read goes to the record of the run. */
function noteModelReads(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async get(key) {
      const [, name, version] = key.match(/^models\/([^/]+)\/([^/]+)\/card\.json$/) ?? [];
      if (name && version) await noteRead({ kind: "model", name, version });
      return await store.get(key);
    },
  };
}
