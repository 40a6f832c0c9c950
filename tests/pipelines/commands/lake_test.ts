import { currentSnapshotId, listSnapshots, readManifest } from "shopflow/lake/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { createLakeProgram } from "../../../pipelines/commands/lake.ts";
import { monthSpans } from "shopflow/cli/mod.ts";
import { transform } from "../../../pipelines/steps/transform.ts";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { customer, line, smallShop } from "../../fixtures/small_shop.ts";
import { lakeBuiltOnce } from "../built_shop.ts";

/** What a command prints. */
async function lake(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createLakeProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

/** A lake with two snapshots: in the second one customer more, one renamed, and one order line less. */
const withLakeOfTwo = lakeBuiltOnce(async (context) => {
  const shop = smallShop();
  shop.orders.push(line("ORD0000020", "CUST000001", "PROD00001", "2024-05-06", 5, 1));
  await writeRawShop(context.store, shop);
  await transform(context);
  const later = smallShop();
  later.customers[0]!.first_name = "Augusta";
  later.customers.push(customer("CUST000005"));
  await writeRawShop(context.store, later, { run: "20240602T000000Z" });
  await transform({ ...context, runtime: { ...context.runtime, now: () => new Date("2024-06-02") } });
});

/** @param body Gets the ids of both snapshots. */
function withTwoSnapshots(
  body: (context: PipelineContext, first: string, second: string) => Promise<void>,
): Promise<void> {
  return withLakeOfTwo(async (context) => {
    const [second, first] = await listSnapshots(context.store);
    assert.ok(first && second);
    await body(context, first.id, second.id);
  });
}

Deno.test("the list of snapshots has the newest first and marks the current one", () =>
  withTwoSnapshots(async (context, first, second) => {
    const listed = JSON.parse(await lake(context, "snapshots", "--json"));
    assert.deepEqual(listed.map(({ id, status }: { id: string; status: string }) => [id, status]), [
      [second, "current"],
      [first, "kept"],
    ]);
    const { tables } = await readManifest(context.store, first);
    const files = Object.values(tables).flatMap((table) => table.files);
    assert.equal(listed[1].size, files.reduce((sum, file) => sum + file.size, 0));
    assert.ok(listed[0].newSize < listed[0].size, "the second snapshot shares files with the first");
    assert.match(await lake(context, "snapshots"), new RegExp(`^\\* +${second} .* current$`, "m"));
  }));

Deno.test("show prints tables and lineage, of a snapshot named by the beginning of its id too", () =>
  withTwoSnapshots(async (context, first) => {
    const manifest = await readManifest(context.store, first);
    assert.deepEqual(JSON.parse(await lake(context, "show", first, "--json")), manifest);
    const text = await lake(context, "show", first.slice(0, 8));
    assert.ok(text.includes(`snapshot ${first}`));
    assert.ok(text.includes(manifest.tables.fact_orders!.files[0]!.key));
    assert.ok(text.includes(manifest.inputs.orders![0]!.key));
    const months = manifest.lineage!.rawMonths[manifest.inputs.orders![0]!.key]!;
    assert.match(text, new RegExp(`^orders .*${monthSpans(months)}`, "m"));
    assert.match(text, new RegExp(`^fact_orders +${manifest.lineage!.models.fact_orders}$`, "m"));
    assert.doesNotMatch(text, /[{}]/);
    await assert.rejects(lake(context, "show", "zz"), { message: /no such snapshot.*found "zz"/ });
  }));

Deno.test("diff counts the rows that were added, removed and changed, by key", () =>
  withTwoSnapshots(async (context, first, second) => {
    const { tables } = JSON.parse(await lake(context, "diff", first, second, "--json"));
    const rows = Object.fromEntries(
      tables.filter(({ change }: { change: string }) => change === "changed")
        .map(({ table, rows }: { table: string; rows: unknown }) => [table, rows]),
    );
    const { data_quality: _, quality_by_month: __, ...others } = rows;
    assert.deepEqual(others, {
      dim_customers: { added: 1, removed: 0, changed: 1 },
      fact_members: { added: 0, removed: 1, changed: 0 },
      fact_orders: { added: 0, removed: 1, changed: 0 },
      reconciliation: { added: 0, removed: 0, changed: 1 },
    });
    assert.match(await lake(context, "diff", first), /fact_orders +changed +10 → 9 +1 +\+1 -1/);
    assert.match(await lake(context, "diff", second, second), /all 12 tables are the same/);
  }));

Deno.test("diff names a file that was cut off", () =>
  withTwoSnapshots(async (context, first, second) => {
    const { tables } = await readManifest(context.store, second);
    const { key } = tables.fact_orders!.files.at(-1)!;
    await Deno.truncate(await context.store.localPath(key), 100);
    await assert.rejects(lake(context, "diff", first, second), (error: Error) => {
      assert.match(error.message, new RegExp(`^The file ${key} of the lake .* is damaged.*backup`));
      return true;
    });
  }));

Deno.test("after a rollback transform leaves the lake as it is, says so, and publishes again with force", () =>
  withTwoSnapshots(async (context, first, second) => {
    assert.match(await lake(context, "rollback", first.slice(0, 6)), new RegExp(`${first} is current again`));
    const { status, summary } = await transform(context);
    assert.equal(status, "unchanged");
    assert.match(
      summary,
      new RegExp(`stays at snapshot ${first}.*${second}, which was rolled back.*--force`),
    );
    assert.equal(await currentSnapshotId(context.store), first);

    await transform({ ...context, force: true });
    assert.equal(await currentSnapshotId(context.store), second);
    assert.deepEqual((await listSnapshots(context.store)).map(({ status }) => status), ["current", "kept"]);
  }));

Deno.test("after a rollback new raw data is published as ever, and the rollback is over", () =>
  withTwoSnapshots(async (context, first) => {
    await lake(context, "rollback", first);
    const repaired = smallShop();
    repaired.customers.push(customer("CUST000007"));
    await writeRawShop(context.store, repaired, { run: "20240603T000000Z" });
    assert.equal((await transform(context)).status, "done");
    assert.ok((await listSnapshots(context.store)).every(({ status }) => status !== "rolled back"));
  }));

Deno.test("a rollback to the current snapshot is refused", () =>
  withTwoSnapshots(async (context, _, second) => {
    await assert.rejects(lake(context, "rollback", second), { message: /nothing to roll back/ });
  }));

Deno.test("gc says beforehand what it will delete, and the snapshots that stay can be opened", () =>
  withTwoSnapshots(async (context, first, second) => {
    const flags = ["gc", "--keep", "1", "--older-than", "0"];
    // Files' times are those of the system's clock.
    const later = { ...context, runtime: { ...context.runtime, now: () => new Date(Date.now() + 1000) } };
    const planned = await lake(later, ...flags, "--dry-run");
    assert.match(planned, /would delete 1 snapshot, /);
    assert.ok(planned.includes(`snapshots/${first}.json`));
    using before = await openSnapshot(context.store, first);
    assert.equal((await before.rows("SELECT * FROM fact_orders")).length, 10);

    assert.equal(
      (await lake(later, ...flags)).replace("deleted", "would delete"),
      planned.slice(planned.indexOf("would delete")),
    );
    using current = await openSnapshot(context.store);
    assert.equal(current.manifest.id, second);
    assert.equal((await current.rows("SELECT * FROM fact_orders")).length, 9);
    await assert.rejects(openSnapshot(context.store, first), { message: /has no snapshot/ });
    assert.equal((await transform(context)).status, "unchanged");
  }));
