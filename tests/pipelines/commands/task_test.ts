import assert from "node:assert/strict";
import { join } from "node:path";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { smallShop } from "../../fixtures/small_shop.ts";
import { withLake } from "../built_shop.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");

/** Runs `deno task warehouse …` as a user does, with the permissions of the task. */
async function warehouse(
  home: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "warehouse", ...args],
    cwd: ROOT,
    env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: join(home, "lake"), NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("`deno task warehouse` plans, documents and prepares the models for other engines", () =>
  withLake(async ({ config: { home }, store }) => {
    const without = await warehouse(home, "plan");
    assert.equal(without.code, 1);
    assert.match(without.stderr, /pipeline run extract/);

    await writeRawShop(store, smallShop());
    const plan = await warehouse(home, "plan", "--json");
    assert.equal(plan.code, 0, plan.stderr);
    const { tables } = JSON.parse(plan.stdout) as { tables: { table: string; change: string }[] };
    assert.ok(tables.some(({ table, change }) => table === "fact_orders" && change === "added"));

    const page = join(home, "models.html");
    const docs = await warehouse(home, "docs", page);
    assert.equal(docs.code, 0, docs.stderr);
    assert.equal(docs.stdout.trim(), page);
    assert.match(await Deno.readTextFile(page), /^<!DOCTYPE html>.*fact_orders/si);

    const database = join(home, "raw.duckdb");
    const dbt = await warehouse(home, "dbt-database", database);
    assert.equal(dbt.code, 0, dbt.stderr);
    assert.ok((await Deno.stat(database)).size > 0);
    assert.match(dbt.stdout, /dbt build --project-dir pipelines\/warehouse/);

    const raw = await warehouse(home, "raw-tables", "spark");
    assert.equal(raw.code, 0, raw.stderr);
    assert.match(raw.stdout, /orders/);
    const unknown = await warehouse(home, "raw-tables", "oracle");
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /spark/);
  }));
