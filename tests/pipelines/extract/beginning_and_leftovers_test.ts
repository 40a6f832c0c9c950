import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/extract.ts";
import { withEmbeddedShop } from "../../fixtures/embedded_shop.ts";

Deno.test("what a killed run left behind is removed a day later, what runs now is not", () =>
  withEmbeddedShop(async (context, home) => {
    const old = join(home, "tmp", "pipeline-old");
    const running = join(home, "tmp", "pipeline-running");
    for (const folder of [old, running]) await Deno.mkdir(folder, { recursive: true });
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await Deno.utime(old, yesterday, yesterday);
    await extract(context);
    const left = await Array.fromAsync(Deno.readDir(join(home, "tmp")), ({ name }) => name);
    assert.deepEqual(left, ["pipeline-running"]);
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
