import { ModelError, PipelineError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { pipelinesNamed } from "../../pipelines/main.ts";
import { inOrder, type PipelineContext, type PipelineResult } from "../../pipelines/context.ts";

const root = join(import.meta.dirname!, "..", "..");

Deno.test("all stands for every pipeline, from the sources to the reports", () => {
  assert.deepEqual(pipelinesNamed("all"), ["extract", "transform", "train", "score", "publish"]);
  assert.deepEqual(pipelinesNamed("train"), ["train"]);
  assert.deepEqual(pipelinesNamed("collect-garbage"), ["collect-garbage"], "by its name alone");
  assert.throws(() => pipelinesNamed("toString"), /Unknown pipeline/);
});

Deno.test("an unknown pipeline is refused with the names that exist", async () => {
  const { code, stderr } = await pipeline(["run", "tranform"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /expected all or one of extract, transform, train, score, publish, check-data, collect-garbage, found "tranform"/,
  );
});

Deno.test("a lake without a snapshot says which command builds one", async () => {
  const home = await Deno.makeTempDir();
  try {
    const { code, stderr } = await pipeline(["run", "train"], { SHOPFLOW_HOME: home });
    assert.equal(code, 1);
    assert.match(stderr, /no published snapshot.*deno task pipeline run all/);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("a program that serves a scheduled run says which one, and a malformed name stops it", async () => {
  const home = await Deno.makeTempDir();
  const env = { SHOPFLOW_HOME: home, SHOPFLOW_DATA_INTERVAL: "2024-10-02T02:05Z/2024-10-02T03:05Z" };
  try {
    const run = await pipeline(["run", "check-data"], {
      ...env,
      SHOPFLOW_RUN: "check-data@2024-10-02T03:05Z",
    });
    assert.match(
      run.stdout + run.stderr,
      /for the run check-data@2024-10-02T03:05Z, data from 2024-10-02T02:05:00\.000Z to 2024-10-02T03:05:00\.000Z/,
    );
    const malformed = await pipeline(["run", "check-data"], { ...env, SHOPFLOW_RUN: "check-data" });
    assert.equal(malformed.code, 1);
    assert.match(malformed.stderr, /Invalid SHOPFLOW_RUN/);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("--help and list name every pipeline", async () => {
  assert.match((await pipeline(["--help"])).stdout, /run .*names/);
  assert.match(
    (await pipeline(["list"])).stdout,
    /extract[^]*transform[^]*train[^]*score[^]*publish[^]*check-data +test/,
  );
});

Deno.test("a pipeline of parts is unchanged only when every part is", async () => {
  const part = (status: PipelineResult["status"]) => () => Promise.resolve({ status, summary: status });
  const context = {} as PipelineContext;
  const both = await inOrder({ first: part("unchanged"), second: part("done") }, context);
  assert.equal(both.status, "done");
  assert.match(both.summary, /first: unchanged\n {2}second: done/);
  assert.equal((await inOrder({ first: part("unchanged") }, context)).status, "unchanged");
});

Deno.test("a part that fails does not keep the others from their work, and is named at the end", async () => {
  const done: string[] = [];
  const parts = {
    churn: () => Promise.reject(new ModelError("Too little history")),
    recommendation: () => {
      done.push("recommendation");
      return Promise.resolve({ status: "done" as const, summary: "250 products" });
    },
  };
  await assert.rejects(inOrder(parts, {} as PipelineContext), (error) => {
    assert.ok(error instanceof PipelineError);
    assert.match(error.message, /1 of 2 parts failed\n {2}churn: Too little history/);
    assert.match(error.message, /recommendation: 250 products/);
    return true;
  });
  assert.deepEqual(done, ["recommendation"]);
});

Deno.test("a defect of ours in a part is not taken for a failure of the part", async () => {
  const defect = () => Promise.reject(new TypeError("x is undefined"));
  await assert.rejects(inOrder({ defect }, {} as PipelineContext), TypeError);
});

async function pipeline(args: string[], env: Record<string, string> = {}) {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "pipeline", ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}
