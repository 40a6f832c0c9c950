import type { BuiltSnapshot } from "../../../lib/warehouse/build/build_snapshot.ts";
import type { RawInputs } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { appendBatch, type Batch } from "../../fixtures/raw_batches.ts";
import { customer, event, line, product, type ShopRow, stock, ticket } from "../../fixtures/small_shop.ts";
import { withLake } from "../built_shop.ts";
import { build, filesOf, tablesOf } from "./batch_builds.ts";

const day = fc.constantFrom(
  "2024-01-30",
  "2024-01-31",
  "2024-02-01",
  "2024-02-28",
  "2024-03-05",
  "2024-06-02",
  "2042-05-05",
);
const orMissing = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 9, nil: null });
const who = orMissing(fc.constantFrom("C1", "C2", "C3", " "));
const what = orMissing(fc.constantFrom("P1", "P2", "P3"));
const gone = fc.constantFrom(false, false, false, false, true);

/** Rows of few keys and days, so that batches repeat, correct, move, delete and contradict each other. */
const row = fc.oneof(
  fc.record({
    id: fc.oneof(who, fc.constant("C1 ")),
    city: fc.constantFrom("Leeds", "York"),
    orders: fc.nat(2),
    _deleted: gone,
  }).map((
    { id, city, orders, _deleted },
  ) => ["customers", customer(id, { city, total_orders: orders, _deleted })] as const),
  fc.record({ id: fc.oneof(what, fc.constant(" P1")), price: fc.constantFrom(-1, 10, 12), _deleted: gone })
    .map(({ id, price, _deleted }) => ["products", product(id, { price, _deleted })] as const),
  fc.record({
    order: orMissing(fc.constantFrom("O1", "O2", "O2 ", "O3", "C4")),
    who,
    what,
    day: orMissing(fc.oneof(day, fc.constant("0024-03-01"))),
    cents: orMissing(fc.constantFrom(-1000, 0, 1000, 1001)),
    quantity: orMissing(fc.constantFrom(-1, 0, 1, 2)),
    _deleted: gone,
  }).map(({ order, who, what, day, cents, quantity, _deleted }) =>
    [
      "orders",
      line(order, who, what, day, cents === null ? null : cents / 100, quantity, { _deleted }),
    ] as const
  ),
  fc.record({
    id: orMissing(fc.constantFrom("E1", "E2", "E02", "E3 ", "E3")),
    who,
    what,
    day: orMissing(day),
    _deleted: gone,
  }).map(({ id, who, what, day, _deleted }) =>
    ["events", event(id, who, "page_view", day && `${day} 10:00:00`, { product_id: what, _deleted })] as const
  ),
  fc.record({ what, day: orMissing(day), level: orMissing(fc.integer({ min: -2, max: 5 })), _deleted: gone })
    .map(
      ({ what, day, level, _deleted }) =>
        ["inventory", stock(what, "WH-NEW", day, level, { _deleted })] as const,
    ),
  fc.record({
    id: orMissing(fc.constantFrom("T1", "T2", "T3")),
    who,
    day: orMissing(day),
    status: fc.constantFrom("Open", "Closed"),
    order: fc.constantFrom("O1", "O9", null),
    _deleted: gone,
  }).map(({ id, who, day, status, order, _deleted }) =>
    [
      "support_tickets",
      ticket(id, who, day && `${day} 09:00:00`, { status, order_id: order, _deleted }),
    ] as const
  ),
);

/** When a batch was extracted: not in the order of arrival, so that some of it is back-dated. */
const moment = fc.constantFrom(
  "2024-02-15 06:00:00",
  "2024-03-01 06:00:00",
  "2024-06-01 06:00:00",
  "2024-06-02 06:00:00",
);

function batchOf(n: number, extractedAt: string, rows: (readonly [string, ShopRow])[]): Batch {
  const byTable: Record<string, ShopRow[]> = {};
  for (const [table, one] of rows) (byTable[table] ??= []).push(one);
  return { run: `run${n}`, extractedAt, rows: byTable };
}

Deno.test("a rebuild from raw gives row for row the tables of the incremental path, however rows arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(moment, fc.array(row, { maxLength: 14 })), { minLength: 2, maxLength: 3 }),
      fc.boolean(),
      async (arrivals, isReversed) => {
        await withLake(async ({ store }) => {
          let inputs: RawInputs = {};
          let built: BuiltSnapshot | undefined;
          for (const [n, [extractedAt, rows]] of arrivals.entries()) {
            inputs = await appendBatch(store, inputs, batchOf(n, extractedAt, rows));
            built = await build(store, inputs, built?.manifest);
          }
          assert.notEqual(built!.affected, undefined, "the last build is incremental");
          const incremental = await tablesOf(store, built!.manifest);
          // The order in which the files are listed says nothing.
          const listed = Object.fromEntries(
            Object.entries(inputs).map(([name, list]) => [name, isReversed ? list.toReversed() : list]),
          );
          const rebuilt = (await build(store, listed)).manifest;
          assert.deepEqual(incremental, await tablesOf(store, rebuilt));
          assert.deepEqual(filesOf(built!.manifest), filesOf(rebuilt));
        });
      },
    ),
    { numRuns: Number(Deno.env.get("SHOPFLOW_TEST_RUNS") ?? 12), seed: 3 },
  );
});
