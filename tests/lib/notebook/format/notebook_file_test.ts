import assert from "node:assert/strict";
import { NotebookError } from "shopflow/errors/mod.ts";
import { formatNotebook, parseNotebook, readNotebook } from "shopflow/notebook/mod.ts";

const kernelspec = { name: "deno", display_name: "Deno", language: "typescript" };
const file = (changes: Record<string, unknown> = {}) =>
  JSON.stringify({ cells: [], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5, ...changes });

Deno.test("what is not JSON or of another format is refused with what was expected", () => {
  assert.throws(() => parseNotebook("PK\x03\x04", "a.ipynb"), /a.ipynb is not a notebook: expected JSON/);
  assert.throws(() => parseNotebook("", "a.ipynb"), /an empty file/);
  assert.throws(() => parseNotebook("[]", "a.ipynb"), /expected a JSON object, found a list/);
  assert.throws(() => parseNotebook("3", "a.ipynb"), /expected a JSON object, found 3/);
  assert.throws(
    () => parseNotebook(file().replace("{", "{\n<<<<<<< HEAD\n"), "a.ipynb"),
    /found marks of a merge conflict\. Take one side by `git checkout --ours`/,
  );
  assert.throws(
    () => parseNotebook(file({ nbformat: 3 }), "a.ipynb"),
    /expected nbformat 4, found nbformat 3/,
  );
  assert.throws(() => parseNotebook("{}", "a.ipynb"), /found no nbformat/);
  assert.throws(
    () => parseNotebook('{"cells": [NaN]}', "a.ipynb"),
    /is not a notebook: expected JSON, found Unexpected token 'N'/,
  );
});

Deno.test("a malformed cell is refused with its place", () => {
  const cells = [{ cell_type: "code", id: "a", metadata: {}, source: "1", outputs: 7 }];
  assert.throws(() => parseNotebook(file({ cells }), "a.ipynb"), (error) => {
    assert.ok(error instanceof NotebookError);
    assert.match(error.message, /cells\.0\.outputs/);
    return true;
  });
});

Deno.test("a file that is not there, or a folder, is named", async () => {
  await assert.rejects(readNotebook("lib"), (error) => {
    assert.ok(error instanceof NotebookError);
    assert.match(error.message, /^lib cannot be read: expected an \.ipynb file, found Is a directory/);
    return true;
  });
  await assert.rejects(readNotebook("no/such.ipynb"), /There is no notebook no\/such\.ipynb/);
});

Deno.test("lists of lines become texts, and lists again when written", () => {
  const cells = [{
    cell_type: "code",
    execution_count: 1,
    id: "a",
    metadata: { tags: ["x"], "jupyter": { source_hidden: true } },
    outputs: [
      { output_type: "stream", name: "stdout", text: ["a\n", "b\n"] },
      {
        output_type: "display_data",
        data: { "text/html": ["<p>\n", "</p>"], "application/json": ["a", "b"] },
        metadata: {},
      },
    ],
    source: ["const a = 1;\n", "a"],
  }];
  const notebook = parseNotebook(file({ cells }), "a.ipynb");
  const [cell] = notebook.cells;
  assert.ok(cell?.cell_type === "code");
  assert.equal(cell.source, "const a = 1;\na");
  assert.deepEqual(cell.outputs[1], {
    output_type: "display_data",
    data: { "text/html": "<p>\n</p>", "application/json": ["a", "b"] },
    metadata: {},
  });
  assert.deepEqual(JSON.parse(formatNotebook(notebook)).cells, cells);
});

Deno.test("cells of older files get ids that stay the same", () => {
  const cells = [{ cell_type: "markdown", metadata: {}, source: "a" }, {
    cell_type: "markdown",
    metadata: {},
    source: "a",
  }];
  const ids = () => parseNotebook(file({ cells, nbformat_minor: 4 }), "a.ipynb").cells.map(({ id }) => id);
  assert.deepEqual(ids(), ids());
  assert.equal(new Set(ids()).size, 2);
});
