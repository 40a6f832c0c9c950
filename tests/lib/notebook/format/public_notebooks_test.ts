import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { cleanNotebook, formatNotebook, parseNotebook } from "shopflow/notebook/mod.ts";
import { kernelNameOf } from "../../../../lib/notebook/format/nbformat.ts";
import { TEST_JUPYTER, testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const code = (more: Record<string, unknown> = {}) => ({
  cell_type: "code",
  execution_count: 1,
  metadata: {},
  outputs: [],
  source: ["a = 1\n", "a"],
  ...more,
});
const prose = (more: Record<string, unknown> = {}) => ({
  cell_type: "markdown",
  metadata: {},
  source: "# Title",
  ...more,
});
const python3 = { display_name: "Python 3", language: "python", name: "python3" };

/** Notebooks as editors and exports write them, with the kernel that they name. */
const STYLES: Record<string, { file: Record<string, unknown>; kernel?: string }> = {
  "nbformat 4.0, of Jupyter 3": {
    file: { cells: [code(), prose()], metadata: { kernelspec: python3 }, nbformat: 4, nbformat_minor: 0 },
    kernel: "python3",
  },
  "nbformat 4.2 without a kernelspec": {
    file: {
      cells: [code({ metadata: { collapsed: true, scrolled: "auto" } })],
      metadata: { language_info: { name: "python", version: "3.6.1" } },
      nbformat: 4,
      nbformat_minor: 2,
    },
  },
  "nbformat 4.4 with its kernelspec empty, of Databricks": {
    file: {
      cells: [code({ metadata: { application_vnd: { nuid: "1", showTitle: false }, tags: null } })],
      metadata: { kernelspec: {}, "application/vnd.databricks.v1+notebook": { language: "python" } },
      nbformat: 4,
      nbformat_minor: 4,
    },
  },
  "nbformat 4.5 with one id in two cells": {
    file: {
      cells: [code({ id: "a" }), prose({ id: "a" }), prose({ id: "has spaces" }), prose({ id: null })],
      metadata: { kernelspec: python3 },
      nbformat: 4,
      nbformat_minor: 5,
    },
    kernel: "python3",
  },
  "VS Code before the first run": {
    file: {
      cells: [{
        cell_type: "code",
        source: "const a = 1",
        metadata: { vscode: { languageId: "typescript" } },
      }],
      metadata: { language_info: { name: "typescript" }, orig_nbformat: 4 },
      nbformat: 4,
      nbformat_minor: 2,
    },
    kernel: "deno",
  },
  "Colab, with its widgets": {
    file: {
      cells: [
        prose({ metadata: { id: "x1", colab_type: "text" }, attachments: null }),
        code({
          metadata: { id: "x2", colab: { base_uri: "https://localhost:8080/" } },
          outputs: [
            {
              output_type: "display_data",
              data: {
                "text/plain": ["HBox()"],
                "application/vnd.jupyter.widget-view+json": { model_id: "m", version_major: 2 },
              },
              metadata: {},
            },
            { output_type: "stream", text: "no name\n" },
          ],
        }),
      ],
      metadata: {
        colab: { provenance: [] },
        kernelspec: { name: "python3" },
        widgets: { "application/vnd.jupyter.widget-state+json": { m: {} } },
      },
      nbformat: 4,
      nbformat_minor: 0,
    },
    kernel: "python3",
  },
  "a Kaggle export": {
    file: {
      metadata: {
        kernelspec: python3,
        language_info: { name: "python", version: "3.7.12" },
        papermill: { parameters: {}, version: "2.3.4" },
      },
      nbformat_minor: 4,
      nbformat: 4,
      cells: [
        code({
          source: "print(1)",
          metadata: { _uuid: "8f2839f2", _kg_hide: true, papermill: { status: "completed" } },
          outputs: [{ output_type: "execute_result", data: { "text/plain": "1" } }],
          execution_count: undefined,
        }),
      ],
    },
    kernel: "python3",
  },
  "a script's, with raw cells and as little as can be": {
    file: {
      cells: [
        { cell_type: "raw", source: "---\ntitle: x\n---" },
        { cell_type: "code", source: ["1"] },
        {
          cell_type: "code",
          metadata: { tags: "not-a-list" },
          source: [],
          outputs: [{ output_type: "error" }],
        },
      ],
      metadata: null,
      nbformat: 4,
    },
  },
};

for (const [style, { file, kernel }] of Object.entries(STYLES)) {
  Deno.test(`a notebook of ${style} is read and cleaned`, () => {
    const notebook = parseNotebook(JSON.stringify(file), "theirs.ipynb");
    const ids = notebook.cells.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, "ids are unique");
    assert.ok(ids.every((id) => /^[\w-]{1,64}$/.test(id)), ids.join());
    assert.equal(kernelNameOf(notebook), kernel);
    const sources = (file.cells as { source: string | string[] }[]).map(({ source }) =>
      [source].flat().join("")
    );
    assert.deepEqual(notebook.cells.map(({ source }) => source), sources, "nothing is lost");
    const clean = formatNotebook(cleanNotebook(notebook));
    assert.equal(formatNotebook(cleanNotebook(parseNotebook(clean, "clean"))), clean, "once is enough");
  });
}

Deno.test("a notebook whose id comes twice keeps the first, and the other gets one that stays the same", () => {
  const { file } = STYLES["nbformat 4.5 with one id in two cells"]!;
  const ids = () => parseNotebook(JSON.stringify(file), "a.ipynb").cells.map(({ id }) => id);
  assert.equal(ids()[0], "a");
  assert.deepEqual(ids(), ids());
});

testWith(
  ["jupyter"],
  "what is cleaned is valid for Jupyter's own nbformat",
  () =>
    withTemporaryFolder(async (folder) => {
      const paths: string[] = [];
      for (const [i, { file }] of Object.values(STYLES).entries()) {
        const path = join(folder, `${i}.ipynb`);
        await Deno.writeTextFile(
          path,
          formatNotebook(cleanNotebook(parseNotebook(JSON.stringify(file), path))),
        );
        paths.push(path);
      }
      const { success, stderr } = await new Deno.Command(join(dirname(TEST_JUPYTER), "python"), {
        args: [
          "-c",
          "import nbformat, sys\nfor p in sys.argv[1:]: nbformat.validate(nbformat.read(p, as_version=4))",
          ...paths,
        ],
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }),
);

testWith(
  ["jupyter"],
  "a notebook of nbformat 3 is refused with the command that converts it",
  () =>
    withTemporaryFolder(async (folder) => {
      const path = join(folder, "old.ipynb");
      const old = {
        metadata: { name: "old" },
        nbformat: 3,
        nbformat_minor: 0,
        worksheets: [{
          metadata: {},
          cells: [
            { cell_type: "heading", level: 1, metadata: {}, source: ["Old"] },
            {
              cell_type: "code",
              collapsed: false,
              input: ["1+1"],
              language: "python",
              metadata: {},
              outputs: [],
              prompt_number: 1,
            },
          ],
        }],
      };
      await Deno.writeTextFile(path, JSON.stringify(old));
      assert.throws(() => parseNotebook(JSON.stringify(old), path), (error: Error) => {
        assert.match(
          error.message,
          /unsupported notebook format: expected nbformat 4, found nbformat 3\. Convert it once: jupyter nbconvert/,
        );
        const [, command = ""] = error.message.match(/once: jupyter (.*?), or/)!;
        const args = command.replaceAll("'", "").split(" ");
        const { success } = new Deno.Command(TEST_JUPYTER, { args, stderr: "null" }).outputSync();
        assert.ok(success, command);
        return true;
      });
      const converted = parseNotebook(await Deno.readTextFile(path), path);
      assert.deepEqual(converted.cells.map(({ source }) => source), ["# Old", "1+1"]);
    }),
);
