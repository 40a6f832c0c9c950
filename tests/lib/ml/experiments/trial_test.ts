import assert from "node:assert/strict";
import { checkTrial, type TrialInput } from "../../../../lib/ml/experiments/trial.ts";

/** What a notebook may pass, whose types were not checked. */
const check = (input: unknown) => checkTrial(input as TrialInput);

const REFUSED: [string, unknown, RegExp][] = [
  [
    "NaN",
    { metrics: { auc: NaN } },
    /Invalid metric "auc": expected a finite number, found NaN. Find out why/,
  ],
  ["Infinity", { metrics: { auc: -Infinity } }, /found -Infinity/],
  ["a text for a metric", { metrics: { auc: "0.8" } }, /found the text "0.8". Numbers only/],
  ["a bigint", { metrics: { rows: 5n } }, /the bigint 5n, which Number/],
  ["a nested metric", { metrics: { auc: { active: 0.8 } } }, /found an object.*"auc.first"/],
  ["a list of metrics", { metrics: { auc: [0.8, 0.9] } }, /found a list of 2.*step by step/],
  ["undefined", { metrics: { auc: undefined } }, /found undefined/],
  ["no metric", { metrics: {} }, /A trial needs a metric/],
  ["no metrics at all", { parameters: { depth: 3 } }, /needs a metric/],
  [
    "metrics that are a number",
    { metrics: 0.8 },
    /Invalid metrics of a trial: expected an object.*found number/,
  ],
  ["a nested parameter", { parameters: { trees: { depth: 3 } }, metrics: { a: 1 } }, /"trees.first"/],
  [
    "a parameter that is null",
    { parameters: { depth: null }, metrics: { a: 1 } },
    /found null. Leave it out/,
  ],
  ["a parameter that is NaN", { parameters: { eta: NaN }, metrics: { a: 1 } }, /found NaN/],
  ["a date", { parameters: { day: new Date() }, metrics: { a: 1 } }, /found a Date/],
  ["a function", { parameters: { loss: () => 1 }, metrics: { a: 1 } }, /found a function/],
  ["a tag that is a number", { tags: { run: 3 }, metrics: { a: 1 } }, /Invalid tag "run": expected text/],
  [
    "a misspelt field",
    { params: { depth: 3 }, metrics: { a: 1 } },
    /expected the fields parameters, metrics.*params/,
  ],
  ["a step that is no whole number", { metrics: { a: 1 }, step: 1.5 }, /Invalid step.*found 1.5/],
  ["a name with an @", { metrics: { "ndcg@10": 1 } }, /Invalid name of a metric.*ndcg_at_10.*"ndcg@10"/],
  ["a name that leaves its folder", { metrics: { "../auc": 1 } }, /Invalid name/],
  ["an empty name", { metrics: { "": 1 } }, /Invalid name/],
  ["a very long name", { metrics: { ["a".repeat(251)]: 1 } }, /at most 250 bytes/],
  [
    "a name that is the folder of another",
    { metrics: { auc: 1, "auc/active": 1 } },
    /"auc" and "auc\/active"/,
  ],
  [
    "a very long text",
    { parameters: { note: "x".repeat(5001) }, metrics: { a: 1 } },
    /at most 5000 characters/,
  ],
  ["nothing", undefined, /Invalid trial: expected an object/],
  ["predictions of other lengths", {
    metrics: { a: 1 },
    predictions: { ids: ["a", "b"], labels: [1, 0], scores: [0.5] },
  }, /2 ids, 2 labels, 1 scores/],
  ["predictions of one row twice", {
    metrics: { a: 1 },
    predictions: { ids: ["a", "a"], labels: [1, 0], scores: [0.5, 0.5] },
  }, /each id once.*"a" twice/],
  ["predictions that are no numbers", {
    metrics: { a: 1 },
    predictions: { ids: ["a"], labels: [1], scores: [NaN] },
  }, /a finite number as each score, found number NaN in row 0/],
  [
    "predictions without labels",
    { metrics: { a: 1 }, predictions: { ids: ["a"], scores: [1] } },
    /no labels/,
  ],
];

for (const [what, input, message] of REFUSED) {
  Deno.test(`${what} cannot be logged, and the message says what may be`, () => {
    assert.throws(() => check(input), { name: "InputError", message });
  });
}

Deno.test("texts, numbers, true and false are kept as they are, sorted by name", () => {
  const { parameters, metrics, tags } = check({
    parameters: { loss: "logistic", depth: 3, calibrated: true },
    metrics: { "valid/auc: active": 0.8, "0": 1e-300, "Trefferquote größer 0": -0.5 },
    tags: { set: "behaviour" },
  });
  assert.equal(JSON.stringify(parameters), '{"calibrated":true,"depth":3,"loss":"logistic"}');
  assert.deepEqual(metrics, { "0": 1e-300, "Trefferquote größer 0": -0.5, "valid/auc: active": 0.8 });
  assert.deepEqual(tags, { set: "behaviour" });
});

Deno.test("secrets do not reach the lake", () => {
  const { parameters, tags } = check({
    parameters: {
      api_key: "sk-1234",
      url: "postgres://reader:hunter22@db.internal:5432/shop",
      token_count: "many",
      password: "",
    },
    tags: { "github.token": "ghp_abcdef" },
    metrics: { auc: 0.8 },
  });
  assert.deepEqual(parameters, {
    api_key: "***",
    url: "postgres://reader:***@db.internal:5432/shop",
    token_count: "many",
    password: "",
  });
  assert.deepEqual(tags, { "github.token": "***" });
});
