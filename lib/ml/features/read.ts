import type { Session } from "shopflow/warehouse/mod.ts";
import type { AsOfDate } from "../as_of_date.ts";
import type { FeatureTable, SnapshotFeatures } from "./cache.ts";
import type { FeatureSet } from "./declaration.ts";
import { dateFreeRows, type FeatureOptions, featuresSql } from "./sql.ts";

/** What features are read from: a session with the curated tables, and the cache of its snapshot where it has one. */
export type FeatureSession = Pick<Session, "columns" | "floats" | "run"> & {
  readonly featureCache?: SnapshotFeatures;
};

/**
 * Reads features as of dates, in the order of the dates. Tables that the cache has are read from it. Of the others, where
 * they are several, the rows without a date are prepared once for all of them.
 *
 * Values have single precision, as models take them; NaN is not known.
 *
 * @throws {WarehouseError} when the SQL of a feature is wrong.
 */
export async function readFeatures(
  session: FeatureSession,
  set: FeatureSet,
  dates: readonly AsOfDate[],
  options: FeatureOptions = {},
): Promise<FeatureTable[]> {
  const { featureCache } = session;
  const engine = featureCache === undefined ? "" : await engineOf(session);
  const keyOf = (asOf: AsOfDate) => ({
    snapshot: featureCache?.snapshot ?? "",
    engine,
    sql: featuresSql(set, asOf, options),
  });
  const found = new Map<AsOfDate, FeatureTable>();
  const missing: AsOfDate[] = [];
  for (const asOf of new Set(dates)) {
    const cached = await featureCache?.cache.read(keyOf(asOf));
    if (cached === undefined) missing.push(asOf);
    else found.set(asOf, cached);
  }
  for await (const table of compute(session, set, missing, options)) {
    found.set(table.asOf, table);
    await featureCache?.cache.write(keyOf(table.asOf), table);
  }
  return dates.map((asOf) => found.get(asOf)).filter((table) => table !== undefined);
}

/** Names of prepared relations, which sessions side by side and calls at a time must not share. */
let preparations = 0;

async function* compute(
  session: FeatureSession,
  set: FeatureSet,
  dates: readonly AsOfDate[],
  options: FeatureOptions,
): AsyncGenerator<FeatureTable> {
  if (dates.length < 2) {
    for (const asOf of dates) yield await tableAt(session, featuresSql(set, asOf, options), asOf);
    return;
  }
  const suffix = ++preparations;
  const prepared: Record<string, string> = {};
  try {
    for (const rows of set.rows) {
      const relation = `prepared_${rows.name}_${suffix}`;
      await session.run(`CREATE TEMP TABLE ${relation} AS ${dateFreeRows(rows)}`);
      prepared[rows.name] = relation;
    }
    for (const asOf of dates) {
      yield await tableAt(session, featuresSql(set, asOf, { ...options, prepared }), asOf);
    }
  } finally {
    for (const relation of Object.values(prepared)) await session.run(`DROP TABLE ${relation}`);
  }
}

async function tableAt(session: FeatureSession, sql: string, asOf: AsOfDate): Promise<FeatureTable> {
  const { keys, names, values } = await session.floats(sql);
  return { asOf, ids: keys, matrix: { names, rows: keys.length, values } };
}

async function engineOf(session: FeatureSession): Promise<string> {
  const { version = [] } = await session.columns("SELECT version() AS version");
  return String(version[0]);
}
