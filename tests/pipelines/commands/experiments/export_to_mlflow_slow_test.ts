import assert from "node:assert/strict";
import { join } from "node:path";
import { createExperiment, listTrials, search } from "shopflow/ml/experiments/mod.ts";
import { exportToMlflow } from "../../../../pipelines/commands/experiments/export_to_mlflow.ts";
import { steppingClock, temporaryStore } from "../../../lib/ml/experiments/temporary_store.ts";
import { TEST_MLFLOW, testWith } from "../../../requirements.ts";

/** Everything that MLflow's own client finds in a store. */
const READ = `
import json, sys, logging
logging.disable(logging.WARNING)
from mlflow.tracking import MlflowClient
from mlflow.entities import ViewType
client = MlflowClient(tracking_uri=sys.argv[1])
found = {}
for experiment in client.search_experiments():
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    found[experiment.name] = {run.data.tags["shopflow.trial"]: {
        "status": run.info.status, "name": run.info.run_name, "start": run.info.start_time, "end": run.info.end_time,
        "params": run.data.params, "metrics": run.data.metrics, "tags": run.data.tags,
        "history": {key: [[m.timestamp, m.value, m.step] for m in client.get_metric_history(run.info.run_id, key)]
                    for key in run.data.metrics},
        "artifacts": [file.path for file in client.list_artifacts(run.info.run_id)],
    } for run in runs}
best = client.search_runs([client.get_experiment_by_name("churn / depth: größer").experiment_id],
    filter_string="params.depth = '3'", order_by=["metrics.\`valid/active auc\` DESC"])
print(json.dumps({"found": found, "best": [run.info.run_name for run in best]}))
`;

async function readByMlflow(folder: string) {
  const { success, stdout, stderr } = await new Deno.Command(TEST_MLFLOW, {
    args: ["-c", READ, folder],
    // A newer MLflow asks before it reads files rather than a database.
    env: { MLFLOW_ALLOW_FILE_STORE: "true", MLFLOW_DISABLE_TELEMETRY: "true", GIT_PYTHON_REFRESH: "quiet" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

testWith(["mlflow"], "MLflow itself reads every trial of an export as it was logged", async () => {
  await using lake = await temporaryStore();
  const now = steppingClock();
  const source = {
    program: "notebooks/a b.ipynb",
    notebookRun: "20241001T000000000-abcdef",
    commit: "c0ffee",
    snapshot: "s1",
  };
  const experiment = createExperiment(lake.store, "churn / depth: größer", { now, source: () => source });
  const plain = await experiment.log({
    parameters: {
      depth: 3,
      "learning rate": 0.1,
      "tree/kind": 'a: b\nsecond line "quoted" ü',
      on: true,
      empty: "",
    },
    metrics: {
      "valid/active auc": 0.8123456789012345,
      "log_loss: all": 1e-7,
      negative: -3,
      "größe.x": 123456789012,
    },
    tags: { "set": "behaviour, orders", "note/long": "x".repeat(4000) },
    predictions: { ids: ["C1", 'C,"2"'], labels: [0, 1], scores: [0.25, 1] },
  });
  for (let step = 0; step < 4; step++) {
    await experiment.log({ parameters: { depth: 5 }, metrics: { loss: 1 / (step + 3) }, step });
  }
  await experiment.log({ parameters: { depth: 3 }, metrics: { "valid/active auc": 0.9 } });
  const other = createExperiment(lake.store, "search", { now });
  await search({
    experiment: other,
    space: { depth: { integer: [1, 3] } },
    data: { train: [], validation: [] },
    metric: "auc",
    budget: 3,
    seed: 1,
    log: () => {},
    now,
    objective({ depth }) {
      if (depth === 2) throw new Error("no rows");
      return { auc: depth / 10 };
    },
  });
  const folder = join(lake.folder, "ml runs");
  const trials = await listTrials(lake.store);
  assert.deepEqual(await exportToMlflow(lake.store, trials, folder), { experiments: 2 });
  // A second export changes nothing.
  await exportToMlflow(lake.store, trials, folder);
  const { found, best } = await readByMlflow(folder);
  assert.deepEqual(Object.keys(found).sort(), ["churn / depth: größer", "search"]);
  let seen = 0;
  for (const trial of trials) {
    const run = found[trial.experiment][trial.id];
    assert.ok(run, trial.id);
    assert.equal(run.status, trial.status === "failed" ? "FAILED" : "FINISHED");
    assert.deepEqual([run.name, run.start, run.end], [
      trial.id,
      Date.parse(trial.startedAt),
      Date.parse(trial.endedAt),
    ]);
    assert.deepEqual(run.metrics, trial.metrics);
    assert.deepEqual(
      run.params,
      Object.fromEntries(Object.entries(trial.parameters).map(([k, v]) => [k, String(v)])),
    );
    for (const [name, value] of Object.entries(trial.tags)) assert.equal(run.tags[name], value);
    if (trial.steps) {
      assert.deepEqual(
        run.history.loss,
        trial.steps.map(({ at, step, metrics }) => [Date.parse(at), metrics.loss, step]),
      );
    }
    assert.deepEqual(run.artifacts, trial.predictions ? ["predictions.csv"] : []);
    seen++;
  }
  assert.equal(seen, 6);
  const { tags } = found[plain.experiment][plain.id];
  assert.equal(tags["mlflow.source.git.commit"], "c0ffee");
  assert.equal(tags["shopflow.notebook_run"], "20241001T000000000-abcdef");
  assert.equal(best.length, 2);
  assert.equal(best[1], plain.id);
});

Deno.test("an experiment that MLflow made itself is not mixed with ours of the same name", async () => {
  await using lake = await temporaryStore();
  await createExperiment(lake.store, "churn").log({ metrics: { auc: 0.8 } });
  const folder = join(lake.folder, "mlruns");
  await Deno.mkdir(join(folder, "42"), { recursive: true });
  await Deno.writeTextFile(join(folder, "42", "meta.yaml"), "name: churn\nexperiment_id: '42'\n");
  await assert.rejects(exportToMlflow(lake.store, await listTrials(lake.store), folder), {
    name: "InputError",
    message: /has an experiment of the same name already.*"churn" in 42. Export to another folder/,
  });
});
