import assert from "node:assert/strict";
import { churnModel } from "shopflow/churn/mod.ts";
import { compareTrials, listTrials } from "shopflow/ml/experiments/mod.ts";
import { championCard } from "shopflow/ml/registry/mod.ts";
import { flat } from "../../../../pipelines/steps/train/log_training.ts";
import { trainModel } from "../../../../pipelines/steps/train/train.ts";
import { createChurnLake } from "../../../fixtures/churn_lake.ts";

Deno.test("each training is a trial of its model's experiment, with predictions to compare it by", async () => {
  await using lake = await createChurnLake({ customers: 500 });
  const { context } = lake;
  const train = trainModel(churnModel);
  await train(context);
  // The same training again is the same trial; other parameters are another one.
  await train({ ...context, force: true });
  await trainModel({ ...churnModel, parameters: { ...churnModel.parameters, note: "second" } })(context);
  const trials = await listTrials(context.store, "churn");
  assert.equal(trials.length, 2);
  const card = (await championCard(context.store, "churn"))!;
  const champion = trials.find(({ tags }) => tags.model_version === card.version)!;
  assert.equal(champion.metrics.auc, card.metrics.auc);
  assert.equal(champion.parameters.as_of, card.asOf);
  assert.equal(champion.source.program, "pipeline run train");
  assert.equal(champion.source.snapshot, lake.snapshot);
  const { sameTest, metrics } = await compareTrials(context.store, trials[0]!, trials[1]!);
  assert.ok(sameTest);
  assert.equal(metrics[0]!.difference, 0);
  assert.ok(
    Math.abs(metrics[0]!.one - card.metrics.active_auc!) < 1e-9 ||
      Math.abs(metrics[0]!.one - card.metrics.auc!) < 1e-9,
  );
});

Deno.test("parameters of a card become flat names and values, whatever their author called them", () => {
  assert.deepEqual(
    flat({
      trees: { depth: 3, "rate/eta": 0.1 },
      dates: ["2024-01-01"],
      none: null,
      limit: Infinity,
      on: true,
      "a@b": "x",
    }),
    {
      "trees.depth": 3,
      "trees.rate_eta": 0.1,
      dates: '["2024-01-01"]',
      limit: "Infinity",
      on: true,
      a_b: "x",
    },
  );
  assert.equal((flat({ long: Array.from({ length: 100 }, (_, i) => i) }).long as string).length, 200);
});
