import assert from "node:assert/strict";
import { join } from "node:path";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { type RawTable, readRawExtract, readRawQuarantine } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { withoutMarks } from "../../../fixtures/current_raw_rows.ts";
import { changeShop, rawRows, withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

Deno.test("a table that does not match its contract is named and stays as it was, the others go on", () =>
  withEmbeddedShop(async (context, home) => {
    await extract(context);
    const before = await readRawExtract(context.store);
    const messages: string[] = [];
    await changeShop(
      `DROP TABLE events;
       DROP TABLE customers;
       ALTER TABLE orders DROP COLUMN quantity;
       ALTER TABLE orders ALTER order_amount TYPE numeric(12,2);
       ALTER TABLE products ADD shelf text;
       INSERT INTO products (product_id) VALUES ('P1')`,
    );
    const runtime = { ...context.runtime, log: createLogger((line) => void messages.push(line)) };
    const { status, problems } = await extract({ ...context, runtime });
    assert.equal(status, "done");
    assert.deepEqual(problems!.map(({ expected, found }) => ({ expected, found })), [
      { expected: "table customers", found: "no table customers" },
      { expected: "orders.quantity integer", found: "no column orders.quantity" },
    ]);
    assert.ok(problems!.every((problem) => problem instanceof SchemaContractError));
    assert.match(problems![1]!.message, /table orders does not match its contract/);
    assert.match(messages.join("\n"), /does not read: products\.shelf/);
    // It had no rows, and a shop may do without.
    assert.match(messages.join("\n"), /events stays empty, the shop does without: no table events/);
    const { tables } = await readRawExtract(context.store);
    const { tableOid: _, writeMark: __, ...events } = before.tables.events!;
    const withoutTimes = (table: RawTable) => ({ ...table, refreshedAt: null });
    assert.deepEqual(withoutTimes(tables.events!), withoutTimes(events));
    // The embedded server was restarted, so what it has is read in full.
    const others = (all: Record<string, RawTable>) => {
      const { products: _, events: __, ...rest } = withoutMarks(all);
      return Object.entries(rest).map(([name, table]) => [name, withoutTimes(table)]);
    };
    assert.deepEqual(others(tables), others(before.tables));
    assert.deepEqual((await rawRows(context, "products")).map(({ product_id }) => product_id), ["P1"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  }));

Deno.test("a ticket with a wrong value is left out alone, and comes back when it is corrected", () =>
  withEmbeddedShop(async (context) => {
    const path = context.config.ticketsUrl.slice("file:".length);
    const good = await Deno.readTextFile(path);
    const wrong: [string, string][] = [
      [`{"ticket_id": "T3", "resolution_hours": "three"}`, 'string "three"'],
      [
        `{"ticket_id": "T3", "created_date": {"$date": "2024-02-30T10:00:00Z"}}`,
        'string "2024-02-30T10:00:00Z"',
      ],
      [`{"ticket_id": "T3", "satisfaction_score": 4.5}`, "number 4.5"],
    ];
    for (const [line, found] of wrong) {
      await Deno.writeTextFile(path, good + line + "\n");
      assert.deepEqual((await extract(context)).problems, []);
      const [quarantine] = await readRawQuarantine(context.store);
      assert.equal(quarantine!.table, "support_tickets");
      assert.deepEqual(quarantine!.rows.map(({ values }) => values.map((value) => value.found)), [[found]]);
      assert.deepEqual((await rawRows(context, "support_tickets")).map(({ ticket_id }) => ticket_id), [
        "T1",
        "T2",
      ]);
    }
    await Deno.writeTextFile(
      path,
      `${good}{"ticket_id": "T3", "satisfaction_score": {"$numberDecimal": "4.0"}}\n`,
    );
    assert.deepEqual((await extract(context)).problems, []);
    assert.deepEqual(await readRawQuarantine(context.store), []);
    assert.equal((await rawRows(context, "support_tickets"))[2]!.satisfaction_score, 4);
  }));
