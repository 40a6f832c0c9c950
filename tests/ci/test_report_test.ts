import assert from "node:assert/strict";
import { join } from "node:path";
import { readTestLog, reportLines } from "../../.ci/test_report.ts";

const GOOD = 'Deno.test("good", () => {});';
/** Files of tests, each broken in its own way. */
const BROKEN: Record<string, string> = {
  "good_test.ts": GOOD,
  "fails_test.ts": 'Deno.test("fails", () => { throw new Error("one is not two") }); ' + GOOD,
  "step_test.ts":
    'Deno.test("steps", (t) => t.step("second", () => { throw new Error("in a step") }).then(() => {}));',
  "load_test.ts": 'throw new Error("at load"); ' + GOOD,
  "later_test.ts":
    'Deno.test("later", async () => { setTimeout(() => { throw new Error("from a timer") }, 5); await new Promise((done) => setTimeout(done, 200)); }); ' +
    GOOD,
  "rejects_test.ts": 'Deno.test("rejects", () => { Promise.reject(new Error("not awaited")) }); ' + GOOD,
  "never_test.ts": 'Deno.test("never", () => new Promise(() => {})); ' + GOOD,
  "never_loads_test.ts": "await new Promise(() => {}); " + GOOD,
  "exits_test.ts": 'Deno.test("exits", () => { Deno.exit(3) });',
  "exits_at_load_test.ts": "Deno.exit(1); " + GOOD,
  "exits_well_test.ts": "Deno.exit(0); " + GOOD,
  "times_out_test.ts":
    'Deno.test({ name: "hangs", timeout: 100, fn: () => new Promise((done) => setTimeout(done, 900)) });',
};

Deno.test("each way in which tests can fail is listed with the first line of its error", async () => {
  const { log, files } = await runTests(BROKEN);
  const report = readTestLog(log, files);
  assert.deepEqual(report.failures.toSorted(), [
    "exits => exits_test.ts: Error: Test case attempted to exit with exit code: 3",
    "exits_at_load_test.ts did not run to its end: it called Deno.exit(1) outside of any test",
    "exits_well_test.ts did not run to its end: it called Deno.exit(0) outside of any test",
    "fails => fails_test.ts: Error: one is not two",
    "hangs => times_out_test.ts: Test timed out after 100ms.",
    "never => never_test.ts: Promise resolution is still pending but the event loop has already resolved.",
    "steps ... second => step_test.ts: Error: in a step",
    "uncaught error in later_test.ts: Error: from a timer",
    "uncaught error in load_test.ts: (in promise) Error: at load",
    "uncaught error in never_loads_test.ts: Top-level await promise never resolved",
    "uncaught error in rejects_test.ts: (in promise) Error: not awaited",
  ]);
  assert.equal(report.passed, 3);
  assert.ok(report.failed >= report.failures.length);
});

Deno.test("a run that a signal ends names the files of which nothing was heard", async () => {
  const { log, files } = await runTests({
    "killed_test.ts": 'Deno.test("killed", () => { Deno.kill(Deno.pid, "SIGKILL") });',
    "other_test.ts": 'Deno.test("other", () => new Promise((done) => setTimeout(done, 5000)));',
  });
  assert.deepEqual(readTestLog(log, files).failures, [
    "killed_test.ts: none of its tests reported an end",
    "other_test.ts: none of its tests reported an end",
    "the run ended early: without a summary, and without an error",
  ]);
});

Deno.test("a file that does not pass the type check is named by its error", async () => {
  const { log, files } = await runTests({ "wrong_test.ts": 'import "./missing.ts"; ' + GOOD }, ["--check"]);
  assert.match(
    readTestLog(log, files).failures[0] ?? "",
    /^type check: TS2307 \[ERROR\]: Cannot find module /,
  );
});

Deno.test("a run in which all is well has no failures, and its slowest files are those not named slow", () => {
  const log = [
    "./tests/a_test.ts => one ... first step ... ok (2s)",
    "./tests/a_test.ts => one ... ok (1m1s)",
    "./tests/a_test.ts => two ...----- post-test output end -----",
    "./tests/a_test.ts => two ... ok (500ms)",
    "./tests/b_slow_test.ts => three ... ok (2m0s)",
    "./tests/c_test.ts => four ... ok (534µs)",
    "./tests/c_test.ts => five ... ignored (0ms)",
    "./tests/c_test.ts => six ... ok (1s)",
    "",
    "ok | 5 passed (1 step) | 0 failed | 1 ignored (2m3s)",
  ].join("\n");
  const files = ["tests/a_test.ts", "tests/b_slow_test.ts", "tests/c_test.ts"];
  assert.deepEqual(reportLines(readTestLog(log, files)), [
    "== slowest of the files that are not named slow, in seconds",
    "   61.5 tests/a_test.ts",
    "tests: 5 passed, 0 failed, 1 ignored",
  ]);
});

async function runTests(sources: Record<string, string>, options = ["--no-check"]) {
  const folder = await Deno.makeTempDir({ prefix: "test_report_" });
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    for (const [name, source] of Object.entries(sources)) {
      await Deno.writeTextFile(join(folder, name), source);
    }
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--parallel", "--no-lock", ...options, "."],
      cwd: folder,
      env: { DENO_JOBS: "2" },
    }).output();
    const decoder = new TextDecoder();
    return { log: decoder.decode(stdout) + decoder.decode(stderr), files: Object.keys(sources).sort() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
