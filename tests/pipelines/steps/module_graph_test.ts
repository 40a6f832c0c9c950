import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MODELS } from "shopflow/models/mod.ts";
import { moduleGraph } from "../../../pipelines/steps/module_graph.ts";

/** Writes modules to a folder of their own, and gives the names of those that an entry runs. */
async function graphOf(modules: Record<string, string>, entry = "entry.ts") {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(modules)) await Deno.writeTextFile(join(folder, name), text);
    const { files, packages } = moduleGraph(pathToFileURL(join(folder, entry)));
    return { files: files.map((file) => file.slice(folder.length + 1)), packages };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("of a module that hands on what others export, those are followed that give the imported names", async () => {
  const { files } = await graphOf({
    "entry.ts": `import { one as first } from "./mod.ts"; console.log(first);`,
    "mod.ts": `export { one } from "./one.ts"; export { two } from "./two.ts"; export * from "./three.ts";`,
    "one.ts": `export const one = 1;`,
    "two.ts": `export const two = 2;`,
    "three.ts": `export const three = 3;`,
  });
  assert.deepEqual(files, ["entry.ts", "one.ts", "three.ts"]);
});

Deno.test("types are no code, workers, texts and modules that are imported later are", async () => {
  const { files, packages } = await graphOf({
    "entry.ts": `import type { A } from "./a.ts"; import { type B, b } from "./b.ts"; import "./effect.ts";
      import text from "./style.css" with { type: "text" }; import { z } from "zod"; import { join } from "node:path";
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      export const later = async (): Promise<A | B> => (await import("./later.ts")).later(b, text, z, join, worker);`,
    "a.ts": `export type A = 1;`,
    "b.ts": `export type B = 1; export const b = 1;`,
    "effect.ts": `globalThis.name = "x";`,
    "style.css": `p { color: red }`,
    "worker.ts": `import "./engine.ts";`,
    "engine.ts": `export {};`,
    "later.ts": `import "./entry.ts"; export const later = (..._: unknown[]) => 1 as const;`,
  });
  assert.deepEqual(files, [
    "b.ts",
    "effect.ts",
    "engine.ts",
    "entry.ts",
    "later.ts",
    "style.css",
    "worker.ts",
  ]);
  assert.equal(packages.length, 1);
  assert.match(packages[0]!, /^npm:zod@\d+\.\d+\.\d+$/);
});

Deno.test("no model's code has a module of another model, and each has its own", () => {
  const folders = MODELS.map(({ module }) => new URL(".", module).pathname);
  for (const [i, { module, name }] of MODELS.entries()) {
    const { files } = moduleGraph(module);
    for (const [j, folder] of folders.entries()) {
      assert.equal(files.some((file) => file.startsWith(folder)), i === j, `${name} in ${folder}`);
    }
  }
  const [churn, recommendation] = MODELS.map(({ module }) => moduleGraph(module).files.join());
  assert.match(churn!, /classifier\/xgboost\/worker\.ts/);
  assert.doesNotMatch(recommendation!, /classifier/);
});
