import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { withBuiltShop } from "../built_shop.ts";

Deno.test("no fact is compared with every version of a dimension: DuckDB joins them by hash", async () => {
  const { models } = await loadSqlProject(WAREHOUSE_PROJECT);
  const facts = models.filter(({ name }) => name.startsWith("fact_") && name !== "fact_members");
  assert.ok(facts.length >= 4);
  await withBuiltShop({}, async (shop) => {
    // Otherwise the planner compares all pairs of the few rows of a test, which is right.
    await shop.run("SET nested_loop_join_threshold = 0");
    for (const { name, sql } of facts) {
      const plan = await shop.rows<{ explain_value: string }>(`EXPLAIN ${sql}`);
      const text = plan.map(({ explain_value }) => explain_value).join("\n");
      assert.match(text, /HASH_JOIN/, name);
      assert.doesNotMatch(text, /NL_JOIN|NESTED_LOOP|CROSS_PRODUCT/, name);
    }
  });
});
