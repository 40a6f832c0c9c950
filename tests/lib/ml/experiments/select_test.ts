import assert from "node:assert/strict";
import { numberText } from "../../../../lib/ml/experiments/select.ts";
import type { Trial } from "shopflow/ml/experiments/mod.ts";
import {
  bestFirst,
  findField,
  sortTrials,
  usualDirection,
  varyingParameters,
  whereTrials,
} from "shopflow/ml/experiments/mod.ts";

function trial(
  id: string,
  parameters: Trial["parameters"],
  metrics: Trial["metrics"],
  more: Partial<Trial> = {},
): Trial {
  const at = "2024-10-01T00:00:00.000Z";
  return {
    id,
    experiment: "e",
    status: "finished",
    startedAt: at,
    endedAt: at,
    parameters,
    metrics,
    tags: {},
    source: {},
    ...more,
  };
}

const TRIALS = [
  trial("a", { depth: 3, loss: "log", "learning rate": 0.1 }, { active_auc: 0.81, log_loss: 0.4 }),
  trial("b", { depth: 4, loss: "log", "learning rate": 0.1 }, { active_auc: 0.83, log_loss: 0.5 }),
  trial("c", { depth: 3, loss: "log" }, { active_auc: 0.79 }, { tags: { set: "orders" } }),
  trial("d", { depth: 10, loss: "log" }, {}, { status: "failed" }),
];
const ids = (trials: Trial[]) => trials.map(({ id }) => id).join("");

Deno.test("conditions choose trials by parameters, metrics, tags and status", () => {
  assert.equal(ids(whereTrials(TRIALS, ["depth=3"])), "ac");
  assert.equal(ids(whereTrials(TRIALS, ["depth = 3.0", "active_auc>=0.81"])), "a");
  assert.equal(ids(whereTrials(TRIALS, ["depth!=3"])), "bd");
  assert.equal(ids(whereTrials(TRIALS, ["learning rate<0.2"])), "ab");
  assert.equal(ids(whereTrials(TRIALS, ["set=orders"])), "c");
  assert.equal(ids(whereTrials(TRIALS, ["status=failed"])), "d");
  assert.equal(ids(whereTrials(TRIALS, ["parameters.depth>4"])), "d");
  assert.equal(ids(whereTrials(TRIALS, ["loss=log"])), "abcd");
});

Deno.test("a condition on what no trial has, or that is none, names what there is", () => {
  assert.throws(() => whereTrials(TRIALS, ["dpeth=3"]), {
    message: /No trial has "dpeth": expected one of depth, .*active_auc/,
  });
  assert.throws(() => whereTrials(TRIALS, ["depth"]), {
    message: /Invalid condition on trials: expected NAME/,
  });
  assert.throws(() => whereTrials(TRIALS, ["depth="]), { message: /Invalid condition/ });
  const both = [trial("a", { size: 1 }, { size: 2 })];
  assert.throws(() => findField(both, "size"), { message: /parameters.size, metrics.size/ });
  assert.deepEqual(findField(both, "metrics.size"), { kind: "metrics", name: "size" });
});

Deno.test("the best is the highest or the lowest, as is usual for the metric", () => {
  assert.equal(ids(bestFirst(TRIALS, "active_auc", usualDirection("active_auc"))), "bac");
  assert.equal(ids(bestFirst(TRIALS, "log_loss", usualDirection("log_loss"))), "ab");
  for (
    const name of ["log_loss", "test_brier", "rmse", "validation error", "training_seconds", "valid/loss"]
  ) {
    assert.equal(usualDirection(name), "lowest", name);
  }
  for (const name of ["auc", "ndcg_at_10", "precision", "glossary_hits", "r2"]) {
    assert.equal(usualDirection(name), "highest", name);
  }
});

Deno.test("trials without a value come last, whichever way they are sorted", () => {
  const rate = findField(TRIALS, "learning rate");
  assert.equal(ids(sortTrials(TRIALS, rate, true)), "abcd");
  assert.equal(ids(sortTrials(TRIALS, findField(TRIALS, "depth"), true)), "dbac");
  assert.equal(ids(sortTrials(TRIALS, findField(TRIALS, "log_loss"), true)), "bacd");
});

Deno.test("parameters that are the same everywhere tell nothing", () => {
  assert.deepEqual(varyingParameters(TRIALS), ["depth", "learning rate"]);
});

Deno.test("numbers are short and never rounded to 0", () => {
  assert.deepEqual([0.812345, 3, 1e-5, 123456.789, 1e9, 0, -0.25].map(numberText), [
    "0.8123",
    "3",
    "0.0000100",
    "123456.789",
    "1.00000e+9",
    "0",
    "-0.25",
  ]);
});
