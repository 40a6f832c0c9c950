import assert from "node:assert/strict";
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..", "..");
const PASSED = "./tests/a_test.ts => one ... ok (1ms)\n\nok | 1 passed | 0 failed (2ms)\n";

Deno.test("a check in which all passed ends with the counts", async () => {
  const { code, lines } = await check({ tests: PASSED });
  assert.equal(lines.at(-1), "1 passed, 0 failed");
  assert.equal(code, 0);
});

Deno.test("the end tells each failure with its error, of checks and of tests", async () => {
  const { code, lines } = await check({
    lint: "error[no-var]: `var` is not allowed",
    tests: [
      "./tests/a_test.ts => one ... FAILED (1ms)",
      "error ./tests/b_test.ts called `Deno.exit(1)` from outside any test. The isolate was terminated.",
      "\n ERRORS \n\none => ./tests/a_test.ts:1:6\nerror: Error: one is not two\n    at file:///a\n\n FAILURES \n",
      "one => ./tests/a_test.ts:1:6\n\nFAILED | 0 passed | 2 failed (2ms)\n\nerror: Test failed\n",
    ].join("\n"),
    status: 1,
  });
  assert.deepEqual(lines.slice(-4), [
    "failed: deno lint --quiet: error[no-var]: `var` is not allowed",
    "failed: one => tests/a_test.ts: Error: one is not two",
    "failed: tests/b_test.ts did not run to its end: it called Deno.exit(1) outside of any test",
    "0 passed, 3 failed",
  ]);
  assert.equal(code, 1);
});

Deno.test("a test command that dies is told, and what it was at", async () => {
  const { code, lines } = await check({
    tests: "'the long one' has been running for over (1m0s)\n# Fatal JavaScript out of memory\n",
    status: 133,
  });
  assert.deepEqual(lines.slice(-5), [
    "failed: tests/a_test.ts: none of its tests reported an end",
    "failed: tests/b_test.ts: none of its tests reported an end",
    "failed: the long one: had not ended when the run did",
    "failed: the run ended early: # Fatal JavaScript out of memory",
    "0 passed, 4 failed",
  ]);
  assert.equal(code, 1);
});

Deno.test("an installation that fails is named with the end of its output", async () => {
  const { code, lines } = await check({ tests: PASSED, install: "echo '== installing dbt failed'; exit 1" });
  assert.deepEqual(lines.slice(-3), [
    "== installing dbt failed",
    "failed: the installation ended with status 1 after 0 minutes in all",
    "0 passed, 1 failed",
  ]);
  assert.equal(code, 1);
});

Deno.test("steps of the installation run side by side, and the output of one that fails is printed", async () => {
  await withFolder(async (folder) => {
    const bin = join(folder, "bin"), cache = join(folder, "cache");
    const programs = [
      "node",
      "chromium",
      "git",
      "java",
      "openssl",
      "systemd-analyze",
      "busybox",
      "shellcheck",
      "promtool",
      "go",
    ];
    for (const name of programs) await writeProgram(join(bin, name), `echo "no ${name} today"; exit 1`);
    // Nothing of Debian is installed, whatever this machine lacks.
    await writeProgram(join(bin, "apt-get"), "exit 0");
    await writeProgram(join(bin, "npm"), 'echo "npm: E404"; exit 1');
    // The environments can be made, and each is filled in half a second.
    await writeProgram(
      join(bin, "python3"),
      'if [ "$1" = -m ]; then mkdir -p "$3/bin"; printf "#!/bin/sh\\nsleep 0.5\\n" >"$3/bin/pip"; chmod 755 "$3/bin/pip"; fi',
    );
    const started = performance.now();
    const { code, stdout } = await run(join(ROOT, ".ci/install"), folder, {
      PATH: `${bin}:/usr/bin:/bin`,
      SHOPFLOW_TEST_CACHE: cache,
    });
    assert.equal(code, 1);
    assert.match(stdout, /== installing deno failed; the last lines of its output:\nnpm: E404/);
    assert.match(stdout, /== installing ferretdb failed; the last lines of its output:/);
    assert.doesNotMatch(stdout, /installing (jupyter|nbdime|dbt|spark|packages) failed/);
    assert.match(await Deno.readTextFile(join(cache, "dbt", "installed")), /dbt-duckdb/);
    assert.ok(performance.now() - started < 20_000);
  });
});

interface Check {
  /** What the run of the tests prints, and its status. */
  tests: string;
  status?: number;
  /** What the linter says before it fails. */
  lint?: string;
  install?: string;
}

/** Runs `.ci/run` where nothing is installed and no server started, on two files of tests. */
async function check({ tests, status = 0, lint, install = "exit 0" }: Check) {
  return await withFolder(async (folder) => {
    const bin = join(folder, "bin");
    await Deno.mkdir(join(folder, ".ci"));
    await Deno.mkdir(join(folder, "tests"));
    for (const name of ["run", "test_report.ts"]) {
      await Deno.copyFile(join(ROOT, ".ci", name), join(folder, ".ci", name));
    }
    const names = lint === undefined && status === 0 ? ["a"] : ["a", "b"];
    for (const name of names) await Deno.writeTextFile(join(folder, "tests", `${name}_test.ts`), "");
    await Deno.writeTextFile(join(folder, "tests.log"), tests);
    await writeProgram(join(folder, ".ci", "install"), install);
    await writeProgram(join(folder, ".ci", "servers"), 'mkdir -p "$2"; touch "$2/env"');
    await writeProgram(join(bin, "npx"), `cat "${folder}/tests.log"; exit ${status}`);
    await writeProgram(join(bin, "chromium"), "exit 0");
    const linted = lint === undefined ? "" : `lint) echo '${lint}'; exit 1 ;;`;
    await writeProgram(
      join(bin, "deno"),
      `case $1 in run) exec "${Deno.execPath()}" "$@" ;; ${linted} esac`,
    );
    const { code, stdout } = await run(join(folder, ".ci", "run"), folder, {
      PATH: `${bin}:/usr/bin:/bin`,
      SHOPFLOW_TEST_CACHE: join(folder, "cache"),
    });
    return { code, lines: stdout.trimEnd().split("\n") };
  });
}

async function run(program: string, folder: string, env: Record<string, string>) {
  const { code, stdout } = await new Deno.Command("bash", {
    args: [program],
    cwd: folder,
    clearEnv: true,
    env: { ...env, HOME: folder, NO_COLOR: "1" },
    stderr: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

async function writeProgram(path: string, body: string): Promise<void> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, `#!/usr/bin/env bash\n${body}\n`, { mode: 0o755 });
}

async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "ci_run_" });
  try {
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
