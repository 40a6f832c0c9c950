import assert from "node:assert/strict";
import { createExperiment, search, type Trial } from "shopflow/ml/experiments/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { delay } from "shopflow/runtime/mod.ts";
import { temporaryStore } from "./temporary_store.ts";

/** A search whose trials take a moment; this file is also the program that is killed. */
const searchIn = (folder: string) =>
  search({
    experiment: createExperiment(createDirectoryStore(folder), "killed"),
    space: { x: { uniform: [0, 1] }, kind: { choice: ["a", "b", "c"] } },
    data: { train: [], validation: [] },
    metric: "auc",
    budget: 40,
    seed: 9,
    log: () => {},
    async objective({ x, kind }) {
      await delay(10);
      return { auc: x * (kind === "a" ? 1 : 0.5) };
    },
  });

if (import.meta.main && Deno.args[0] !== undefined) await searchIn(Deno.args[0]);

Deno.test("searches that are killed again and again end with the trials of one that was not", async () => {
  await using lake = await temporaryStore();
  await using whole = await temporaryStore();
  const logged = () => createExperiment(lake.store, "killed").trials();
  let before = 0;
  for (let kill = 1; kill <= 3; kill++) {
    const program = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", import.meta.filename!, lake.folder],
      stderr: "piped",
    }).spawn();
    while ((await logged()).length < before + 3) await delay(5);
    program.kill("SIGKILL");
    await program.output();
    // Every trial that is there can be read: none is half written.
    before = (await logged()).length;
  }
  assert.ok(before < 40, `${before} trials, the program was not killed in time`);
  const resumed = await searchIn(lake.folder);
  assert.equal(resumed.resumed, before);
  const unbroken = await searchIn(whole.folder);
  const shape = (trials: Trial[]) =>
    trials.map(({ id, parameters, metrics }) => ({ id, parameters, metrics }));
  assert.deepEqual(shape(resumed.trials), shape(unbroken.trials));
  assert.equal(resumed.best.id, unbroken.best.id);
});
