import assert from "node:assert/strict";
import { createExperiment, findTrial, listExperiments, listTrials } from "shopflow/ml/experiments/mod.ts";
import { trialPredictions } from "../../../../lib/ml/experiments/store.ts";
import { steppingClock, temporaryStore } from "./temporary_store.ts";

Deno.test("what is logged is there, with where it came from", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "churn depth / größer?", {
    now: steppingClock(),
    source: () => ({ program: "notebooks/a.ipynb", commit: "abc", snapshot: "20241001" }),
  });
  const first = await experiment.log({
    parameters: { depth: 3 },
    metrics: { active_auc: 0.8 },
    tags: { set: "a" },
  });
  await experiment.log({ parameters: { depth: 4 }, metrics: { active_auc: 0.81 } });
  const trials = await listTrials(lake.store, "churn depth / größer?");
  assert.deepEqual(trials.map(({ parameters }) => parameters.depth), [4, 3]);
  assert.deepEqual(await findTrial(lake.store, first.id.slice(0, 6)), first);
  assert.deepEqual(first, {
    id: first.id,
    experiment: "churn depth / größer?",
    status: "finished",
    startedAt: "2024-10-01T00:00:01.000Z",
    endedAt: "2024-10-01T00:00:01.000Z",
    parameters: { depth: 3 },
    metrics: { active_auc: 0.8 },
    tags: { set: "a" },
    source: { program: "notebooks/a.ipynb", commit: "abc", snapshot: "20241001" },
  });
  const [summary, ...others] = await listExperiments(lake.store);
  assert.deepEqual([summary?.name, summary?.trials, others], ["churn depth / größer?", 2, []]);
});

Deno.test("calls with a step and the same parameters are one trial with curves, whether they are awaited or not", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "curves", { now: steppingClock() });
  const points = [0.7, 0.6, 0.5].map((loss, step) =>
    experiment.log({ parameters: { eta: 0.1 }, metrics: { loss }, step })
  );
  const [, , last] = await Promise.all(points);
  assert.deepEqual(last!.steps!.map(({ step, metrics }) => [step, metrics.loss]), [[0, 0.7], [1, 0.6], [
    2,
    0.5,
  ]]);
  assert.deepEqual(last!.metrics, { loss: 0.5 });
  // A cell that is run again, and other parameters, are other trials.
  const again = await experiment.log({ parameters: { eta: 0.1 }, metrics: { loss: 0.9 }, step: 0 });
  const other = await experiment.log({ parameters: { eta: 0.2 }, metrics: { loss: 0.9 }, step: 1 });
  assert.equal(new Set([last!.id, again.id, other.id]).size, 3);
  assert.equal((await experiment.trials()).length, 3);
});

Deno.test("a call that fails does not keep the next one from being logged", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "one");
  await assert.rejects(experiment.log({ metrics: { auc: NaN } }), { name: "InputError" });
  await experiment.log({ metrics: { auc: 0.5 } });
  assert.equal((await experiment.trials()).length, 1);
});

Deno.test("predictions are read back as they were, whatever lists they were given as", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "predictions");
  const trial = await experiment.log({
    metrics: { auc: 1 },
    predictions: { ids: [1, 2, 3], labels: [true, false, true], scores: Float64Array.of(0.9, 0.1, 1 / 3) },
  });
  assert.equal(trial.predictions!.rows, 3);
  assert.deepEqual(await trialPredictions(lake.store, trial), {
    ids: ["1", "2", "3"],
    labels: Float64Array.of(1, 0, 1),
    scores: Float64Array.of(0.9, 0.1, 1 / 3),
  });
});

Deno.test("programs that log at the same time lose nothing", async () => {
  await using lake = await temporaryStore();
  const experiments = Array.from({ length: 8 }, () => createExperiment(lake.store, "shared"));
  await Promise.all(
    experiments.flatMap((experiment, program) =>
      Array.from({ length: 10 }, (_, i) => experiment.log({ parameters: { program, i }, metrics: { x: i } }))
    ),
  );
  const trials = await listTrials(lake.store, "shared");
  const logged = new Set(trials.map(({ parameters }) => `${parameters.program} ${parameters.i}`));
  assert.equal(logged.size, 80);
});

Deno.test("names that an experiment cannot have are refused", async () => {
  await using lake = await temporaryStore();
  for (const name of ["", "..", " churn", "a\nb", "x".repeat(201)]) {
    assert.throws(() => createExperiment(lake.store, name), { name: "InputError" });
  }
  for (const name of [".hidden", "a/b", "100 %", "CON*?", "日本"]) {
    await createExperiment(lake.store, name).log({ metrics: { x: 1 } });
  }
  const names = (await listExperiments(lake.store)).map(({ name }) => name).sort();
  assert.deepEqual(names, [".hidden", "100 %", "CON*?", "a/b", "日本"].sort());
});

Deno.test("a trial that was changed by hand is told of, and the others are listed", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "sealed");
  await experiment.log({ metrics: { auc: 0.5 } });
  const { id } = await experiment.log({ metrics: { auc: 0.6 } });
  const path = `${lake.folder}/experiments/sealed/${id}.json`;
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("0.6", "0.9"));
  const damaged: string[] = [];
  const trials = await listTrials(lake.store, "sealed", {
    onDamaged: ({ message }) => damaged.push(message),
  });
  assert.equal(trials.length, 1);
  assert.match(damaged[0]!, new RegExp(`${id}.json in the lake .* was changed since it was written`));
  await assert.rejects(listTrials(lake.store, "sealed"), { name: "LakeError" });
});

Deno.test("an id that fits no trial or several says so", async () => {
  await using lake = await temporaryStore();
  const experiment = createExperiment(lake.store, "ids");
  for (let i = 0; i < 20; i++) await experiment.log({ metrics: { i } });
  await assert.rejects(findTrial(lake.store, ""), { message: /More than one trial begins so/ });
  await assert.rejects(findTrial(lake.store, "zz"), { message: /There is no trial of that id.*"zz"/ });
});
