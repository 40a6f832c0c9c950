import assert from "node:assert/strict";
import { formatNotebook, parseNotebook } from "shopflow/notebook/mod.ts";
import { mergeNotebooks } from "shopflow/notebook/diff/mod.ts";
import type { Notebook } from "../../../../lib/notebook/format/nbformat.ts";
import { code, notebookOf, prose } from "./cells.ts";

const BASE = [
  prose("title", "# Sales"),
  code("load", "const a = 1;\nconst b = 2;\nconst c = 3;"),
  code("plot", "plot(a)"),
];

async function merge(ours: Notebook["cells"], theirs: Notebook["cells"], base: Notebook["cells"] = BASE) {
  const { notebook, conflicts } = await mergeNotebooks({
    base: notebookOf(...base),
    ours: notebookOf(...ours),
    theirs: notebookOf(...theirs),
  });
  // What comes out is a notebook, whatever was in it.
  assert.deepEqual(parseNotebook(formatNotebook(notebook), "merged").cells.length, notebook.cells.length);
  return { cells: notebook.cells.map(({ id, source }) => [id, source]), conflicts, notebook };
}
const sources = ({ cells }: { cells: string[][] }) => cells.map(([, source]) => source);
const [title, load, plot] = BASE as [Notebook["cells"][0], Notebook["cells"][0], Notebook["cells"][0]];

Deno.test("each cell is taken from the side that changed it, and merged by lines where both did", async () => {
  const merged = await merge(
    [
      { ...title, source: "# Net sales" },
      { ...load, source: "const a = 10;\nconst b = 2;\nconst c = 3;" },
      plot,
    ],
    [title, { ...load, source: "const a = 1;\nconst b = 2;\nconst c = 30;" }, { ...plot, source: "plot(c)" }],
  );
  assert.deepEqual(merged.conflicts, []);
  assert.deepEqual(sources(merged), ["# Net sales", "const a = 10;\nconst b = 2;\nconst c = 30;", "plot(c)"]);
});

Deno.test("cells that both sides added in one place are both kept, also under one id, and one that is equal is kept once", async () => {
  const merged = await merge(
    [title, load, code("new", "mine()"), code("same", "both()"), plot],
    [title, load, code("new", "theirs()"), code("same", "both()"), plot, code("last", "end()")],
  );
  assert.deepEqual(merged.conflicts, []);
  assert.deepEqual(sources(merged).toSorted(), [
    "# Sales",
    "both()",
    "const a = 1;\nconst b = 2;\nconst c = 3;",
    "end()",
    "mine()",
    "plot(a)",
    "theirs()",
  ]);
  assert.equal(sources(merged).at(-1), "end()");
});

Deno.test("cells whose ids an editor changed are known by what is in them", async () => {
  const merged = await merge(
    [title, { ...load, id: "x1" }, plot],
    [title, { ...load, source: "const a = 1;\nconst b = 2;\nconst c = 4;" }, plot],
  );
  assert.deepEqual([merged.cells.map(([id]) => id), merged.conflicts], [["title", "load", "plot"], []]);
  assert.match(sources(merged)[1]!, /const c = 4/);
});

Deno.test("a move of one side goes with an edit and an addition of the other", async () => {
  const merged = await merge([plot, title, load], [
    title,
    load,
    { ...plot, source: "plot(b)" },
    code("n", "next()"),
  ]);
  assert.deepEqual(merged.cells.map(([id]) => id), ["plot", "n", "title", "load"]);
  assert.equal(sources(merged)[0], "plot(b)");
  const other = await merge([title, load, { ...plot, source: "plot(b)" }, code("n", "next()")], [
    plot,
    title,
    load,
  ]);
  assert.deepEqual(other.cells, merged.cells);
});

Deno.test("a line that both changed is between git's marks in its cell, and all else is merged", async () => {
  const merged = await merge(
    [{ ...title, source: "# Net sales" }, load, { ...plot, source: "plot(b)" }],
    [title, load, { ...plot, source: "plot(c)" }],
  );
  assert.deepEqual(merged.conflicts, ["plot"]);
  assert.deepEqual(sources(merged)[0], "# Net sales");
  assert.equal(sources(merged)[2], "<<<<<<< ours\nplot(b)\n=======\nplot(c)\n>>>>>>> theirs");
});

Deno.test("a cell that one side deleted is gone, unless the other changed it: then both are told", async () => {
  assert.deepEqual(sources(await merge([title, load], BASE)), sources(await merge(BASE, [title, load])));
  assert.deepEqual((await merge([title, load], BASE)).conflicts, []);
  const merged = await merge([title, load], [title, load, { ...plot, source: "plot(a, b)" }]);
  assert.deepEqual(merged.conflicts, ["plot"]);
  assert.match(sources(merged)[2]!, /^<<<<<<< ours\ndeleted the cell below\n=======\nchanged the cell below/);
  assert.equal(sources(merged)[3], "plot(a, b)");
});

Deno.test("tags, pictures and what is declared of the notebook are merged by their names", async () => {
  const picture = (name: string) => ({ attachments: { [name]: { "image/png": "aGk=" } } });
  const side = (tags: string[], shopflow: object, name: string): Notebook => ({
    ...notebookOf(
      { ...title, source: `# ${name}`, ...picture(name) } as typeof title,
      code("p", "1", [], tags),
    ),
    metadata: { kernelspec: { name: "deno", display_name: "Deno" }, shopflow },
  });
  const { notebook, conflicts } = await mergeNotebooks({
    base: side(["a", "gone"], { report: { title: "Sales" } }, "x"),
    ours: side(["a", "mine"], { report: { title: "Net sales" }, env: ["A"] }, "x"),
    theirs: side(["a", "gone", "theirs"], { report: { title: "All sales", owner: "eva" } }, "x"),
  });
  assert.deepEqual(notebook.cells.at(-1)!.metadata.tags, ["a", "mine", "theirs"]);
  assert.deepEqual(notebook.metadata.shopflow, { report: { title: "Net sales", owner: "eva" }, env: ["A"] });
  assert.deepEqual(conflicts, ["merge-conflict-metadata"]);
  assert.match(notebook.cells[0]!.source, /shopflow\.report\.title: "Net sales"\n=======\n.*"All sales"/);
});

Deno.test("a notebook that is new on both sides has the cells of both", async () => {
  const merged = await merge([title, code("a", "mine()")], [title, code("b", "theirs()")], []);
  assert.deepEqual([sources(merged).toSorted(), merged.conflicts], [["# Sales", "mine()", "theirs()"], []]);
});
