import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { SOURCE_TABLES, type TableSource } from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { serialQueue } from "../../../../lib/sources/postgres/copy.ts";
import { beginReading, readAhead, type TableRun } from "../../../../pipelines/steps/extract/table_reading.ts";

const ORDERS = SOURCE_TABLES.find(({ name }) => name === "orders")!;
const FIRST = { path: "orders.csv", selection: {}, controlTotals: true };

const RUN: TableRun = {
  run: "r",
  extractedAt: "2024-03-02T00:00:00.000Z",
  now: "2024-03-02T00:00:00.000Z",
  known: undefined,
  fullRefresh: false,
  mayShrink: false,
  quarantineLimit: { rows: 0, share: 0 },
  sourceTime: "2024-03-02 00:00:00",
  folder: ".",
  log: createLogger(() => {}),
};

/** A source that notes what it is asked, and answers when it is told to. */
function slowSource() {
  const asked: string[] = [];
  const gate = Promise.withResolvers<void>();
  const source: TableSource = {
    keyLookup: "indexed",
    isConsistent: true,
    async controlTotals() {
      asked.push("control totals");
      await gate.promise;
      return { rows: asked.length };
    },
    async copy(_table, path, selection) {
      asked.push(`copy ${path} ${JSON.stringify(selection)}`);
      await gate.promise;
      return { path, rows: asked.length, bytes: 0 };
    },
  };
  return { source, asked, gate };
}

Deno.test("a reading that was begun is handed to who asks for it, and a second one asks the source", async () => {
  const { source, asked, gate } = slowSource();
  const { source: reading, ended } = readAhead(source, ORDERS, FIRST);
  assert.deepEqual(asked, ["copy orders.csv {}"]);
  gate.resolve();
  await ended;
  assert.deepEqual(asked, ["copy orders.csv {}", "control totals"]);
  assert.equal((await reading.copy(ORDERS, "orders.csv", {})).rows, 1);
  assert.deepEqual(await reading.controlTotals!(ORDERS), { rows: 2 });
  assert.equal(asked.length, 2);
  assert.equal((await reading.copy(ORDERS, "orders.csv", {})).rows, 3);
  assert.deepEqual(await reading.controlTotals!(ORDERS), { rows: 4 });
});

Deno.test("rows that were not expected to be asked for are read from the source", async () => {
  const { source, asked, gate } = slowSource();
  const { source: reading } = readAhead(source, ORDERS, { ...FIRST, controlTotals: false });
  gate.resolve();
  const selection = { keys: [["O1"]] };
  assert.equal((await reading.copy(ORDERS, "orders_again.csv", selection)).path, "orders_again.csv");
  assert.deepEqual(asked, ["copy orders.csv {}", 'copy orders_again.csv {"keys":[["O1"]]}']);
});

Deno.test("who leaves waits until the copy that was begun has ended, and who asks for it gets its error", async () => {
  const { source, gate } = slowSource();
  using session = await openSession({ threads: 1 });
  const reading = await beginReading(session, createDirectoryStore("."), source, ORDERS, RUN);
  let left = false;
  const leaving = reading[Symbol.asyncDispose]().then(() => left = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(left, false);
  gate.reject(new Error("the connection broke"));
  await leaving;
  await assert.rejects(reading.source.copy(ORDERS, "orders.csv", {}), /the connection broke/);
  await assert.rejects(reading.source.controlTotals!(ORDERS), /the connection broke/);
});

Deno.test("work in a serial queue never overlaps, and goes on after work that failed", async () => {
  const inTurn = serialQueue();
  const done: string[] = [];
  const work = (name: string) => async () => {
    done.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve));
    done.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const turns = await Promise.allSettled(["a", "b", "c"].map((name) => inTurn(work(name))));
  assert.deepEqual(turns.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(done, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});
