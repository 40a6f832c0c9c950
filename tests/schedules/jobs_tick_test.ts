import assert from "node:assert/strict";
import { join } from "node:path";
import { withTerminal } from "./jobs_terminal.ts";

Deno.test("tick runs what is queued as real processes, says what became of it, and ends", () =>
  withTerminal(async ({ jobs, json }) => {
    await jobs("run", "collect-garbage");
    const { code, stdout, stderr } = await jobs("tick");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^collect-garbage@\S+Z succeeded in .*: .*\n1 run ended\.\n$/);
    assert.match((await jobs("show", "collect-garbage")).stdout, /steps +collect-garbage \(done\)$/m);
    assert.match((await jobs("logs", "collect-garbage")).stdout, /collect-garbage: /);
    assert.deepEqual((await json("list")).schedulers, [], "it does not count as one that lives");
    assert.match((await jobs("tick")).stdout, /^Nothing was to be run\.\n$/);
  }));

Deno.test("a run that fails in a tick is left to the next one, and the exit code is 0", () =>
  withTerminal(async ({ jobs }) => {
    // There is no snapshot to train on.
    await jobs("run", "train-models");
    const { code, stdout, stderr } = await jobs("tick");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /train-models@\S+Z queued in .*; retry 1 of 1 at/);
    assert.match(stdout, /^left: train-models@\S+Z queued/m);
  }));

Deno.test("the exit code of a tick is 1 when a job's ledger cannot be kept; other jobs are looked after", () =>
  withTerminal(async ({ home, jobs, json }) => {
    await jobs("run", "collect-garbage");
    const folder = join(home, "lake", "runs", "jobs", "refresh-data");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "control.json"), "no JSON");
    const { code, stderr } = await jobs("tick");
    assert.equal(code, 1);
    assert.match(stderr, /error: The ledger could not be kept for .*refresh-data/);
    assert.equal((await json("runs", "collect-garbage"))[0].status, "succeeded");
  }));

Deno.test("a tick on a lake that cannot be written says so and ends with 1", () =>
  withTerminal(async ({ home, jobs }) => {
    await Deno.writeTextFile(join(home, "lake"), "a file where the lake's folder should be");
    const { code, stderr } = await jobs("tick");
    assert.equal(code, 1);
    assert.match(stderr, /^error: /m);
  }));
