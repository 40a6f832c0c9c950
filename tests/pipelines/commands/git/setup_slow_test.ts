import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { executeInJupyter } from "../../../lib/notebook/execute_in_jupyter.ts";
import { publishSmallLake } from "../../../lib/notebook/small_lake.ts";
import { testWith } from "../../../requirements.ts";
import { type Clone, createClone } from "../../../fixtures/repository_clone.ts";

const NOTEBOOK = "tests/fixtures/notebooks/daily_orders.ipynb";

async function withClone(body: (clone: Clone) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => await body(await createClone(folder)));
}

/** What an editor leaves: an output, counts, its own traces. */
async function runInPlace({ folder }: Clone): Promise<void> {
  const notebook = await readNotebook(join(folder, NOTEBOOK));
  for (const [i, cell] of notebook.cells.entries()) {
    if (cell.cell_type !== "code") continue;
    cell.execution_count = i;
    cell.outputs = [{ output_type: "stream", name: "stdout", text: "a secret figure\n" }];
    cell.metadata = { ...cell.metadata, execution: { "iopub.execute_input": "2024-01-01" }, scrolled: true };
  }
  notebook.metadata.language_info = { name: "typescript", version: "6.0.3" };
  await Deno.writeTextFile(join(folder, NOTEBOOK), formatNotebook(notebook));
}

Deno.test("with git set up, outputs stay in the working tree and never reach a commit", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    await runInPlace(clone);
    assert.equal(await clone.git("diff"), "");
    // Until then git calls the file modified, because its size is another; it asks no filter about that.
    await clone.git("add", "--all");
    assert.equal(await clone.git("status", "--porcelain"), "");

    const path = join(clone.folder, NOTEBOOK);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("Best days", "The best days"));
    await clone.git("commit", "--quiet", "--all", "--message", "a heading");
    const committed = await clone.git("show", `HEAD:${NOTEBOOK}`);
    assert.match(committed, /The best days/);
    assert.doesNotMatch(committed, /secret|6\.0\.3|scrolled/);
    assert.match(await Deno.readTextFile(path), /a secret figure/);
    assert.equal(await clone.git("status", "--porcelain"), "");
    await runInPlace(clone);
    assert.match((await clone.tryGit("commit", "--all", "--message", "nothing")).stdout, /nothing to commit/);
  });
});

Deno.test("with git set up, `git diff` shows the lines of cells, from any folder", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    await runInPlace(clone);
    const path = join(clone.folder, NOTEBOOK);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("GROUP BY 1 ", "GROUP BY ALL "));
    const changed = (text: string) => text.split("\n").filter((line) => /^(@@|[-+](?![-+]))/.test(line));
    const shown = changed(await clone.git("-C", "documentation", "diff"));
    assert.match(shown[0]!, /^@@ .* @@ code revenue$/);
    assert.deepEqual(shown.slice(1), [
      "-  FROM fact_orders WHERE order_date < DATE '${as_of}' GROUP BY 1 ORDER BY 1`);",
      "+  FROM fact_orders WHERE order_date < DATE '${as_of}' GROUP BY ALL ORDER BY 1`);",
    ]);
    await clone.git("commit", "--quiet", "--all", "--message", "group by all");
    assert.deepEqual(changed(await clone.git("log", "-1", "-p")), shown);
  });
});

Deno.test("setting git up twice is setting it up once, and --remove undoes it", async () => {
  await withClone(async (clone) => {
    const before = await clone.git("config", "--local", "--list");
    await clone.setUp();
    const once = await clone.git("config", "--local", "--list");
    await clone.setUp();
    assert.equal(await clone.git("config", "--local", "--list"), once);
    await clone.setUp("--remove");
    assert.equal(await clone.git("config", "--local", "--list"), before);
    await clone.setUp("--remove");
    await runInPlace(clone);
    assert.equal((await clone.git("status", "--porcelain")).trim(), `M ${NOTEBOOK}`);
  });
});

Deno.test("a file that is no notebook, and a missing program, keep `git add` from taking outputs", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    await Deno.writeTextFile(join(clone.folder, "notebooks", "broken.ipynb"), "<<<<<<< HEAD\n{}");
    const broken = await clone.tryGit("add", "notebooks/broken.ipynb");
    assert.notEqual(broken.code, 0);
    assert.match(broken.stderr, /notebooks\/broken\.ipynb is not a notebook: expected JSON/);
    await Deno.remove(join(clone.folder, "notebooks", "broken.ipynb"));

    await clone.git("config", "filter.shopflow-notebook.clean", "/nowhere/deno run %f");
    await runInPlace(clone);
    assert.notEqual((await clone.tryGit("add", NOTEBOOK)).code, 0);
    assert.doesNotMatch(await clone.git("cat-file", "blob", `:${NOTEBOOK}`), /secret/);
  });
});

Deno.test("a merge that conflicts in a notebook and in deno.json can be resolved and taken back", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    const edit = async (file: string, from: string, to: string) => {
      const path = join(clone.folder, file);
      await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(from, to));
    };
    await clone.git("switch", "--quiet", "--create", "other");
    await edit(NOTEBOOK, "Best days", "Good days");
    await edit("deno.json", "npm:zod@4.6.7", "npm:zod@4.6.6");
    await clone.git("commit", "--quiet", "--all", "--message", "other");
    await clone.git("switch", "--quiet", "main");
    await edit(NOTEBOOK, "Best days", "Top days");
    await edit("deno.json", "npm:zod@4.6.7", "npm:zod@4.6.5");
    await clone.git("commit", "--quiet", "--all", "--message", "ours");
    await edit("deno.json", "npm:zod@4.6.5", "npm:zod@4.6.7");
    await clone.git("commit", "--quiet", "--all", "--message", "back");
    assert.notEqual((await clone.tryGit("merge", "other")).code, 0);
    await clone.git("status");
    await clone.git("merge", "--abort");
    assert.equal(await clone.git("status", "--porcelain"), "");
    assert.notEqual((await clone.tryGit("merge", "other")).code, 0);
    await clone.git("checkout", "--ours", NOTEBOOK, "deno.json");
    await clone.git("add", "--all");
    await clone.git("commit", "--quiet", "--message", "merged");
    assert.match(await clone.git("show", `HEAD:${NOTEBOOK}`), /Top days/);
  });
});

Deno.test("with git set up, a commit of files that are not formatted or not clean is refused", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    const path = join(clone.folder, "lib", "added.ts");
    const commit = async (text: string, ...options: string[]) => {
      await Deno.writeTextFile(path, text);
      await clone.git("add", "--all");
      return await clone.tryGit("commit", "--quiet", "--message", "added", ...options);
    };
    const unformatted = await commit("export const a   = 1\n");
    assert.notEqual(unformatted.code, 0);
    assert.match(unformatted.stderr, /lib\/added\.ts/);
    assert.match(unformatted.stderr, /error: the commit is refused: run `deno fmt`/);
    const unclean = await commit("export let a = 1;\n");
    assert.notEqual(unclean.code, 0);
    assert.match(unclean.stderr, /prefer-const[^]*error: the commit is refused: mend what `deno lint` says/);
    assert.doesNotMatch(unclean.stderr, /tmp\./);

    // What is staged counts, not what is in the working tree.
    await Deno.writeTextFile(path, "export const a = 1;\n");
    await clone.git("add", "--all");
    await Deno.writeTextFile(path, "export const a   = 2\n");
    await clone.git("commit", "--quiet", "--message", "added");
    assert.equal((await commit("export const a   = 2\n", "--no-verify")).code, 0);
  });
});

Deno.test("the hook serves all working trees, and one of another program is left as it is", async () => {
  await withClone(async (clone) => {
    await clone.git("worktree", "add", "--quiet", join(clone.folder, ".shopflow", "tree"), "-b", "tree");
    await clone.setUp();
    const tree = ["-C", join(clone.folder, ".shopflow", "tree")];
    await Deno.writeTextFile(
      join(clone.folder, ".shopflow", "tree", "lib", "added.ts"),
      "export const a   = 1\n",
    );
    await clone.git(...tree, "add", "--all");
    const refused = await clone.tryGit(...tree, "commit", "--message", "added");
    assert.match(refused.stderr, /the commit is refused: run `deno fmt`/);
    await clone.git(
      ...tree,
      "rm",
      "--quiet",
      "--force",
      "lib/added.ts",
      "pipelines/commands/git/pre_commit.sh",
    );
    await clone.git(...tree, "commit", "--quiet", "--message", "a commit without the check");

    assert.match(await clone.setUp("--remove"), /commits are not checked/);
    const hook = join(clone.folder, ".git", "hooks", "pre-commit");
    await assert.rejects(Deno.stat(hook), Deno.errors.NotFound);
    await Deno.mkdir(join(hook, ".."), { recursive: true });
    await Deno.writeTextFile(hook, "#!/bin/sh\n");
    for (const options of [[], ["--remove"]]) {
      assert.match(await clone.setUp(...options), /hooks\/pre-commit is a hook of another program/);
      assert.equal(await Deno.readTextFile(hook), "#!/bin/sh\n");
    }
  });
});

testWith(["jupyter"], "git has nothing to commit after a notebook was run in Jupyter", async () => {
  await withClone(async (clone) => {
    await clone.setUp();
    await withTemporaryFolder(async (home) => {
      await Deno.mkdir(join(home, "lake"));
      await publishSmallLake(join(home, "lake"));
      const executed = await executeInJupyter(join(clone.folder, NOTEBOOK), home);
      assert.match(await Deno.readTextFile(executed), /"execution_count": [1-9]/);
      await Deno.copyFile(executed, join(clone.folder, "tests/fixtures/notebooks", basename(NOTEBOOK)));
    });
    assert.equal(await clone.git("diff"), "");
    await clone.git("add", "--all");
    assert.equal(await clone.git("status", "--porcelain"), "");
  });
});
