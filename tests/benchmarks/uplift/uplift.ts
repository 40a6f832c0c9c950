/**
 * Uplift on Hillstrom's trial beside scikit-uplift with XGBoost of one thread: the same customers, folds and settings, in
 * turns. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_XGBOOST` names a Python with scikit-uplift and xgboost; `SHOPFLOW_TEST_ROUNDS` (3) is how often each is measured.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { XGBOOST_DEFAULTS } from "shopflow/ml/classifier/mod.ts";
import { readTrial, type Trial, twoArms } from "shopflow/offers/effect/mod.ts";
import { crossFit, decideTargeting, qini, shareOfEffect } from "shopflow/offers/uplift/mod.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cpuUsage } from "node:process";
import { HILLSTROM_FEATURES, NO_EMAIL, readHillstrom, WOMENS } from "../../fixtures/hillstrom.ts";
import { TEST_DATASETS } from "../../requirements.ts";

const ROUNDS = Number(Deno.env.get("SHOPFLOW_TEST_ROUNDS") ?? 3);
const PYTHON = Deno.env.get("SHOPFLOW_TEST_XGBOOST") ?? "";

/** What one way took and found. Seconds are of the CPU, all threads together. */
interface Measured {
  learning: number;
  curve: number;
  coefficient: number;
  share: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<{ result: T; seconds: number }> {
  const before = cpuUsage();
  const result = await work();
  const { user, system } = cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}

async function ours(trial: Trial, learner: "S" | "T"): Promise<Measured & { fold: Uint8Array }> {
  const { result: fit, seconds: learning } = await timed(() => crossFit(trial, { learners: [learner] }));
  const scores = fit.predictions.get(learner)!.uplift;
  const { result: { coefficient }, seconds: curve } = await timed(() => qini(trial, scores));
  const share = shareOfEffect(trial, scores, { samples: 2 }).estimate;
  return { learning, curve, coefficient, share, fold: fit.fold };
}

async function theirs(
  trial: Trial,
  learner: "S" | "T",
  fold: Uint8Array,
  folder: string,
): Promise<Measured & { version: string }> {
  const files = {
    values: new Uint8Array(trial.features.values.buffer),
    arm: trial.arm,
    outcome: Uint8Array.from(trial.outcome),
    fold,
  };
  for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(join(folder, name), bytes);
  const { rounds, maxDepth, eta, minChildWeight, subsample, colsampleByTree, lambda } = XGBOOST_DEFAULTS;
  const peer = new Deno.Command(PYTHON, {
    args: ["-W", "ignore", join(import.meta.dirname!, "python_peer.py")],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  }).spawn();
  const request = {
    ...Object.fromEntries(Object.keys(files).map((name) => [name, join(folder, name)])),
    columns: trial.features.names.length,
    learner,
    parameters: {
      n_estimators: rounds,
      max_depth: maxDepth,
      learning_rate: eta,
      min_child_weight: minChildWeight,
      subsample,
      colsample_bytree: colsampleByTree,
      reg_lambda: lambda,
    },
  };
  const writer = peer.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(request)));
  await writer.close();
  const { success, stdout } = await peer.output();
  if (!success) throw new InputError("The Python peer failed", { remedy: "What it said stands above." });
  return JSON.parse(new TextDecoder().decode(stdout));
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measure(): Promise<void> {
  if (PYTHON === "" || !existsSync(join(TEST_DATASETS, "hillstrom"))) {
    throw new InputError("The benchmark of uplift lacks what it compares with", {
      expected:
        "SHOPFLOW_TEST_XGBOOST to name a `python` with scikit-uplift and xgboost, and the data set hillstrom",
      found: `${PYTHON || "no Python"}, data sets at ${TEST_DATASETS}`,
      remedy:
        "`python3 -m venv DIR && DIR/bin/pip install scikit-uplift==0.5.1 'xgboost==3.2.*'`, then name DIR/bin/python.",
    });
  }
  const all = readTrial(await readHillstrom(), {
    treatment: "segment",
    control: NO_EMAIL,
    outcome: "visit",
    features: HILLSTROM_FEATURES,
  });
  const trial = twoArms(all, WOMENS);
  const folder = await Deno.makeTempDir();
  const lines: string[] = [];
  let version = "";
  try {
    for (const learner of ["T", "S"] as const) {
      const [our, their]: [Measured[], Measured[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        const mine = await ours(trial, learner);
        const peer = await theirs(trial, learner, mine.fold, folder);
        version = peer.version;
        our.push(mine);
        their.push(peer);
      }
      const [mine, peer] = [our, their].map((all) => ({
        ...all[0]!,
        learning: median(all.map(({ learning }) => learning)),
        curve: median(all.map(({ curve }) => curve)),
      })) as [Measured, Measured];
      const row = (name: string, a: number, b: number, digits: number, ratio = true) =>
        `| ${learner}-learner: ${name} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${
          ratio ? (a / b).toFixed(2) : ""
        } |`;
      lines.push(
        row("5-fold cross-fitting, CPU s", mine.learning, peer.learning, 2),
        row("Qini curve, CPU s", mine.curve, peer.curve, 3),
        row("share of the effect in the top 30 %", mine.share, peer.share, 3, false),
        row("Qini coefficient", mine.coefficient, peer.coefficient, 5, false),
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const started = performance.now();
  const decision = await decideTargeting(trial);
  const seconds = (performance.now() - started) / 1000;
  console.log(`## Uplift

Women's e-mail of Hillstrom's trial, ${trial.arm.length} customers, beside ${version} with one thread on the same folds and
settings. CPU seconds of all threads; ours start a Worker a model.

| | ours | theirs | ratio |
| --- | ---: | ---: | ---: |
${lines.join("\n")}

\`decideTargeting\`, with the decision made again without each fold: ${
    seconds.toFixed(1)
  } s. ${decision.why}`);
}

if (import.meta.main) await runCommand(measure);
