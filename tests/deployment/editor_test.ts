import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pipelinesNamed } from "../../pipelines/main.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

interface Launch {
  configurations: { name: string; runtimeArgs: string[] }[];
  inputs: { id: string; options: string[] }[];
}

async function launches(): Promise<Launch> {
  return JSON.parse(await Deno.readTextFile(join(ROOT, ".vscode", "launch.json")));
}

Deno.test("the editor can debug a pipeline, the server, a notebook and a test", async () => {
  const { configurations } = await launches();
  assert.equal(configurations.length, 4);
  for (const { name, runtimeArgs: [command, inspect, permissions, program = ""] } of configurations) {
    assert.ok(command === "run" || command === "test", name);
    assert.deepEqual([inspect, permissions], ["--inspect-brk", "-A"], name);
    assert.ok(program === "${file}" || existsSync(join(ROOT, program)), `${name}: ${program}`);
  }
});

Deno.test("the pipelines that the editor offers are ones, those of a full run first", async () => {
  const { inputs } = await launches();
  const offered = inputs.find(({ id }) => id === "step")?.options ?? [];
  assert.deepEqual(offered.flatMap(pipelinesNamed), offered);
  assert.deepEqual(offered.slice(0, pipelinesNamed("all").length), pipelinesNamed("all"));
});
