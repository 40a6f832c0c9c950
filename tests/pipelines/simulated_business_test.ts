import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { readBusiness } from "shopflow/notebook/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { removeSimulatedBusiness, writeSimulatedBusiness } from "../../pipelines/simulated_business.ts";

async function inHome(body: (config: Config) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await body(loadConfig({ SHOPFLOW_HOME: home }));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("a simulated shop's business says what its story is, on its own scale", () =>
  inHome(async (config) => {
    assert.ok(await writeSimulatedBusiness(config, 5000));
    const business = await readBusiness(config.businessFile);
    assert.deepEqual(business.lapsed, { baseline: 0.15, target: 0.1 });
    assert.equal(business.recommendations?.monthlyGoal, 10_000);
    assert.ok(await writeSimulatedBusiness(config, 100_000), "another simulated shop takes its place");
    assert.equal((await readBusiness(config.businessFile)).recommendations?.monthlyGoal, 200_000);
  }));

Deno.test("another shop in its place is told none of that", () =>
  inHome(async (config) => {
    await writeSimulatedBusiness(config, 5000);
    assert.equal(await removeSimulatedBusiness(config), false, "the same databases");
    const moved = { ...config, postgresUrl: "postgres://shop@db/shop" };
    assert.equal(await removeSimulatedBusiness(moved), true, "other databases");
    assert.deepEqual(await readBusiness(config.businessFile), {});
    await writeSimulatedBusiness(config, 5000);
    assert.equal(await removeSimulatedBusiness(config, { isReplaced: true }), true, "an import");
    assert.deepEqual(await readBusiness(config.businessFile), {});
  }));

Deno.test("what a person wrote stays", () =>
  inHome(async (config) => {
    await writeSimulatedBusiness(config, 5000);
    await Deno.writeTextFile(config.businessFile, '{ "currency": "GBP" }');
    assert.equal(await writeSimulatedBusiness(config, 5000), false);
    assert.equal(await removeSimulatedBusiness(config, { isReplaced: true }), false);
    const named = { ...config, businessFile: join(config.home, "ours.json") };
    assert.equal(await writeSimulatedBusiness(named, 5000), false);
    assert.deepEqual(await readBusiness(config.businessFile), { currency: "GBP" });
  }));
