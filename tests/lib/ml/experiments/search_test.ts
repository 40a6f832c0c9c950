import assert from "node:assert/strict";
import { createExperiment, search } from "shopflow/ml/experiments/mod.ts";
import { drawConfigurations } from "../../../../lib/ml/experiments/space.ts";
import { steppingClock, temporaryStore } from "./temporary_store.ts";

const SPACE = { x: { uniform: [-1, 1] }, kind: { choice: ["a", "b"] } } as const;
const data = { train: "train", validation: "validation", test: "test" };

/** Best at x = 0.3 with a. */
const score = ({ x, kind }: { x: number; kind: "a" | "b" }) => 1 - (x - 0.3) ** 2 - (kind === "a" ? 0 : 0.5);

Deno.test("a random search finds the best on validation, logs each trial, and measures the choice on the test once", async () => {
  await using lake = await temporaryStore();
  const seen: unknown[] = [];
  let tests = 0;
  const options = {
    experiment: createExperiment(lake.store, "search", { now: steppingClock() }),
    space: SPACE,
    data,
    metric: "auc",
    budget: 40,
    seed: 7,
    log: () => {},
    objective(parameters: { x: number; kind: "a" | "b" }, context: object) {
      seen.push(context);
      return { auc: score(parameters) };
    },
    evaluate(parameters: { x: number; kind: "a" | "b" }, { test }: { test: string }) {
      tests++;
      assert.equal(test, "test");
      return { auc: score(parameters) - 0.1 };
    },
  };
  const found = await search(options);
  assert.equal(found.trials.length, 40);
  assert.ok(
    Math.abs(found.parameters.x - 0.3) < 0.15 && found.parameters.kind === "a",
    JSON.stringify(found.parameters),
  );
  assert.equal(found.best.metrics.auc, Math.max(...found.trials.map(({ metrics }) => metrics.auc!)));
  assert.deepEqual(Object.keys(found.test!.metrics), ["test_auc"]);
  assert.ok(seen.every((context) => !("test" in (context as object))), "no objective sees the test");
  const again = await search(options);
  assert.equal(again.resumed, 40);
  assert.deepEqual(again.best, found.best);
  assert.deepEqual([seen.length, tests], [40, 1]);
  const other = await search({ ...options, evaluate: () => ({ recall: 0.5 }) });
  assert.deepEqual(other.test!.metrics, { test_recall: 0.5 });
});

Deno.test("a search that was ended goes on where it was, with the same trials", async () => {
  await using lake = await temporaryStore();
  await using whole = await temporaryStore();
  let calls = 0;
  /** The program ends in the middle of the 8th trial. */
  let endsAt = 8;
  const at = (store: typeof lake.store) => ({
    experiment: createExperiment(store, "resume"),
    space: SPACE,
    data,
    metric: "auc",
    budget: 20,
    seed: 3,
    log: () => {},
    objective: (parameters: { x: number; kind: "a" | "b" }) => {
      if (++calls === endsAt) return new Promise<never>(() => {});
      return { auc: score(parameters) };
    },
  });
  // What a kill leaves: the trial at work is not there.
  search(at(lake.store));
  while ((await createExperiment(lake.store, "resume").trials()).length < 7) {
    await new Promise((done) => setTimeout(done, 5));
  }
  endsAt = -1;
  calls = 0;
  const resumed = await search(at(lake.store));
  assert.equal(resumed.resumed, 7);
  assert.equal(calls, 13);
  const unbroken = await search(at(whole.store));
  const shape = ({ trials }: typeof resumed) =>
    trials.map(({ id, parameters, metrics }) => ({ id, parameters, metrics }));
  assert.deepEqual(shape(resumed), shape(unbroken));
});

Deno.test("another seed, space, objective or version is another search; a larger budget adds to it", async () => {
  await using lake = await temporaryStore();
  const options = {
    experiment: createExperiment(lake.store, "other"),
    space: SPACE,
    data,
    metric: "auc",
    budget: 5,
    seed: 1,
    log: () => {},
    objective: ({ x }: { x: number }) => ({ auc: x }),
  };
  await search(options);
  assert.equal((await search({ ...options, budget: 8 })).resumed, 5);
  assert.equal((await search({ ...options, seed: 2 })).resumed, 0);
  assert.equal((await search({ ...options, version: "snapshot 2" })).resumed, 0);
  assert.equal((await search({ ...options, objective: ({ x }) => ({ auc: -x }) })).resumed, 0);
});

Deno.test("trials that fail are logged as failed, the others go on, and a restart tries them again", async () => {
  await using lake = await temporaryStore();
  let broken = true;
  const lines: string[] = [];
  const options = {
    experiment: createExperiment(lake.store, "failures"),
    space: { depth: { integer: [1, 6] } },
    data,
    metric: "auc",
    budget: 6,
    seed: 1,
    log: (line: string) => lines.push(line),
    objective: ({ depth }: { depth: number }) => {
      if (broken && depth === 2) throw new TypeError("no rows");
      return { auc: broken && depth === 3 ? NaN : depth / 10 };
    },
  } as const;
  const found = await search(options);
  assert.equal(found.failed, 2);
  const failures = found.trials.filter(({ status }) => status === "failed").map(({ failure }) => failure!)
    .sort();
  assert.match(failures[0]!, /InputError: Invalid metrics of an objective.*auc NaN/);
  assert.equal(failures[1], "TypeError: no rows");
  assert.equal(found.parameters.depth, 6);
  assert.ok(
    lines.some((line) => /^trial \d of 6: failed \(TypeError: no rows\)/.test(line)),
    lines.join("\n"),
  );
  broken = false;
  const again = await search(options);
  assert.deepEqual([again.resumed, again.failed], [4, 0]);
  await assert.rejects(
    search({ ...options, metric: "recall", objective: () => ({ auc: 1 }) }),
    {
      name: "ModelError",
      message: /6 trials that failed, the last with InputError.*recall among them, found auc/,
    },
  );
});

Deno.test("successive halving gives the better third three times as much, and chooses among those of the last round", async () => {
  await using lake = await temporaryStore();
  const spent: number[] = [];
  const options = {
    experiment: createExperiment(lake.store, "halving", { now: steppingClock() }),
    space: SPACE,
    data,
    metric: "loss",
    method: "successive_halving",
    budget: 27,
    resource: { min: 10, max: 270 },
    seed: 5,
    log: () => {},
    // With little resource everything looks better than it is.
    objective: (parameters: { x: number; kind: "a" | "b" }, { resource = 0 }: { resource?: number }) => {
      spent.push(resource);
      return { loss: -score(parameters) - 100 / resource };
    },
  } as const;
  const found = await search(options);
  const counts = Object.entries(Object.groupBy(spent, (resource) => resource)).map((
    [r, all],
  ) => [Number(r), all!.length]);
  assert.deepEqual(counts, [[10, 27], [30, 9], [90, 3], [270, 1]]);
  assert.equal(found.best.parameters.resource, 270);
  assert.equal(found.best.search!.rung, 3);
  const first = found.trials.filter(({ search }) => search!.rung === 0);
  assert.equal(
    found.best.search!.configuration,
    first.sort((a, b) => a.metrics.loss! - b.metrics.loss!)[0]!.search!.configuration,
  );
  assert.equal((await search(options)).resumed, 40);
  await assert.rejects(search({ ...options, resource: { min: 10, max: 5 } }), {
    message: /Invalid resource of successive halving/,
  });
});

Deno.test("draws stay in their space, repeat nothing, and end where there is no more", () => {
  const space = {
    eta: { logUniform: [0.01, 0.3] },
    depth: { integer: [2, 4] },
    rate: { uniform: [0.5, 0.5] },
    on: { choice: [true, false] },
  } as const;
  const drawn = drawConfigurations(space, 500, 1);
  assert.ok(
    drawn.every(({ eta, depth, rate }) =>
      eta >= 0.01 && eta <= 0.3 && [2, 3, 4].includes(depth) && rate === 0.5
    ),
  );
  const below = drawn.filter(({ eta }) => eta < Math.sqrt(0.01 * 0.3)).length;
  assert.ok(Math.abs(below - 250) < 50, `${below} of 500 below the geometric mean`);
  assert.deepEqual(drawConfigurations(space, 10, 1), drawn.slice(0, 10));
  assert.equal(drawConfigurations({ depth: { integer: [2, 4] }, on: { choice: [1, 2] } }, 50, 1).length, 6);
});

Deno.test("a space, budget or seed that may not be is refused", async () => {
  await using lake = await temporaryStore();
  const options = {
    experiment: createExperiment(lake.store, "invalid"),
    data,
    metric: "auc",
    seed: 1,
    budget: 3,
    objective: () => ({ auc: 1 }),
  };
  const invalid = (changes: object, message: RegExp) =>
    assert.rejects(search({ ...options, space: SPACE, ...changes }), { name: "InputError", message });
  await invalid({ space: {} }, /at least one parameter/);
  await invalid({ space: { depth: [2, 3] } }, /parameter "depth": expected one of \{ choice/);
  await invalid({ space: { depth: { integer: [2.5, 3] } } }, /whole numbers/);
  await invalid({ space: { depth: { uniform: [3, 2] } } }, /the lower first/);
  await invalid({ space: { eta: { logUniform: [0, 1] } } }, /above 0/);
  await invalid({ space: { eta: { choice: [] } } }, /at least one choice/);
  await invalid({ budget: 0 }, /Invalid budget/);
  await invalid({ seed: 1.5 }, /Invalid seed/);
});
