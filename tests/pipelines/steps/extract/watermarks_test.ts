/**
 * Watermarks are published with the rows up to them: whatever a run had done when it was killed, the next one finds
 * what it had not published, and nothing twice.
 */
import assert from "node:assert/strict";
import { currentSnapshotId, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { changeShop, rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

class Killed extends Error {}

/** A store that writes nothing any more from the first time that `key` is to be written, as of a process that died. */
function dyingAt(store: ObjectStore, key: RegExp): ObjectStore {
  let dead = false;
  const checked =
    <A extends unknown[], R>(write: (key: string, ...rest: A) => Promise<R>) =>
    async (target: string, ...rest: A): Promise<R> => {
      dead ||= key.test(target);
      if (dead) throw new Killed(target);
      return await write(target, ...rest);
    };
  return {
    ...store,
    put: checked(store.put.bind(store)),
    putIfAbsent: checked(store.putIfAbsent.bind(store)),
    putIfMatch: checked(store.putIfMatch.bind(store)),
    moveIn: checked(store.moveIn.bind(store)),
  };
}

const NEW_ORDERS =
  `INSERT INTO orders (order_id, order_date) VALUES ('N1', '2024-12-30'), ('N2', '2024-12-31')`;
const ordersOf = async ({ store }: PipelineContext) => {
  const { orders } = (await readRawExtract(store)).tables;
  assert.ok(orders !== undefined);
  return orders;
};
const numbersOf = async (context: PipelineContext) =>
  (await rawRows(context, "orders")).map(({ order_id }) => order_id);

for (
  const [moment, key] of [
    ["before its file", /^raw\/orders\//],
    ["between its file and raw/current.json", /^raw\/current\.json$/],
  ] as const
) {
  Deno.test(`an extract that is killed ${moment} loses no row and doubles none`, () =>
    withEmbeddedShop(async (context) => {
      await extract(context);
      const before = await readRawExtract(context.store);
      await changeShop(NEW_ORDERS);
      const dying = { ...context, store: dyingAt(context.store, key) };
      await assert.rejects(extract(dying), Killed);
      assert.deepEqual(await readRawExtract(context.store), before);
      await extract(context);
      assert.deepEqual(await numbersOf(context), ["N1", "N2", "O1", "O1", "O2"]);
      const orders = await ordersOf(context);
      assert.deepEqual([orders.rows, orders.watermark], [5, "2024-12-31 00:00:00.000000"]);
      assert.equal((await extract(context)).status, "unchanged");
    }));
}

Deno.test("rows below the watermark are in the next snapshot although the transform after them was killed", () =>
  withEmbeddedShop(async (context) => {
    await extract(context);
    await transform(context);
    await changeShop(NEW_ORDERS);
    await extract(context);
    await assert.rejects(transform({ ...context, store: dyingAt(context.store, /^snapshots\//) }), Killed);
    // Much later, so that no window shows them again.
    await changeShop(`INSERT INTO orders (order_id, order_date) VALUES ('N9', '2025-01-01')`);
    await extract(context);
    assert.deepEqual(await numbersOf(context), ["N1", "N2", "N9", "O1", "O1", "O2"]);
    await transform(context);
    const { inputs } = await readManifest(context.store, (await currentSnapshotId(context.store))!);
    assert.deepEqual(inputs.orders, (await readRawExtract(context.store)).tables.orders!.files);
  }));

/** A change before the look-back that no control total tells of. */
const OLD_CHANGE = "UPDATE orders SET payment_method = 'Card' WHERE order_id = 'O2'";
const methodOfO2 = async (context: PipelineContext) =>
  (await rawRows(context, "orders")).find(({ order_id }) => order_id === "O2")!.payment_method;

Deno.test("the watermark of a shop that was restored from a backup goes back when all rows are compared", () =>
  withEmbeddedShop(async (context) => {
    await changeShop(NEW_ORDERS);
    await extract(context);
    await changeShop("DELETE FROM orders WHERE order_id IN ('N1', 'N2')");
    await extract({ ...context, fullRefresh: true });
    const value = "2024-01-03 00:00:00.000000";
    assert.equal((await ordersOf(context)).watermark, value);
    await changeShop(OLD_CHANGE);
    await extract(context);
    assert.equal(await methodOfO2(context), "Card");

    await changeShop("UPDATE orders SET order_date = '2999-01-01'");
    await extract({ ...context, fullRefresh: true });
    assert.equal((await ordersOf(context)).watermark, undefined);
  }));

Deno.test("all rows are compared when the clock was ahead at the last time", () =>
  withEmbeddedShop(async (context) => {
    await changeShop(NEW_ORDERS);
    const ahead = { ...context.runtime, now: () => new Date("2026-01-01") };
    await extract({ ...context, runtime: ahead });
    await changeShop(OLD_CHANGE);
    await extract(context);
    assert.equal(await methodOfO2(context), "Card");
    assert.equal((await ordersOf(context)).refreshedAt?.slice(0, 10), "2025-01-01");
  }));
