/**
 * A shop of full size out of PostgreSQL and the MongoDB-protocol server into a published star schema, beside the floor
 * and the same job with Python's tools, in turns. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_CUSTOMERS` (100000) sets the size, `SHOPFLOW_TEST_ROUNDS` (3) how often each is measured.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { dirname, join } from "node:path";
import { simulateIntoSources } from "../../../pipelines/commands/simulate.ts";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { TEST_DBT } from "../../requirements.ts";
import { measure, type Measurement } from "../process_tree.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 100_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const HERE = import.meta.dirname!;
const PIPELINES = join(HERE, "..", "..", "..", "pipelines", "main.ts");

/** Runs pipelines on these servers as a process of its own. */
export function measurePipelines(
  { config }: Servers["context"],
  home: string,
  names: string[],
): Promise<Measurement> {
  return measure([Deno.execPath(), "run", "-A", PIPELINES, "run", ...names], {
    env: {
      SHOPFLOW_POSTGRES_URL: config.postgresUrl,
      SHOPFLOW_MONGODB_URL: config.ticketsUrl,
      SHOPFLOW_HOME: home,
      SHOPFLOW_LAKE: "",
    },
  });
}

async function inFolder({ config }: Servers["context"], command: (folder: string) => string[]) {
  const folder = await Deno.makeTempDir({ dir: config.home });
  const measured = await measure(command(folder));
  await Deno.remove(folder, { recursive: true });
  return measured;
}

/** The least that has to be done for the lake in `home`. */
export function measureFloor(context: Servers["context"], home: string): Promise<Measurement> {
  const { postgresUrl, ticketsUrl } = context.config;
  return inFolder(context, (folder) => [
    ...[Deno.execPath(), "run", "-A", join(HERE, "floor.ts")],
    ...[postgresUrl, ticketsUrl, join(home, "lake"), folder],
  ]);
}

/** Ours, the floor and the peer, once each; the lake of ours stays in `home`. */
async function measureRound(context: Servers["context"], home: string) {
  const { postgresUrl, ticketsUrl } = context.config;
  const ours = await measurePipelines(context, home, ["extract", "transform"]);
  const floor = await measureFloor(context, home);
  const peer = await inFolder(context, (folder) => [
    ...[join(dirname(TEST_DBT), "python"), join(HERE, "python_peer.py")],
    ...[postgresUrl, ticketsUrl, folder, WAREHOUSE_PROJECT, TEST_DBT],
  ]);
  return { ours, floor, peer };
}

const quickest = (all: Measurement[]) =>
  all.reduce((best, measured) => measured.seconds < best.seconds ? measured : best);

function row(name: string, measured: Measurement, ours: Measurement): string {
  const ratio = (measured.seconds / ours.seconds).toFixed(2);
  return `| ${name} | ${measured.seconds.toFixed(1)} s | ${ratio} | ${
    (measured.peakBytes / 2 ** 30).toFixed(2)
  } GiB |`;
}

async function main({ context, sql }: Servers): Promise<void> {
  if (TEST_DBT === "") {
    throw new InputError("There is no dbt for the Python peer", {
      expected: "SHOPFLOW_TEST_DBT to name a `dbt` command that has dbt-duckdb",
      remedy: "`.ci/install` gets one; `source` the `env` of `.ci/servers start`.",
    });
  }
  const { config } = context;
  const shop = { customers: CUSTOMERS, products: CUSTOMERS / 20, seed: 42, until: "2024-12-31" };
  await simulateIntoSources(context, shop);
  const { rows: [counts] } = await sql.query(
    `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM events) AS events,
            (SELECT count(*) FROM inventory) AS inventory`,
  );
  const rounds: Awaited<ReturnType<typeof measureRound>>[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    rounds.push(await measureRound(context, join(config.home, `round_${round}`)));
    const { ours, floor, peer } = rounds.at(-1)!;
    const seconds = [ours, floor, peer].map((measured) => measured.seconds.toFixed(1));
    console.error(`round ${round}: ours, floor and peer took ${seconds.join(", ")} s`);
  }
  const [ours, floor, peer] = (["ours", "floor", "peer"] as const).map((name) =>
    quickest(rounds.map((round) => round[name]))
  ) as [Measurement, Measurement, Measurement];
  const count = (n: string | number) => Number(n).toLocaleString("en-US");
  console.log(`## A shop of full size into a published star schema

${count(CUSTOMERS)} customers, ${count(counts.orders)} order lines, ${count(counts.events)} events,
${
    count(counts.inventory)
  } inventory rows. The quickest of ${ROUNDS} rounds, each a process of its own from its start to its end.

| | seconds | beside ours | peak memory |
| --- | ---: | ---: | ---: |
${row("`pipeline run extract transform` on an empty lake", ours, ours)}
${row("floor: COPY and cursor thrown away, the same Parquet written once", floor, ours)}
${row("Python: psycopg COPY, pymongo, DuckDB, `dbt build`, Parquet", peer, ours)}

Ours is ${(ours.seconds / floor.seconds).toFixed(2)} times the floor (aim: under 1.5) and ${
    (ours.seconds / peer.seconds).toFixed(2)
  } of the peer (aim: under 0.5).
`);
}

if (import.meta.main) await runCommand(() => withServers(main));
