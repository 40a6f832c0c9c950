import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { storedRecords } from "../../../../lib/lake/gc/write_records.ts";
import {
  createLogger,
  createRuntime,
  makeWorkingFolder,
  silentProgress,
  workingFolders,
} from "shopflow/runtime/mod.ts";
import { createContext } from "../../../../pipelines/context.ts";
import { extract } from "../../../../pipelines/steps/extract/extract.ts";
import { withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";

Deno.test("what a killed run left is removed a day later; what runs now and other programs' folders are not", () =>
  withEmbeddedShop(async (context, home) => {
    const parent = workingFolders(home);
    const [old, running] = [
      await makeWorkingFolder("pipeline", parent),
      await makeWorkingFolder("kernel", parent),
    ];
    // SHOPFLOW_HOME may be `/`: its `tmp` is everybody's.
    const theirs = join(parent, "pipeline-photos");
    await Deno.mkdir(theirs);
    await Deno.writeTextFile(join(theirs, "one.jpg"), "theirs");
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const folder of [old, theirs]) await Deno.utime(folder, yesterday, yesterday);
    const warnings: string[] = [];
    const log = createLogger((line) => warnings.push(line));
    const ledger = new TextEncoder().encode("theirs");
    await context.store.put("raw/finance/ledger.parquet", ledger);
    await context.store.put("raw/finance/ledger_2.parquet", ledger);

    await extract({ ...context, runtime: { ...context.runtime, log } });
    const left = await Array.fromAsync(Deno.readDir(parent), ({ name }) => name);
    assert.deepEqual(left.sort(), ["pipeline-photos", basename(running)].sort());
    assert.equal(await Deno.readTextFile(join(theirs, "one.jpg")), "theirs");
    const told = warnings.filter((line) => line.includes("new lake"));
    assert.equal(told.length, 1, warnings.join());
    assert.match(
      told[0]!,
      /already holds 2 objects that this lake did not write, 12 B: raw\/finance\/ledger\.parquet and 1 more in raw\/finance\//,
    );
    await extract({ ...context, fullRefresh: true, runtime: { ...context.runtime, log } });
    assert.equal(warnings.filter((line) => line.includes("new lake")).length, 1, "only once");
    // What was noted before it was written is what was written.
    const { records } = await storedRecords(context.store);
    const noted = records.flatMap(({ files }) => [...files].map(([key, size]) => ({ key, size })));
    const written = (await context.store.list("raw/")).filter(({ key }) => /\/\d{8}T/.test(key));
    const byKey = (a: { key: string }, b: { key: string }) => a.key < b.key ? -1 : 1;
    assert.deepEqual(noted.sort(byKey), written.map(({ key, size }) => ({ key, size })));
  }));

Deno.test("a shop that is not there gets an error that says how to make one", async () => {
  const home = await Deno.makeTempDir();
  try {
    const runtime = createRuntime({ progress: silentProgress, log: createLogger(() => {}) });
    const embedded = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
    await assert.rejects(extract(embedded), /no embedded shop database.*deno task simulate/);
    const server = createContext(
      loadConfig({ SHOPFLOW_HOME: home, SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@127.0.0.1:1/shop" }),
      runtime,
    );
    await assert.rejects(extract(server), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(error.message, /postgres:\/\/shop:\*\*\*@127\.0\.0\.1:1\/shop cannot be reached/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
