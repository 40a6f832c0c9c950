import assert from "node:assert/strict";
import { join } from "node:path";
import { formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import type { Notebook } from "../../lib/notebook/format/nbformat.ts";
import { compareNotebooks } from "shopflow/notebook/diff/mod.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { TEST_NBDIFF, testWith } from "../requirements.ts";

const NOTEBOOK = new URL("../../notebooks/churn.ipynb", import.meta.url).pathname;

/** An operation of nbdime on a list or an object. */
interface NbdimeOperation {
  op: "addrange" | "removerange" | "patch" | "add" | "remove" | "replace";
  key: string | number;
  length?: number;
  valuelist?: { id: string }[];
  diff?: NbdimeOperation[];
}

testWith(["nbdime"], "the cells that differ are those that nbdime finds", async () => {
  await withTemporaryFolder(async (folder) => {
    const before = await readNotebook(NOTEBOOK);
    const after = structuredClone(before);
    after.cells[3]!.source = after.cells[3]!.source.replace("const", "let");
    after.cells[7]!.metadata.tags = ["reviewed"];
    after.cells.splice(12, 1);
    after.cells.splice(20, 0, {
      ...structuredClone(after.cells[4]!),
      id: "added",
      source: "a new cell of prose",
    });
    const found = (await nbdiff(folder, before, after)).find(({ key }) => key === "cells")?.diff ?? [];
    const theirs = found.flatMap(({ op, key, length = 0, valuelist = [] }) =>
      op === "patch"
        ? [`changed ${before.cells[key as number]!.id}`]
        : op === "removerange"
        ? before.cells.slice(key as number, (key as number) + length).map(({ id }) => `removed ${id}`)
        : valuelist.map(({ id }) => `added ${id}`)
    );
    const ours = compareNotebooks(before, after).cells.map(({ change, id }) => `${change} ${id}`);
    assert.equal(ours.length, 4);
    assert.deepEqual(ours.toSorted(), theirs.toSorted());
  });
});

async function nbdiff(folder: string, before: Notebook, after: Notebook): Promise<NbdimeOperation[]> {
  const one = join(folder, "before.ipynb"),
    other = join(folder, "after.ipynb"),
    out = join(folder, "out.json");
  await Deno.writeTextFile(one, formatNotebook(before));
  await Deno.writeTextFile(other, formatNotebook(after));
  const { success, stderr } = await new Deno.Command(TEST_NBDIFF, { args: ["--out", out, one, other] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(await Deno.readTextFile(out));
}
