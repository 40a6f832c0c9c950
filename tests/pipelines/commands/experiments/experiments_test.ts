import assert from "node:assert/strict";
import { join } from "node:path";
import { createExperiment } from "shopflow/ml/experiments/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createExperimentsProgram } from "../../../../pipelines/commands/experiments/experiments.ts";
import { steppingClock, temporaryStore } from "../../../lib/ml/experiments/temporary_store.ts";

type Lake = Awaited<ReturnType<typeof temporaryStore>>;

/** What a command prints. */
async function experiments({ store }: Lake, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  const runtime = createRuntime({ progress: silentProgress });
  await createExperimentsProgram(() => ({ store, runtime }), (text) => printed.push(text))
    .parseAsync(args, { from: "user" });
  return printed.join("\n");
}

/** Six trials of one experiment, two of them with predictions of the same test, and one of another experiment. */
async function withTrials(body: (lake: Lake, ids: string[]) => Promise<void>): Promise<void> {
  await using lake = await temporaryStore();
  const now = steppingClock();
  const experiment = createExperiment(lake.store, "churn depth", {
    now,
    source: () => ({ program: "notebooks/depth.ipynb" }),
  });
  const ids = Array.from({ length: 200 }, (_, i) => `C${i}`);
  const labels = ids.map((_, i) => i % 3 === 0 ? 1 : 0);
  const found: string[] = [];
  for (const [depth, eta, auc] of [[2, 0.1, 0.78], [3, 0.1, 0.81], [3, 0.3, 0.8], [4, 0.1, 0.79]] as const) {
    const scores = labels.map((label, i) => (label * depth + i % 7) / 20);
    const { id } = await experiment.log({
      parameters: { depth, eta, loss: "logistic" },
      metrics: { active_auc: auc, log_loss: 1 - auc },
      ...(depth !== 4 && { predictions: { ids, labels, scores } }),
    });
    found.push(id);
  }
  for (let step = 0; step < 3; step++) {
    await experiment.log({ parameters: { depth: 9 }, metrics: { active_auc: 0.5 + step / 10 }, step });
  }
  await createExperiment(lake.store, "other", { now }).log({ metrics: { rmse: 3 } });
  await body(lake, found);
}

Deno.test("list shows the experiments, and the trials of one with what distinguishes them", () =>
  withTrials(async (lake, [, second]) => {
    const all = await experiments(lake, "list");
    assert.match(all, /^churn depth +5 +/m);
    assert.match(all, /^other +1 +/m);
    const trials = await experiments(lake, "list", "churn depth", "--sort", "active_auc", "--descending");
    assert.match(trials, /^trial +ended \(UTC\) +depth +eta +loss +active_auc +log_loss$/m);
    assert.match(trials.split("\n")[2]!, new RegExp(`^${second} .* 3 +0.1 +logistic +0.81 +0.19$`));
    const json = JSON.parse(await experiments(lake, "list", "churn depth", "--where", "depth=3", "--json"));
    assert.equal(json.length, 2);
    assert.match(
      await experiments(lake, "list", "churn depth", "--limit", "2"),
      /2 of 5 trials; --limit shows more/,
    );
    const columns = await experiments(lake, "list", "churn depth", "--columns", "loss, active_auc");
    assert.match(columns, /^trial +ended \(UTC\) +loss +active_auc$/m);
    await assert.rejects(experiments(lake, "list", "chrun"), {
      name: "InputError",
      message: /There is no experiment of that name: expected .*"churn depth".*, found "chrun"/,
    });
  }));

Deno.test("best finds the best trial of those that meet the conditions, in all experiments", () =>
  withTrials(async (lake, [, second]) => {
    const text = await experiments(lake, "best", "--by", "active_auc", "--where", "depth=3");
    assert.match(text, new RegExp(`^The highest active_auc is 0.81, of trial ${second} in "churn depth".`));
    assert.match(text, /chosen among 2 by that metric, so the metric is optimistic/);
    assert.match(await experiments(lake, "best", "--by", "log_loss"), /^The lowest log_loss is 0.19/);
    assert.match(
      await experiments(lake, "best", "--by", "log_loss", "--highest"),
      /^The highest log_loss is 0.22/,
    );
    await assert.rejects(experiments(lake, "best", "--by", "auc"), {
      message: /No trial has the metric "auc": expected one of active_auc, log_loss, rmse/,
    });
    await assert.rejects(experiments(lake, "best", "--by", "rmse", "--where", "dept=3"), {
      message: /No trial has "dept"/,
    });
  }));

Deno.test("compare shows parameters, metrics, and paired intervals where both logged their predictions", () =>
  withTrials(async (lake, [first, second, , last]) => {
    const text = await experiments(lake, "compare", first!, second!.slice(0, 7), last!);
    assert.match(text, /^≠ +parameter +depth +2 +3 +4$/m);
    assert.match(text, /^ +parameter +loss +logistic +logistic +logistic$/m);
    assert.match(text, new RegExp(`^${second} less ${first}. The same test: 200 rows.$`, "m"));
    assert.match(
      text,
      /^ {2}AUC 0\.\d+ and 0\.\d+: [+−]0\.\d{4}, 95 % interval [+−]0\.\d{4} to [+−]0\.\d{4}: /m,
    );
    assert.match(text, new RegExp(`${last} less ${first}. ${last} logged no predictions`));
    const dates = Array.from({ length: 6 }, (_, i) => `2024-0${i + 1}-01`);
    const { id: long } = await createExperiment(lake.store, "long").log({
      parameters: { dates: dates.join(",") },
      metrics: { auc: 0.7 },
    });
    assert.match(
      await experiments(lake, "compare", long, first!),
      /^≠ +parameter +dates +2024-01-01,2024-02-01,2024-03…/m,
    );
    await assert.rejects(experiments(lake, "compare", "zz", first!), { message: /no trial of that id/ });
  }));

Deno.test("show tells where a trial comes from", () =>
  withTrials(async (lake, [first]) => {
    const text = await experiments(lake, "show", first!);
    assert.match(text, new RegExp(`^churn depth ${first}: finished$`, "m"));
    assert.match(text, /^from notebooks\/depth.ipynb$/m);
    assert.match(text, /^active_auc +0.78$/m);
    assert.match(text, /^predictions of 200 rows, test [0-9a-f]{12}$/m);
  }));

Deno.test("plot draws parallel coordinates and curves as SVG", () =>
  withTrials(async (lake) => {
    const file = join(lake.folder, "trials.svg");
    assert.equal(
      await experiments(lake, "plot", "churn depth", "--by", "active_auc", "--to", file),
      `5 trials drawn to ${file}`,
    );
    const svg = await Deno.readTextFile(file);
    for (const text of ["depth", "eta", "active_auc", "0.81", "none"]) {
      assert.ok(svg.includes(`>${text}<`), text);
    }
    assert.match(svg, /aria-label="5 trials through depth, eta, loss, active_auc; highest active_auc: 0.81/);
    await experiments(lake, "plot", "churn depth", "--by", "active_auc", "--steps", "--to", file);
    assert.match(await Deno.readTextFile(file), />step</);
    await assert.rejects(experiments(lake, "plot", "other", "--by", "rmse", "--steps", "--to", file), {
      message: /No trial was logged with steps/,
    });
  }));
