import assert from "node:assert/strict";
import { join } from "node:path";
import { runKillable } from "../fixtures/crash/killable_process.ts";
import { publishSmallLake } from "../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { writeNotebook } from "../lib/notebook/write_notebook.ts";
import { leftoverFolders } from "../../pipelines/lake/leftover_folders.ts";

const root = new URL("../..", import.meta.url).pathname;
const FIXTURE = "tests/fixtures/notebooks/daily_orders.ipynb";

async function notebook(home: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "pipelines/notebook.ts", ...args],
    cwd: root,
    env: { SHOPFLOW_HOME: home },
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout).trim(), stderr: text.decode(stderr).trim() };
}

Deno.test("`notebook run` prints the executed notebook and its page", async () => {
  await withTemporaryFolder(async (home) => {
    await Deno.mkdir(join(home, "lake"));
    await publishSmallLake(join(home, "lake"));
    const { code, stdout, stderr } = await notebook(
      home,
      "run",
      FIXTURE,
      "-p",
      "as_of=2024-07-11",
      "-p",
      "top_days=2",
    );
    assert.equal(code, 0, stderr);
    const [executed, page] = stdout.split("\n");
    assert.match(await Deno.readTextFile(executed!), /const as_of = \\"2024-07-11\\";/);
    assert.match(await Deno.readTextFile(page!), /10 days/);
  });
});

Deno.test("`notebook run` ends with the failing cell's error, and leaves the page that shows it", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "bad.ipynb"), [`throw new TypeError("no")`]);
    const { code, stdout, stderr } = await notebook(home, "run", path);
    assert.equal(code, 1);
    assert.match(stderr, /error: .*bad\.ipynb failed in cell cell-0: TypeError: no/);
    assert.match(await Deno.readTextFile(stdout.split("\n")[1]!), /This run failed/);
  });
});

Deno.test("a parameter that does not exist is answered with those that do", async () => {
  const { code, stderr } = await notebook("/nowhere", "run", FIXTURE, "-p", "asof=2024-07-11");
  assert.equal(code, 1);
  assert.match(stderr, /as_of \(string, "2024-09-01"\), top_days \(number, 5\), found asof/);
});

Deno.test("`notebook inspect` prints the parameters", async () => {
  const { stdout } = await notebook("/nowhere", "inspect", FIXTURE);
  assert.equal(stdout.split("\n")[0], 'as_of: string = "2024-09-01"  // orders before this day');
});

Deno.test("`notebook clean --check` fails on outputs, `clean` removes them", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "a.ipynb"), ["1"]);
    const dirty = (await Deno.readTextFile(path)).replace('"execution_count": null', '"execution_count": 3');
    await Deno.writeTextFile(path, dirty);
    assert.equal((await notebook(home, "clean", "--check", path)).code, 1);
    assert.equal(await Deno.readTextFile(path), dirty);
    assert.equal((await notebook(home, "clean", path)).code, 0);
    assert.equal((await notebook(home, "clean", "--check", path)).code, 0);
  });
});

Deno.test("wherever a notebook run is killed while its kernel starts, gc finds what is left", async () => {
  await withTemporaryFolder(async (folder) => {
    const home = join(folder, "home"), temporary = join(folder, "tmp");
    await Deno.mkdir(temporary);
    const path = await writeNotebook(join(folder, "one.ipynb"), ["1 + 1"]);
    let killed = true;
    for (let operation = 1; killed; operation++) {
      const env = { SHOPFLOW_HOME: home, TMPDIR: temporary };
      const program = ["pipelines/notebook.ts", "run", path];
      const kill = { operation, torn: true };
      killed = (await runKillable({ program, env, clock: "2024-10-02T06:00:00Z", kill })).killed;
      assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), [], `at operation ${operation}`);
    }
    const left = await leftoverFolders(home, new Date(Date.now() + 1000));
    assert.ok(left.some((path) => path.includes("shopflow-kernel-")), left.join());
    assert.equal((await Array.fromAsync(Deno.readDir(join(home, "tmp")))).length, left.length);
  });
});
