import { readJson } from "shopflow/lake/store/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { checkData } from "../../../pipelines/steps/check_data.ts";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { transform } from "../../../pipelines/steps/transform.ts";
import { publishSession } from "../../fixtures/publish_session.ts";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { emptyShop, smallShop } from "../../fixtures/small_shop.ts";
import { withLake, withTransformedShop } from "../built_shop.ts";

/** The context of a shop on a real server, at a time; the last order of the small shop is of 6 May 2024. */
function at(context: PipelineContext, time: string): PipelineContext & { warnings: string[] } {
  const warnings: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
  return {
    ...context,
    config: { ...context.config, postgresUrl: "postgres://shop" },
    runtime: { ...context.runtime, log, now: () => new Date(time) },
    warnings,
  };
}

Deno.test("fresh data that passes its tests is said to be so, with numbers", () =>
  withTransformedShop(async (context) => {
    const config = { ...context.config, run: { name: "check-data@2024-05-08T12:00Z", from: "", to: "" } };
    const noon = at({ ...context, config }, "2024-05-08T12:00:00Z");
    const { status, summary } = await checkData(noon);
    assert.equal(status, "done");
    assert.match(
      summary,
      /^snapshot [0-9a-f]{16}: \d{2,} data tests passed, \d+ warnings; the newest order is of 2024-05-06, 36 h ago; 0 publishes blocked so far$/,
    );
    const last = (await readJson<Record<string, unknown>>(noon.store, "runs/check-data/last.json"))!.value;
    assert.equal(last.checkedAt, "2024-05-08T12:00:00.000Z");
    assert.equal(last.run, "check-data@2024-05-08T12:00Z");
    assert.deepEqual(last.problems, []);
  }));

Deno.test("orders that are older than the limit are a failure, other facts a warning", () =>
  withTransformedShop(async (context) => {
    const late = at(context, "2024-05-09T06:00:00Z");
    await assert.rejects(checkData(late), {
      name: "PipelineError",
      message: /fact_orders is stale: the newest order is of 2024-05-06, 54 h ago, the limit is 48 h/,
    });
    assert.match(
      late.warnings.join("\n"),
      /fact_events is stale: the newest event is of 2024-02-01, 97 days ago/,
    );
    const patient = { ...late, config: { ...late.config, staleAfterHours: 60 } };
    assert.equal((await checkData(patient)).status, "done");
  }));

Deno.test("the embedded shop stands still, so its age is a warning, unless a limit is set", () =>
  withTransformedShop(async (context) => {
    const late = at(context, "2025-01-01T00:00:00Z");
    const embedded = { ...late, config: context.config };
    assert.equal((await checkData(embedded)).status, "done");
    assert.match(
      late.warnings.join("\n"),
      /fact_orders is stale: .*239 days ago.*embedded shop receives no new orders/,
    );
    const limited = { ...embedded, config: { ...context.config, staleAfterHours: 24 } };
    await assert.rejects(checkData(limited), /fact_orders is stale/);
  }));

Deno.test("a shop without orders is not fresh", () =>
  withLake(async (context) => {
    await writeRawShop(context.store, emptyShop());
    await transform(context);
    await assert.rejects(checkData(at(context, "2024-05-08T00:00:00Z")), {
      name: "PipelineError",
      message: /There are no rows in fact_orders/,
    });
  }));

Deno.test("published rows that break a promise are named with their number and examples", () =>
  withTransformedShop(async (context) => {
    {
      using snapshot = await openSnapshot(context.store);
      await snapshot.run(
        `CREATE TABLE doubled AS FROM fact_orders UNION ALL (FROM fact_orders ORDER BY ALL LIMIT 2);
        DROP VIEW fact_orders; ALTER TABLE doubled RENAME TO fact_orders`,
      );
      await publishSession(context.store, snapshot, Object.keys(snapshot.manifest.tables));
    }
    await assert.rejects(checkData(at(context, "2024-05-08T00:00:00Z")), {
      name: "PipelineError",
      message: /fact_orders: unique_combination_of_columns failed for 2 rows, e\.g\. \{"order_id"/,
    });
  }));

Deno.test("a publish that was blocked is a failure until one succeeds, then a warning, once", () =>
  withTransformedShop(async (context) => {
    const on = (time: string) => at(context, time);
    await checkData(on("2024-05-07T00:00:00Z"));
    const fewer = smallShop();
    fewer.orders = fewer.orders.slice(0, 2);
    await writeRawShop(context.store, fewer, { run: "20240602T000000Z" });
    await assert.rejects(transform(on("2024-06-02T00:00:00Z")), { name: "DataTestError" });
    const patient = (context: PipelineContext) => ({
      ...context,
      config: { ...context.config, staleAfterHours: 24 * 365 },
    });
    for (const time of ["2024-06-02T01:00:00Z", "2024-06-02T02:00:00Z"]) {
      await assert.rejects(checkData(patient(on(time))), {
        name: "PipelineError",
        message:
          /newest data is not published: at 2024-06-02T00:00:00.000Z .*fact_orders: row_count_change failed for 1 row/,
      });
    }

    await writeRawShop(context.store, smallShop(), { run: "20240603T000000Z" });
    await transform(on("2024-06-03T00:00:00Z"));
    await context.store.delete("runs/check-data/last.json");
    const first = on("2024-06-03T01:00:00Z");
    assert.match((await checkData(patient(first))).summary, /1 publish blocked so far$/);
    assert.match(
      first.warnings.join("\n"),
      /A publish was blocked, and a later one succeeded: .*row_count_change/,
    );
    const second = on("2024-06-03T02:00:00Z");
    assert.match((await checkData(patient(second))).summary, /0 publishes blocked since 2024-06-03T01:00:00/);
    assert.doesNotMatch(second.warnings.join("\n"), /was blocked/);
  }));

Deno.test("a lake without a snapshot cannot be checked", () =>
  withLake((context) => assert.rejects(checkData(context), { name: "LakeError" })));
