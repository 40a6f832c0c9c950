import assert from "node:assert/strict";
import { join } from "node:path";
import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { countSourceRows } from "shopflow/sources/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import {
  readSimulationRecord,
  simulateIntoSources,
  type SimulateOptions,
  truthPath,
  writeSimulationRecord,
} from "../../../pipelines/commands/simulate.ts";
import { withPostgresDatabase } from "../../fixtures/postgres_database.ts";
import { testWith } from "../../requirements.ts";

const SMALL: SimulateOptions = { customers: 200, products: 40, seed: 1, until: "2024-12-31" };
const runtime = createRuntime({ progress: silentProgress });

async function withHome(env: Record<string, string>, body: (config: Config) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await body(loadConfig({ SHOPFLOW_HOME: home, ...env }));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const simulate = (config: Config, change: Partial<SimulateOptions> = {}) =>
  simulateIntoSources({ config, runtime }, { ...SMALL, ...change });

/** Every call opens the database again, which takes an embedded one most of a second: hence one story. */
async function lifeOfAShop(config: Config): Promise<void> {
  const first = await simulate(config);
  assert.equal(first.status, "done");
  assert.equal(first.rows.customers, 200);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(config.businessFile)).lapsed, {
    baseline: 0.15,
    target: 0.1,
  });
  const truth = await Deno.readTextFile(truthPath(config));
  assert.match(truth, /^customer_id,month,alive_at_start,alive_at_end,hazard\nCUST\d{6},2023-01-01,/);
  // Also says that the rows in the databases are as many as the record has.
  assert.equal((await simulate(config)).status, "unchanged");

  const record = await readSimulationRecord(config);
  await writeSimulationRecord(config, { ...record!, state: "loading" });
  assert.equal((await simulate(config)).status, "done", "a load that was cut off is done again");
  const other = await simulate(config, { seed: 2 });
  assert.equal(other.status, "done", "another shop replaces a simulated one");
  assert.deepEqual(await countSourceRows(config), other.rows);

  const customer = new TextEncoder().encode("REAL1,,,,,,,,,\n");
  await loadSourceTables(config.postgresUrl, [{ table: "customers", csv: [customer] }], {
    replace: true,
    progress: silentProgress,
  });
  await assert.rejects(
    simulate(config, { seed: 2, force: true }),
    (error) =>
      error instanceof SourceError && /did not make.*found 1 customers,.*Pass --replace/.test(error.message),
  );
  assert.equal((await countSourceRows(config)).customers, 1);
}

Deno.test("an embedded shop is simulated once, replaced by another one, and a real one is kept", () =>
  withHome({}, async (config) => {
    await lifeOfAShop(config);
    const names = (await Array.fromAsync(Deno.readDir(join(config.home, "shop")))).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name.includes("tmp")), []);
  }));

testWith(
  ["postgres"],
  "a shop on a PostgreSQL server is simulated, replaced and kept in the same way",
  () => withPostgresDatabase((url) => withHome({ SHOPFLOW_POSTGRES_URL: url }, lifeOfAShop)),
);
