import { leftoverFolders } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { runKillable } from "../../fixtures/crash/killable_process.ts";
import { filesBeneath } from "../../fixtures/crash/left_behind.ts";
import { publishSmallLake } from "../../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../../lib/notebook/temporary_folder.ts";
import { writeNotebook } from "../../lib/notebook/write_notebook.ts";
import { runNotebookCommand } from "./notebook/run_notebook_command.ts";

const root = new URL("../../..", import.meta.url).pathname;
const FIXTURE = "tests/fixtures/notebooks/daily_orders.ipynb";

const notebook = (home: string, ...args: string[]) => runNotebookCommand(home, args);

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
    assert.match(await Deno.readTextFile(executed ?? ""), /const as_of = \\"2024-07-11\\";/);
    assert.match(await Deno.readTextFile(page ?? ""), /10 days/);
    assert.match(stderr, /^as_of = "2024-07-11"\ntop_days = 2$/m, "what it uses");
  });
});

Deno.test("`notebook rerun` says that the outputs are equal, `runs` lists both runs", async () => {
  await withTemporaryFolder(async (home) => {
    await Deno.mkdir(join(home, "lake"));
    await publishSmallLake(join(home, "lake"));
    const { stdout } = await notebook(home, "run", "--no-page", "--no-check", FIXTURE);
    const runId = basename(stdout, ".ipynb");
    const again = await notebook(home, "rerun", "--no-page", "--no-check", runId);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, new RegExp(`run ${runId} of .* repeated as .*succeeded`));
    assert.match(again.stdout, /data: snapshot \w+; code: commit \w{12}.* then, commit \w{12}.* now/);
    assert.match(again.stdout, /^outputs: equal$/m);
    const listed = (await notebook(home, "runs", "daily_orders")).stdout.split("\n");
    assert.equal(listed.length, 4);
    assert.match(listed[3] ?? "", new RegExp(`^${runId} +daily_orders +succeeded`));
    assert.match((await notebook(home, "runs", "churn")).stdout, /churn never ran/);
  });
});

Deno.test("`notebook rerun` ends with an error that names the cells whose outputs differ", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "clock.ipynb"), ["1", "performance.timeOrigin"]);
    const runId = basename((await notebook(home, "run", "--no-page", path)).stdout, ".ipynb");
    const { code, stdout, stderr } = await notebook(home, "rerun", "--no-page", runId);
    assert.equal(code, 1);
    assert.match(stdout, /^outputs: different$/m);
    assert.match(stderr, /outputs of 1 cells are not those of .*: found cell 2 \(cell-1\): text\/plain/);
  });
});

Deno.test("a type error is reported with cell and line, `--no-check` runs the cells anyway", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "typed.ipynb"), ["1", `2;\nconst text: string = 3;`]);
    const { code, stderr } = await notebook(home, "run", "--no-page", path);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /typed\.ipynb failed in cell cell-1: TS2322: cell 2, line 2: Type 'number' is not assignable/,
    );
    assert.equal((await notebook(home, "run", "--no-page", "--no-check", path)).code, 0);
  });
});

Deno.test("wherever a notebook run is killed while its kernel starts, gc finds what is left", async () => {
  await withTemporaryFolder(async (folder) => {
    const home = join(folder, "home"), temporary = join(folder, "tmp");
    await Deno.mkdir(temporary);
    await Deno.mkdir(join(home, "lake"), { recursive: true });
    const path = await writeNotebook(join(folder, "one.ipynb"), ["1 + 1"]);
    let killed = true;
    for (let operation = 1; killed; operation++) {
      const env = { SHOPFLOW_HOME: home, TMPDIR: temporary };
      const program = ["pipelines/commands/notebook.ts", "run", path];
      const kill = { operation, torn: true };
      killed = (await runKillable({ program, env, clock: "2024-10-02T06:00:00Z", kill })).killed;
      assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), [], `at operation ${operation}`);
      // What is there of a run is intact.
      for (const file of await filesBeneath(join(home, "lake"))) {
        if (/\.(json|ipynb)$/.test(file)) JSON.parse(await Deno.readTextFile(join(home, "lake", file)));
      }
    }
    const left = await leftoverFolders(home, new Date(Date.now() + 1000));
    assert.ok(
      left.some(({ path }) => path.includes("shopflow-kernel-")),
      left.map(({ path }) => path).join(),
    );
    assert.equal((await Array.fromAsync(Deno.readDir(join(home, "tmp")))).length, left.length);
  });
});

Deno.test("`notebook diff` prints what changed, writes a page, and tells scripts by its exit code", async () => {
  await withTemporaryFolder(async (home) => {
    const one = await writeNotebook(join(home, "one.ipynb"), ["const rows = 10;", "rows"]);
    const other = await writeNotebook(join(home, "other.ipynb"), ["const rows = 20;", "rows"]);
    const { code, stdout, stderr } = await notebook(home, "diff", one, other);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /cells: 1 changed, 1 the same\n\n~ code cell-0\n {2}- const rows = 10;\n {2}\+ const rows = 20;/,
    );
    assert.equal((await notebook(home, "diff", "--exit-code", one, other)).code, 1);
    assert.equal((await notebook(home, "diff", "--exit-code", one, one)).code, 0);
    assert.equal(
      (await notebook(home, "diff", "--exit-code", "--only", "outputs", "--", one, other)).code,
      0,
    );
    const page = join(home, "page.html");
    assert.equal((await notebook(home, "diff", "--html", page, one, other)).stdout, page);
    const nowhere = await notebook(home, "diff", "--html", join(home, "no", "page.html"), one, other);
    assert.match(nowhere.stderr, /page\.html cannot be written: found No such file or directory .*Choose/);
    assert.match(await Deno.readTextFile(page), /<ins>\+ const rows = <mark>20<\/mark>;<\/ins>/);
    const json = JSON.parse((await notebook(home, "diff", "--json", one, other)).stdout);
    assert.deepEqual(json.cells.map(({ id }: { id: string }) => id), ["cell-0"]);
  });
});

Deno.test("a record of a run that was damaged is named, and the others are listed", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "some.ipynb"), ["1"]);
    await notebook(home, "run", "--no-page", "--no-check", path);
    const runs = join(home, "lake", "runs", "notebooks", "some");
    await Deno.writeTextFile(join(runs, "29991231T000000000-000000.ipynb"), "damaged");
    await Deno.copyFile(path, join(runs, "29991231T000000000-000001.ipynb"));
    for (const args of [["runs"], ["log", path]]) {
      const { code, stdout, stderr } = await notebook(home, ...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /\n\S.* +(some +succeeded|run +2)/);
      assert.match(stderr, /000000\.ipynb is not a notebook/);
      assert.match(stderr, /000001\.ipynb is not a record of a run: .*found nothing/);
    }
    assert.match(
      (await notebook(home, "rerun", "29991231T000000000-000001")).stderr,
      /is not a record of a run/,
    );
  });
});

Deno.test("an error of several lines is one line of `notebook log`, and a wrong limit is refused", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "bad.ipynb"), [`throw new Error("first\\nsecond")`]);
    await notebook(home, "run", "--no-page", "--no-check", path);
    const { stdout } = await notebook(home, "log", path);
    assert.match(stdout, /failed: Error: first$/);
    for (const command of ["log", "runs"]) {
      assert.match((await notebook(home, command, "bad", "--limit", "many")).stderr, /whole number above 0/);
    }
  });
});

Deno.test("a task that is started in notebooks/ finds the notebooks there by their names alone", async () => {
  // A task that another one starts keeps the folder in which the first one was started.
  const { INIT_CWD: _, ...env } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "notebook", "inspect", "churn.ipynb"],
    cwd: join(root, "notebooks"),
    clearEnv: true,
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(
    new TextDecoder().decode(stdout),
    /^as_of: string = "latest".*\n\s+filled in a run by the rule latest: the day after the last sale$/m,
  );
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

Deno.test("a broken notebook that is run with parameters is a failed run, too", async () => {
  await withTemporaryFolder(async (home) => {
    const path = join(home, "broken.ipynb");
    await Deno.writeTextFile(path, "{");
    const { code, stderr } = await notebook(home, "run", path, "-p", "as_of=2024-07-11");
    assert.equal(code, 1);
    assert.match(stderr, /error: .*broken\.ipynb is not a notebook/);
    assert.match((await notebook(home, "runs", "broken")).stdout, /broken +failed .*NotebookError: /);
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

Deno.test("`notebook diff` compares revisions of git, and says what can be compared", async () => {
  const same = await notebook("/nowhere", "diff", "HEAD:notebooks/churn.ipynb", "HEAD:notebooks/churn.ipynb");
  assert.match(same.stdout, /cells: \d+ the same$/);
  assert.match((await notebook("/nowhere", "diff", "--from", "HEAD", FIXTURE)).stdout, /^HEAD:tests/);
  const absolute = await notebook("/nowhere", "diff", join(root, FIXTURE));
  assert.match(absolute.stdout, /^HEAD:\/.*\ncells: \d+ the same$/);
  const none = await notebook("/nowhere", "diff", "HEAD:nothing.ipynb", FIXTURE);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no nothing\.ipynb at HEAD/);
});

Deno.test("`notebook log` lists commits as text and as JSON, and knows no versions of what never was", async () => {
  const { stdout } = await notebook("/nowhere", "log", "churn");
  assert.match(stdout, /^time .*\n.*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}commit /);
  const [entry] = JSON.parse((await notebook("/nowhere", "log", "churn", "--json", "--limit", "1")).stdout);
  assert.deepEqual([entry.kind, entry.path], ["commit", "notebooks/churn.ipynb"]);
  const none = await notebook("/nowhere", "log", "never");
  assert.equal(none.code, 1);
  assert.match(none.stderr, /notebooks\/never\.ipynb has no versions/);
});

Deno.test("`notebook check` names what a notebook defines again, and where to import it from", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "again.ipynb"), ["const auc = 1;"]);
    const { code, stderr } = await notebook(home, "check", path);
    assert.equal(code, 1);
    assert.match(stderr, /found auc of shopflow\/ml\/evaluation\/mod\.ts in cell cell-0 of .*again\.ipynb/);
    assert.equal((await notebook(home, "check")).code, 0);
  });
});

Deno.test("`notebook promote` refuses a notebook of another place, and cells that are not tagged", async () => {
  await withTemporaryFolder(async (home) => {
    const path = await writeNotebook(join(home, "a.ipynb"), ["1"]);
    assert.match((await notebook(home, "promote", path)).stderr, /outside of the repository/);
    assert.match((await notebook(home, "promote", FIXTURE)).stderr, /no cell to promote/);
    assert.match(
      (await notebook(home, "promote", FIXTURE, "-p", "nope=1")).stderr,
      /The notebook has no such parameter/,
    );
  });
});
