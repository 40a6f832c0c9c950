import assert from "node:assert/strict";
import { cleanNotebook, formatNotebook, parseNotebook } from "shopflow/notebook/mod.ts";
import type { Notebook } from "../../../../lib/notebook/format/nbformat.ts";

const dirty: Notebook = {
  cells: [
    { cell_type: "markdown", id: "same", metadata: { editable: true }, source: "# Title" },
    {
      cell_type: "code",
      id: "same-2",
      metadata: { tags: ["parameters"], shopflow: { startedAt: "2024-01-01", milliseconds: 3 } },
      source: "const a = 1;",
      execution_count: 4,
      outputs: [{ output_type: "stream", name: "stdout", text: "x" }],
    },
    {
      cell_type: "code",
      id: "injected-parameters",
      metadata: { tags: ["injected-parameters"] },
      source: "const a = 2;",
      execution_count: 5,
      outputs: [],
    },
  ],
  metadata: { kernelspec: { name: "deno", display_name: "Deno 2.9" }, language_info: { version: "6.0.3" } },
  nbformat: 4,
  nbformat_minor: 5,
};

Deno.test("outputs, counts, injected cells and volatile metadata go; sources and tags stay", () => {
  const { cells, metadata } = cleanNotebook(dirty);
  assert.deepEqual(cells, [
    { cell_type: "markdown", id: "same", metadata: {}, source: "# Title" },
    {
      cell_type: "code",
      id: "same-2",
      metadata: { tags: ["parameters"] },
      source: "const a = 1;",
      execution_count: null,
      outputs: [],
    },
  ]);
  assert.equal(JSON.stringify(metadata).includes("6.0.3"), false);
  assert.equal(metadata.kernelspec?.display_name, "Deno");
});

Deno.test("cleaning twice changes nothing more, nor does reading and writing", () => {
  const once = cleanNotebook(dirty);
  assert.deepEqual(cleanNotebook(once), once);
  const written = formatNotebook(once);
  assert.equal(formatNotebook(cleanNotebook(parseNotebook(written, "a.ipynb"))), written);
});

Deno.test("pictures pasted into prose stay", () => {
  const picture = { "chart.png": { "image/png": "iVBORw0KGgo=" } };
  const prose = { cell_type: "markdown", id: "a", metadata: {}, source: "![](attachment:chart.png)" };
  const written = JSON.stringify({ ...dirty, cells: [{ ...prose, attachments: picture }] });
  const [cell] = JSON.parse(formatNotebook(cleanNotebook(parseNotebook(written, "a.ipynb")))).cells;
  assert.deepEqual(cell.attachments, picture);
});

Deno.test("a notebook of another kernel keeps its language, without the version", () => {
  const python = {
    kernelspec: { name: "python3", display_name: "Python 3" },
    language_info: { name: "python", file_extension: ".py", version: "3.12.1" },
  };
  assert.deepEqual(cleanNotebook({ ...dirty, metadata: python }).metadata, {
    kernelspec: python.kernelspec,
    language_info: { name: "python", file_extension: ".py" },
  });
});

Deno.test("what a notebook declares of its report stays as it was written, also after a run", () => {
  const report = { parameters: { as_of: "latest" }, title: "of a later version" };
  const shopflow = { report, runId: "20240101T000000-000000", parameterRules: { as_of: "latest" } };
  const { metadata } = cleanNotebook({ ...dirty, metadata: { ...dirty.metadata, shopflow } });
  assert.deepEqual(metadata.shopflow, { report });
});

Deno.test("what a notebook asks of its runner stays, the record of a run goes", () => {
  const shopflow = { env: ["API_TOKEN"], runId: "20240101T000000-000000", status: "succeeded" };
  const { metadata } = cleanNotebook({ ...dirty, metadata: { ...dirty.metadata, shopflow } });
  assert.deepEqual(metadata.shopflow, { env: ["API_TOKEN"] });
});
