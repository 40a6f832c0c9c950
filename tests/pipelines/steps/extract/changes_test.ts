import assert from "node:assert/strict";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../../lib/sources/postgres/load.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../../pipelines/steps/transform.ts";
import { withoutMarks } from "../../../fixtures/current_raw_rows.ts";
import {
  changeShop,
  csvLines,
  rawRows,
  withEmbeddedShop,
  withShopOnDisk,
} from "../../../fixtures/embedded_shop.ts";

Deno.test("another shop loaded in the place of one is read in full, also its rows before the look-back", () =>
  withShopOnDisk(async (context) => {
    const load = (quantity: number) =>
      loadSourceTables(context.config.postgresUrl, [{
        table: "orders",
        csv: csvLines(`O1,C1,P1,2020-01-02,10.50,${quantity},0,`, `O2,C1,P1,2024-01-03,5.25,1,0,`),
      }], { replace: true, progress: silentProgress });
    await load(2);
    await extract(context);
    await load(7);
    await extract(context);
    const orders = await rawRows(context, "orders");
    assert.deepEqual(orders.map(({ order_id, quantity }) => [order_id, quantity]), [["O1", 7], ["O2", 1]]);
  }));

Deno.test("a second extract of the same rows changes nothing, one of changed rows adds these alone", () =>
  withEmbeddedShop(async (context) => {
    await extract(context);
    const first = await readRawExtract(context.store);
    const again = await extract(context);
    assert.equal(again.status, "unchanged");
    const second = await readRawExtract(context.store);
    assert.deepEqual({ ...second, tables: null }, { ...first, tables: null });
    assert.deepEqual(withoutMarks(second.tables), withoutMarks(first.tables));

    await changeShop("UPDATE orders SET quantity = 9 WHERE order_id = 'O2'");
    const third = await extract(context);
    assert.equal(third.status, "done");
    const { tables } = await readRawExtract(context.store);
    const { orders: _, ...others } = withoutMarks(tables);
    const { orders: __, ...before } = withoutMarks(first.tables);
    assert.deepEqual(others, before);
    assert.deepEqual(tables.orders!.files.map(({ rows }) => rows), [3, 1]);
    assert.deepEqual(tables.orders!.files[0], first.tables.orders!.files[0]);
    assert.equal(tables.orders!.rows, 3);
    const orders = await rawRows(context, "orders");
    assert.deepEqual(orders.map(({ order_id, quantity }) => [order_id, quantity]), [["O1", 2], ["O1", 2], [
      "O2",
      9,
    ]]);
    assert.equal((await extract({ ...context, fullRefresh: true })).status, "unchanged");
  }));

Deno.test("a raw file that is lost or damaged is written again", () =>
  withEmbeddedShop(async (context) => {
    await extract(context);
    const orders = await rawRows(context, "orders");
    const { key } = (await readRawExtract(context.store)).tables.orders!.files[0]!;
    await context.store.delete(key);
    assert.match((await extract(context)).summary, /changed: orders \(3\)/);
    const again = (await readRawExtract(context.store)).tables.orders!.files;
    assert.equal(again.length, 1);
    await context.store.put(again[0]!.key, new TextEncoder().encode("PAR1 torn"));
    assert.match((await extract({ ...context, fullRefresh: true })).summary, /changed: orders \(3\)/);
    const content = (rows: Record<string, unknown>[]) =>
      rows.map((row) => ({ ...row, _extracted_at: 0, _run: 0 }));
    assert.deepEqual(content(await rawRows(context, "orders")), content(orders));
  }));

Deno.test("a lost raw file that no row needs any more is named no more", () =>
  withEmbeddedShop(async (context) => {
    await extract(context);
    await changeShop("UPDATE orders SET payment_method = 'Card'");
    await extract(context);
    const [first, second] = (await readRawExtract(context.store)).tables.orders!.files;
    await context.store.delete(first!.key);
    const { status, summary } = await extract(context);
    assert.equal(status, "done");
    assert.match(summary, /changed: only the list of files/);
    const { files, rows } = (await readRawExtract(context.store)).tables.orders!;
    assert.deepEqual([files, rows], [[second], 3]);
    assert.equal((await transform(context)).status, "done");
    assert.equal((await extract(context)).status, "unchanged");
  }));

Deno.test("rows of a lost raw file are counted once when they are written again", () =>
  withEmbeddedShop(async (context) => {
    await extract(context);
    await changeShop("UPDATE orders SET payment_method = 'Card' WHERE order_id = 'O2'");
    await extract(context);
    const [first] = (await readRawExtract(context.store)).tables.orders!.files;
    await context.store.delete(first!.key);
    await extract(context);
    const { files, rows } = (await readRawExtract(context.store)).tables.orders!;
    assert.deepEqual([files.map((file) => file.rows), rows], [[1, 2], 3]);
    assert.equal((await transform(context)).status, "done");
  }));
