import { readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createLakeProgram } from "../../pipelines/commands/lake.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { createTransform, transform, WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";
import { changeShop, withEmbeddedShop } from "../fixtures/embedded_shop.ts";

Deno.test("a snapshot's lineage says up to where and when the sources were read, and `lake show` prints it", () =>
  withEmbeddedShop(async (context) => {
    const { store } = context;
    await extract(context);
    await transform(context);
    const first = (await readManifest(store)).lineage!;
    assert.match(first.watermarks!.orders!, /^2024-01-03/);
    const { tables } = await readRawExtract(store);
    const values = Object.entries(tables).flatMap(([name, { watermark }]) =>
      watermark === undefined ? [] : [[name, watermark]]
    );
    assert.deepEqual(first.watermarks, Object.fromEntries(values));
    assert.match(first.sourceTransactionTime!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    assert.equal(first.sourceTransactionTime, (await readRawExtract(store)).sourceTransactionTime);

    await changeShop(
      "INSERT INTO orders VALUES ('O3', 'C1', 'P1', '2024-02-09', 7, 1, 0, 'PayPal')",
    );
    await extract(context);
    await transform(context);
    const second = (await readManifest(store)).lineage!;
    assert.match(second.watermarks!.orders!, /^2024-02-09/);
    assert.ok(second.sourceTransactionTime! > first.sourceTransactionTime!);
    const printed: string[] = [];
    await createLakeProgram(() => context, (text) => printed.push(text)).parseAsync(["show"], {
      from: "user",
    });
    assert.match(printed.join("\n"), /^orders .*2024-02-09/m);
    const minute = second.sourceTransactionTime!.slice(0, 16).replace("T", " ");
    assert.match(printed.join("\n"), new RegExp(`The source's transaction was at ${minute}:\\d\\dZ\\.`));
  }));

Deno.test("the lineage's hash of a model changes with its SQL, and with nothing else", () =>
  withEmbeddedShop(async (context, home) => {
    await extract(context);
    await transform(context);
    const hashes = async () => (await readManifest(context.store)).lineage!.models;
    const before = await hashes();
    assert.equal(new Set(Object.values(before)).size, Object.keys(before).length);
    await transform({ ...context, fullRefresh: true });
    assert.deepEqual(await hashes(), before);

    const folder = join(home, "models");
    await cp(WAREHOUSE_PROJECT, folder, { recursive: true });
    const model = join(folder, "models", "curated", "dim_warehouses.sql");
    await Deno.writeTextFile(model, await Deno.readTextFile(model) + "\n-- looked at again\n");
    await createTransform({ folder })(context);
    const { dim_warehouses, ...others } = await hashes();
    assert.notEqual(dim_warehouses, before.dim_warehouses);
    assert.deepEqual({ ...others, dim_warehouses: before.dim_warehouses }, before);
  }));
