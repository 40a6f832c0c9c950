/**
 * Customers' features of 100,000 customers as of twelve dates: the first time, again from the cache, beside the plain
 * query of each date in the same DuckDB, and beside Polars where a Python has it (`SHOPFLOW_BENCH_PYTHON`, default
 * `python3`). What Polars finds must be the same.
 */
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { addDays, type AsOfDate, checkAsOf } from "shopflow/ml/mod.ts";
import { featuresSql, readFeatures } from "shopflow/ml/features/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { createFeatureCache, type FeatureTable } from "../../../lib/ml/features/cache.ts";
import { openChurnShop } from "../../fixtures/churn_shop.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 100_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const TABLES = ["fact_orders", "fact_events", "fact_support_tickets", "dim_products"];
const DATES = Array.from({ length: 12 }, (_, i) => addDays(checkAsOf("2024-12-01"), -30 * (11 - i)));

interface PeerResult {
  seconds: number;
  sums: Record<string, number>[];
  version: string;
}

async function main(folder: string): Promise<void> {
  const counts = await writeShop(folder);
  using session = await openSession();
  for (const table of TABLES) {
    await session.run(
      `CREATE VIEW ${table} AS FROM read_parquet(${sqlString(join(folder, `${table}.parquet`))})`,
    );
  }
  const seconds: Record<"floor" | "first" | "again" | "polars", number[]> = {
    floor: [],
    first: [],
    again: [],
    polars: [],
  };
  let version: string | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`round ${round + 1} of ${ROUNDS}`);
    seconds.floor.push(
      await timed(async () => {
        for (const asOf of DATES) {
          await session.run(`CREATE OR REPLACE TEMP TABLE plain AS ${featuresSql(CUSTOMER_FEATURES, asOf)}`);
        }
      }),
    );
    const store = createDirectoryStore(join(folder, `cache_${round}`), { sync: false });
    const cached = {
      ...session,
      featureCache: { cache: createFeatureCache(store, { mostBytes: 4e9 }), snapshot: "s" },
    };
    let tables: FeatureTable[] = [];
    const read = async () => {
      tables = await readFeatures(cached, CUSTOMER_FEATURES, DATES);
    };
    seconds.first.push(await timed(read));
    seconds.again.push(await timed(read));
    const peer = await polars(folder, DATES);
    if (peer === undefined) continue;
    version = peer.version;
    seconds.polars.push(peer.seconds);
    checkSame(tables, peer);
  }
  const first = median(seconds.first);
  const line = (name: string, values: number[]) =>
    `| ${name} | ${median(values).toFixed(2)} s | ${(first / median(values)).toPrecision(3)} |`;
  console.log(`## features

${CUSTOMER_FEATURES.names.length} features of ${
    formatCount(CUSTOMERS)
  } customers as of ${DATES.length} dates, from ${counts}; medians of ${ROUNDS} rounds.

| | time | ours, the first time, takes so many times as long |
| --- | ---: | ---: |
${line("ours, the first time, kept in the cache", seconds.first)}
${line("ours, again", seconds.again)}
${line("floor: the plain query of each date, its result left in DuckDB", seconds.floor)}
${
    version === undefined
      ? "| Polars | not measured: no Python with Polars | |"
      : line(`Polars ${version}, the same values, left in memory`, seconds.polars)
  }`);
}

async function writeShop(folder: string): Promise<string> {
  using shop = await openChurnShop({ customers: CUSTOMERS });
  const counts: string[] = [];
  for (const table of TABLES) {
    await shop.run(`COPY ${table} TO ${sqlString(join(folder, `${table}.parquet`))} (FORMAT parquet)`);
    const [row] = await shop.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`);
    if (table.startsWith("fact_")) counts.push(`${formatCount(row?.rows ?? 0)} rows of \`${table}\``);
  }
  return counts.join(", ");
}

async function polars(folder: string, dates: readonly AsOfDate[]): Promise<PeerResult | undefined> {
  const python = Deno.env.get("SHOPFLOW_BENCH_PYTHON") ?? "python3";
  const has = await new Deno.Command(python, { args: ["-c", "import polars"], stderr: "null" }).output();
  if (!has.success) return undefined;
  const { success, stdout } = await new Deno.Command(python, {
    args: [join(import.meta.dirname!, "polars_peer.py"), folder, ...dates],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the peer failed: what it said stands above");
  return JSON.parse(new TextDecoder().decode(stdout)) as PeerResult;
}

/** @throws {Error} when the peer's sums of a feature differ by more than single precision explains. */
function checkSame(tables: readonly FeatureTable[], { sums }: PeerResult): void {
  for (const [i, { asOf, ids, matrix }] of tables.entries()) {
    for (const [j, name] of matrix.names.entries()) {
      let sum = 0;
      for (let row = 0; row < ids.length; row++) sum += matrix.values[row * matrix.names.length + j] || 0;
      const theirs = sums[i]?.[name] ?? NaN;
      if (!(Math.abs(sum - theirs) <= 1e-4 * Math.max(1, Math.abs(sum)))) {
        throw new Error(`${name} as of ${asOf}: the sum is ${sum}, that of Polars ${theirs}`);
      }
    }
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

const folder = await Deno.makeTempDir({ prefix: "shopflow_bench_features_" });
try {
  await main(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
