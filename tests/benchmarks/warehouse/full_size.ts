/**
 * A shop of full size out of PostgreSQL and the MongoDB-protocol server into a published star schema, beside the floor
 * and the same job with Python's tools, in turns; then a day more of it. Prints its part of documentation/benchmarks.md.
 *
 * `SHOPFLOW_TEST_CUSTOMERS` (100000) sets the size, `SHOPFLOW_TEST_ROUNDS` (3) how often each is measured.
 */
import { dirname, join } from "node:path";
import { WAREHOUSE_PROJECT } from "../../../pipelines/transform.ts";
import { simulateIntoSources } from "../../../pipelines/simulate/simulate_into_sources.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { TEST_DBT } from "../../requirements.ts";
import { aDayLater } from "./a_day_later.ts";
import { measureProcess, type ProcessCost } from "./measured_process.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 100_000);
const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const HERE = import.meta.dirname!;

const say = (text: string) => console.error(text);
const quickest = (costs: ProcessCost[]) =>
  costs.reduce((best, cost) => cost.seconds < best.seconds ? cost : best);
const seconds = (cost: ProcessCost) => `${cost.seconds.toFixed(1)} s`;
const memory = (cost: ProcessCost) => `${(cost.peakBytes / 2 ** 30).toFixed(2)} GiB`;

await withServers(async ({ context: { config, runtime, store }, sql }) => {
  const context = { config, runtime, store, force: false };
  await simulateIntoSources(context, {
    customers: CUSTOMERS,
    products: CUSTOMERS / 20,
    seed: 42,
    until: "2024-12-31",
  });
  const sources = [config.postgresUrl, config.ticketsUrl];
  const env = { SHOPFLOW_POSTGRES_URL: sources[0]!, SHOPFLOW_MONGODB_URL: sources[1]!, SHOPFLOW_LAKE: "" };
  const pipeline = (home: string, ...names: string[]) =>
    measureProcess(
      Deno.execPath(),
      ["run", "-A", join(HERE, "../../../pipelines/main.ts"), "run", ...names],
      {
        env: { ...env, SHOPFLOW_HOME: home },
      },
    );
  const ours: ProcessCost[] = [], floor: ProcessCost[] = [], peer: ProcessCost[] = [];
  let home = "";
  for (let round = 1; round <= ROUNDS; round++) {
    home = join(config.home, `ours_${round}`);
    ours.push(await pipeline(home, "extract", "transform"));
    say(`round ${round}: ours ${seconds(ours.at(-1)!)}`);
    for (
      const [costs, name, run] of [
        [
          floor,
          "floor",
          (folder: string) =>
            measureProcess(Deno.execPath(), [
              "run",
              "-A",
              join(HERE, "floor.ts"),
              ...sources,
              `${home}/lake`,
              folder,
            ]),
        ],
        [peer, "peer", (folder: string) =>
          measureProcess(join(dirname(TEST_DBT), "python"), [
            join(HERE, "python_peer.py"),
            ...sources,
            folder,
            WAREHOUSE_PROJECT,
            TEST_DBT,
          ])],
      ] as const
    ) {
      const folder = await Deno.makeTempDir({ dir: config.home });
      costs.push(await run(folder));
      say(`round ${round}: ${name} ${seconds(costs.at(-1)!)}`);
      await Deno.remove(folder, { recursive: true });
    }
  }
  const days: { extract: ProcessCost; transform: ProcessCost }[] = [];
  for (let day = 1; day <= ROUNDS; day++) {
    await aDayLater(sql, config.ticketsUrl, day);
    days.push({ extract: await pipeline(home, "extract"), transform: await pipeline(home, "transform") });
    say(`day ${day}: extract ${seconds(days.at(-1)!.extract)}, transform ${seconds(days.at(-1)!.transform)}`);
  }
  const [us, least, python] = [quickest(ours), quickest(floor), quickest(peer)];
  const [extract, transform] = [
    quickest(days.map((day) => day.extract)),
    quickest(days.map((day) => day.transform)),
  ];
  const ratio = (cost: ProcessCost, to: ProcessCost) => (cost.seconds / to.seconds).toFixed(2);
  const { rows } = await sql.query(
    "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM inventory) AS inventory",
  );
  const count = (n: string) => Number(n).toLocaleString("en-US");
  console.log(`## A shop of full size into a published star schema

${CUSTOMERS.toLocaleString("en-US")} customers, ${count(rows[0].orders)} order lines, ${
    count(rows[0].events)
  } events,
${
    count(rows[0].inventory)
  } inventory rows; the quickest of ${ROUNDS} rounds, each as processes of its own, from start to end.

| | seconds | beside ours | peak memory |
| --- | ---: | ---: | ---: |
| \`pipeline run extract transform\` on an empty lake | ${seconds(us)} | 1 | ${memory(us)} |
| floor: COPY and cursor thrown away, the same Parquet written once | ${seconds(least)} | ${
    ratio(least, us)
  } | ${memory(least)} |
| Python: psycopg COPY, pymongo, DuckDB, \`dbt build\`, Parquet | ${seconds(python)} | ${
    ratio(python, us)
  } | ${memory(python)} |
| one more day: \`extract\` | ${seconds(extract)} | ${ratio(extract, us)} | ${memory(extract)} |
| one more day: \`transform\` | ${seconds(transform)} | ${ratio(transform, us)} | ${memory(transform)} |

Ours is ${ratio(us, least)} times the floor (aim: under 1.5) and ${
    ratio(us, python)
  } of the peer (aim: under 0.5).
`);
});
