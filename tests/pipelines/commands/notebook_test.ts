import assert from "node:assert/strict";
import { join } from "node:path";
import { withTemporaryFolder } from "../../lib/notebook/temporary_folder.ts";
import { writeNotebook } from "../../lib/notebook/write_notebook.ts";
import { runNotebookCommand } from "./notebook/run_notebook_command.ts";

const root = new URL("../../..", import.meta.url).pathname;
const FIXTURE = "tests/fixtures/notebooks/daily_orders.ipynb";

const notebook = (home: string, ...args: string[]) => runNotebookCommand(home, args);

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
    assert.match(stderr, /found auc of shopflow\/ml\/mod\.ts in cell cell-0 of .*again\.ipynb/);
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
