import assert from "node:assert/strict";
import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { InputError, SourceError } from "shopflow/errors/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { countSourceRows } from "shopflow/sources/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import { join } from "node:path";
import {
  boundedNumber,
  formatSimulation,
  isSimulated,
  readSimulationRecord,
  simulateIntoSources,
  type SimulateOptions,
  type SimulationRecord,
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

Deno.test("a shop is the simulator's only where its rows are", () => {
  const rows = { customers: 2, orders: 3, support_tickets: 1 };
  const record = {
    state: "complete",
    rows,
    rowsBefore: { customers: 0, orders: 0, support_tickets: 0 },
  } as unknown as SimulationRecord;
  assert.ok(isSimulated(record, rows));
  assert.ok(!isSimulated(record, { ...rows, orders: 4 }));
  assert.ok(!isSimulated(record, { ...rows, support_tickets: 0 }));
  const loading: SimulationRecord = { ...record, state: "loading" };
  assert.ok(isSimulated(loading, { ...rows, support_tickets: 0 }), "tickets may be missing");
  assert.ok(isSimulated(loading, { customers: 0, orders: 0, support_tickets: 0 }));
  assert.ok(!isSimulated(loading, { customers: 1, orders: 0, support_tickets: 0 }));
});

Deno.test("a record of other databases is no record of these", () =>
  withHome({}, async (config) => {
    const record = { sources: ["pglite:/elsewhere", "file:/elsewhere"] } as unknown as SimulationRecord;
    await writeSimulationRecord(config, record);
    assert.equal(await readSimulationRecord(config), undefined);
  }));

Deno.test("flags that are no numbers in range are refused with what was expected", () => {
  assert.equal(boundedNumber("customers")("5000"), 5000);
  for (const text of ["", "many", "1e3", "-5", "99", "9999999"]) {
    assert.throws(
      () => boundedNumber("customers")(text),
      (error) =>
        error instanceof InputError && error.message.includes(JSON.stringify(text)) &&
        error.message.includes("from 100 to 990000"),
    );
  }
});

Deno.test("the summary gives the business metrics in percent", () => {
  const metrics = { monthlyChurn: 0.1512, cartAbandonment: 0.68, stockouts: 0.2, overstock: 0.3 };
  const text = formatSimulation({ status: "done", rows: { customers: 5000 }, metrics });
  assert.match(text, /5,000 customers/);
  assert.match(text, /15\.1 % {2}of active customers drop out per month/);
  assert.match(formatSimulation({ status: "unchanged", rows: {}, metrics }), /--force/);
});
