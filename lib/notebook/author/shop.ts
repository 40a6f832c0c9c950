/** What a notebook reads: recorded as lineage by our runner, and in a repeated run pinned to earlier versions. */
import { fileURLToPath } from "node:url";
import { encodeJson, type ObjectStore, openStore, readOnlyStore } from "shopflow/lake/store/mod.ts";
import { LINEAGE_HOOK, type LineageEntry, PINNED_VERSIONS } from "../kernel/messages.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { type OpenSnapshot, openSnapshot, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { type ColumnTable, table as toTable } from "arquero";
import { loadConfig } from "shopflow/config/mod.ts";
import { findSnapshot } from "shopflow/lake/mod.ts";
import { resolveAsOf } from "shopflow/churn/mod.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import {
  type FeatureSession,
  openFeatureCache,
  readFeatures,
  withFeatureCache,
} from "shopflow/ml/features/mod.ts";
import { salesPeriod, valueAt } from "shopflow/ml/mod.ts";
import { earlierScoresPath, requireScores, scoresPath } from "shopflow/ml/registry/mod.ts";
import type { Business } from "shopflow/kpis/mod.ts";
import { type ImportReport, readImportReport } from "shopflow/sources/mod.ts";
import { basename, dirname } from "node:path";
import { readBusiness } from "../business_file.ts";
import type { CuratedRows } from "./curated_rows.ts";

const runner = globalThis as Record<symbol, unknown>;

let latestSnapshot: string | undefined;

/** The snapshot that this notebook or script opened last; undefined before it opened one. */
export const snapshotOpened = (): string | undefined => latestSnapshot;

/** Records what was read, where our runner runs the notebook. */
async function recordLineage(fact: LineageEntry): Promise<void> {
  if (fact.kind === "snapshot") latestSnapshot = fact.version;
  const hook = runner[LINEAGE_HOOK];
  if (typeof hook === "function") await hook(fact);
}

/** The same store; a model version whose card is read goes to the record of the run. */
function recordModelLineage(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async get(key) {
      const [, name, version] = key.match(/^models\/([^/]+)\/([^/]+)\/card\.json$/) ?? [];
      if (name && version) await recordLineage({ kind: "model", name, version });
      return await store.get(key);
    },
  };
}

/** The version that a repeated run has to read; undefined where the current one is right. */
function pinnedVersion(kind: LineageEntry["kind"], name: string): string | undefined {
  const pinnedVersions = (runner[PINNED_VERSIONS] ?? []) as LineageEntry[];
  return pinnedVersions.find((fact) => fact.kind === kind && fact.name === name)?.version;
}

/** The same store, in which the champions of a repeated run are those of the run before. */
function pinModels(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async get(key) {
      const [, name] = key.match(/^models\/([^/]+)\/champion\.json$/) ?? [];
      const version = name && pinnedVersion("model", name);
      return version
        ? { body: new Uint8Array(encodeJson({ version })), etag: version }
        : await store.get(key);
    },
  };
}

/** What a query may hold as a value. */
export type QueryValue = string | number | bigint | boolean | Date | null | QueryValue[];

/**
 * A query with its values written as SQL literals, so that a name with a quote in it is a name and not SQL. A list
 * becomes `(a, b)`, for `IN`.
 *
 * @throws {InputError} on a value that SQL has no literal for.
 */
function queryText(query: string | TemplateStringsArray, values: unknown[]): string {
  if (typeof query === "string") return query;
  return query.raw.map((text, i) => i < values.length ? text + literal(values[i]) : text).join("");
}

function literal(value: unknown): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return sqlString(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    return `TIMESTAMP ${sqlString(value.toISOString().slice(0, -1))}`;
  }
  if (Array.isArray(value) && value.length > 0) return `(${value.map(literal).join(", ")})`;
  throw new InputError("Invalid value in a query", {
    expected: "text, a finite number, true, false, a date, null, or a list of those that is not empty",
    found: Array.isArray(value) ? "an empty list" : `${typeof value} ${String(value)}`,
  });
}

/** The shop's data as a notebook sees it. */
export interface Shop {
  /** Id of the snapshot that is read. */
  readonly snapshot: string;
  /** DuckDB, in which every curated table is a view, and every current score table one named `scores_<name>`. */
  readonly session: OpenSnapshot;
  /** What the business says of itself: what is not in its file is not known, and must not be claimed. */
  readonly business: Business;
  /** The score tables by name, as far as they were published. */
  readonly scores: Readonly<Record<string, ReadScores>>;
  /** The lake's files, for reading, e.g. for `loadChampion(shop.store, "churn")`. */
  readonly store: ObjectStore;
  /** A query's result. Its columns are known to the query only, so rows are of any type unless you name it. */
  sql<Row extends object = AnyRow>(query: string): Promise<ShopTable<Row>>;
  /** The report of the import that the orders come from; undefined where they come from elsewhere. */
  importReport(orderRows: number): Promise<ImportReport | undefined>;
  /** What was known of each customer as of a date; see {@linkcode features}. */
  features(dateOrRule?: string): Promise<ShopTable<CustomerFeatures>>;
  /** A whole table or view; rows of the tables in the data dictionary have their types. */
  table: OpenTable;
}

/** A score table that is read. */
interface ReadScores {
  modelVersion: string;
  /** Their as-of date; undefined in a repeated run whose table has been replaced since. */
  asOf?: string;
  /** Whether it was made from the snapshot that is read; else the data has moved on since, or before. */
  ofThisSnapshot: boolean;
}

/** A customer with the features that models learn from; null is not known. */
export type CustomerFeatures = { customer_id: string } & Record<string, number | null>;

/** Opens a whole table or view by its name. */
interface OpenTable {
  <Name extends keyof CuratedRows>(name: Name): Promise<ShopTable<CuratedRows[Name]>>;
  <Row extends object = AnyRow>(name: string): Promise<ShopTable<Row>>;
}

/** An arquero table whose rows have a type. */
export type ShopTable<Row extends object> = { objects(options?: ObjectsOptions): Row[] } & ColumnTable;
type ObjectsOptions = Parameters<ColumnTable["objects"]>[0];
// deno-lint-ignore no-explicit-any -- what a column holds is known to the query only
type AnyRow = Record<string, any>;

/** The repository's root: settings count from there, whichever folder the notebook's kernel runs in. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

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
 * @throws {InputError} when the business file is invalid.
 */
export async function openShop(
  { snapshot = pinnedVersion("snapshot", "lake") ?? "current" }: ShopOptions = {},
): Promise<Shop> {
  const config = loadConfig(Deno.env.toObject(), ROOT);
  const business = await readBusiness(config.businessFile);
  const store = recordModelLineage(pinModels(readOnlyStore(openStore(config))));
  const session = withFeatureCache(
    await openSnapshot(store, await findSnapshot(store, snapshot)),
    openFeatureCache(config, { warn: console.warn }),
  );
  await recordLineage({ kind: "snapshot", name: "lake", version: session.manifest.id });
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
    await recordLineage({ kind: "scores", name, version });
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
    business,
    scores: tables,
    store,
    sql,
    features: (dateOrRule) => customerFeatures(session, dateOrRule),
    importReport: (orderRows) => readImportReport(config.home, orderRows),
    table: <Row extends object>(name: string) => sql<Row>(`SELECT * FROM ${sqlName(name)}`),
  };
}

async function customerFeatures(
  session: FeatureSession & Pick<OpenSnapshot, "rows">,
  dateOrRule = "latest",
): Promise<ShopTable<CustomerFeatures>> {
  const asOf = resolveAsOf(dateOrRule, await salesPeriod(session));
  const columns: Record<string, unknown[]> = {};
  for (const { ids, matrix } of await readFeatures(session, CUSTOMER_FEATURES, [asOf])) {
    columns.customer_id = ids;
    for (const [j, name] of matrix.names.entries()) {
      columns[name] = ids.map((_, row) => {
        const value = valueAt(matrix.values, row * matrix.names.length + j);
        return Number.isNaN(value) ? null : value;
      });
    }
  }
  return toTable(columns) as ShopTable<CustomerFeatures>;
}

let opened: Promise<Shop> | undefined;

/** The shop of {@linkcode sql}, {@linkcode table} and all that looks at it: opened once, so that all cells see the same snapshot. */
export function theShop(): Promise<Shop> {
  opened ??= openShop().catch((error) => {
    // The next cell may find what was missing.
    opened = undefined;
    throw error;
  });
  return opened;
}

/**
 * A query on the lake's current snapshot. Values of a template are quoted:
 * ``await sql`SELECT * FROM dim_customers WHERE city = ${city}` ``. What its rows are is known to the query only; who
 * names it, as in ``sql<{ city: string; customers: number }>`…` ``, has it checked from there on.
 *
 * @throws {LakeError} when nothing was published yet.
 * @throws {InputError} on a value that SQL has no literal for.
 */
export async function sql<Row extends object = AnyRow>(
  query: string | TemplateStringsArray,
  ...values: QueryValue[]
): Promise<ShopTable<Row>> {
  const text = queryText(query, values);
  return await (await theShop()).sql<Row>(text);
}

/**
 * A whole table or view of the lake's current snapshot: `await table("dim_customers")`. Rows of the tables in the data
 * dictionary have their types, with the meaning of each column.
 *
 * @throws {LakeError} when nothing was published yet.
 */
export const table: OpenTable = async <Row extends object>(name: string) =>
  await (await theShop()).table<Row>(name);

/**
 * What was known of each customer as of a date, one row each, with the columns of documentation/reference/features.md:
 * `await features("2024-06-01")`. The same date of the same snapshot is computed once and read from a cache afterwards.
 *
 * @param dateOrRule A date, or a rule such as `latest` (the default) or `outcomes_known - 30 days`.
 * @throws {InputError} when it is neither.
 */
export async function features(dateOrRule?: string): Promise<ShopTable<CustomerFeatures>> {
  return await (await theShop()).features(dateOrRule);
}
