import assert from "node:assert/strict";
import { join } from "node:path";
import { formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { type Clone, createClone } from "../../../fixtures/repository_clone.ts";

const NOTEBOOK = "tests/fixtures/notebooks/daily_orders.ipynb";

/** Commits the notebook on a branch of its own, with one text of it in the place of another. */
async function commitOn(clone: Clone, branch: string, before: string, after: string): Promise<void> {
  await clone.git("checkout", "--quiet", "-b", branch, "main");
  const path = join(clone.folder, NOTEBOOK);
  const text = await Deno.readTextFile(path);
  assert.ok(text.includes(before), before);
  await Deno.writeTextFile(path, text.replace(before, after));
  await clone.git("commit", "--quiet", "--all", "--no-verify", "--message", branch);
}

Deno.test("git merges notebooks cell by cell, leaves conflicts in their cells, and takes no half merged one", () =>
  withTemporaryFolder(async (folder) => {
    const clone = await createClone(folder);
    await clone.setUp();
    const path = join(clone.folder, NOTEBOOK);
    await commitOn(clone, "ours", "Best days", "The best days");
    await commitOn(clone, "theirs", "GROUP BY 1 ", "GROUP BY ALL ");
    await commitOn(clone, "clash", "Best days", "Worst days");
    await clone.git("checkout", "--quiet", "ours");
    await clone.git("merge", "--quiet", "--no-edit", "theirs");
    const merged = formatNotebook(await readNotebook(path));
    assert.match(merged, /The best days/);
    assert.match(merged, /GROUP BY ALL /);

    const { code, stderr, stdout } = await clone.tryGit("merge", "--no-edit", "clash");
    assert.equal(code, 1, stdout);
    assert.match(stderr, /daily_orders\.ipynb: 1 cell with a conflict \(\S+\)\. Open it in Jupyter/);
    assert.match(await clone.git("status", "--porcelain"), /^UU .*daily_orders\.ipynb$/m);
    const cell = (await readNotebook(path)).cells.find(({ source }) => source.includes("<<<<<<< ours"));
    assert.match(cell!.source, /The best days[^]*=======[^]*Worst days/);
    assert.match(formatNotebook(await readNotebook(path)), /GROUP BY ALL /, "all else is merged");
    await clone.git("add", NOTEBOOK);
    const refused = await clone.tryGit("commit", "--no-edit");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /still have the marks of a merge conflict in\n.*daily_orders\.ipynb/);

    const text = await Deno.readTextFile(path);
    const resolved = text.replace(/^.*<{7} ours[^]*?={7}.*\n([^]*?)^.*>{7} theirs.*\n/m, "$1");
    assert.notEqual(resolved, text);
    await Deno.writeTextFile(path, resolved.replace(/,(\s*\])/g, "$1"));
    await clone.git("add", NOTEBOOK);
    await clone.git("commit", "--quiet", "--no-edit");
    assert.match(await clone.git("show", `HEAD:${NOTEBOOK}`), /Worst days/);
  }));
