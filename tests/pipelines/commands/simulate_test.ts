import assert from "node:assert/strict";
import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import {
  boundedNumber,
  formatSimulation,
  isSimulated,
  readSimulationRecord,
  type SimulationRecord,
  untilDay,
  writeSimulationRecord,
} from "../../../pipelines/commands/simulate.ts";

async function withHome(env: Record<string, string>, body: (config: Config) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await body(loadConfig({ SHOPFLOW_HOME: home, ...env }));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

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
  const metrics = { monthlyLapsed: 0.1512, cartAbandonment: 0.68, stockouts: 0.2, overstock: 0.3 };
  const text = formatSimulation({ status: "done", rows: { customers: 5000 }, metrics });
  assert.match(text, /5,000 customers/);
  assert.match(text, /15\.1 % {2}of active customers lapse per month \(90 days without an order\)/);
  assert.match(formatSimulation({ status: "unchanged", rows: {}, metrics }), /--force/);
});

Deno.test("a shop ends yesterday by the clock of UTC, or on the day that is asked for", () => {
  assert.equal(untilDay("yesterday", new Date("2026-03-01T00:00:00Z")), "2026-02-28");
  assert.equal(untilDay("yesterday", new Date("2026-03-01T23:59:59Z")), "2026-02-28");
  assert.equal(untilDay("2024-12-31", new Date("2026-03-01T12:00:00Z")), "2024-12-31");
});
