import { table } from "arquero";
import assert from "node:assert/strict";
import { join } from "node:path";
import { showTable } from "../../../../lib/notebook/kernel.ts";
import { formatNotebook } from "shopflow/notebook/mod.ts";
import type { MimeBundle } from "../../../../lib/notebook/format/nbformat.ts";
import { executedNotebook, proseCell, shownCell } from "../../../fixtures/executed_notebook.ts";
import { TEST_CHROMIUM, testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { runNotebookCommand } from "./run_notebook_command.ts";

const RUN = "20240902T080000-abcdef";
const sold = showTable(table({ sold: [9, 1000] })) as unknown as Record<symbol, () => MimeBundle>;
const notebook = executedNotebook([
  proseCell("# Sales of the month\n\nHow we sold."),
  shownCell("table", sold[Symbol.for("Jupyter.display")]!()),
]);

async function withRun(body: (home: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (home) => {
    const folder = join(home, "lake", "runs", "notebooks", "sales");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, `${RUN}.ipynb`), formatNotebook(notebook));
    await body(home);
  });
}

Deno.test("`notebook render` writes a run of the lake as one file, found by the beginning of its id", async () => {
  await withRun(async (home) => {
    const path = join(home, "sales.html");
    const { code, stdout, stderr } = await runNotebookCommand(home, ["render", "20240902T08", "-o", path]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, path);
    const html = await Deno.readTextFile(path);
    assert.match(html, /<h1>Sales of the month<\/h1>/);
    assert.match(html, /href="data:application\/x-ipynb\+json;base64,/);
    // Everything it refers to is inside of it.
    assert.doesNotMatch(html.replaceAll(/<script>.*?<\/script>/gs, ""), /(src|href)="(?!#|data:)/);
  });
});

Deno.test("`notebook render` takes a notebook that Jupyter has run and saved, without a record of ours", async () => {
  await withRun(async (home) => {
    const path = join(home, "mine.ipynb");
    const error = { output_type: "error" as const, ename: "TypeError", evalue: "no", traceback: [] };
    const [prose, code] = notebook.cells;
    const failed = { ...code!, id: "bad", outputs: [error] };
    const { kernelspec } = notebook.metadata;
    await Deno.writeTextFile(
      path,
      formatNotebook({
        ...notebook,
        cells: [prose!, code!, failed as typeof code & object],
        metadata: { kernelspec: kernelspec! },
      }),
    );
    const { stdout, stderr } = await runNotebookCommand(home, [
      "render",
      path,
      "-o",
      join(home, "mine.html"),
    ]);
    const html = await Deno.readTextFile(stdout);
    assert.match(html, /<h1>Sales of the month<\/h1>/, stderr);
    assert.match(html, /This run failed[\s\S]*TypeError/);
  });
});

Deno.test("`notebook render` says which runs there are, and never writes over the notebook", async () => {
  await withRun(async (home) => {
    const unknown = await runNotebookCommand(home, ["render", "nothing"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, new RegExp(`There is no run nothing: .* the last are ${RUN}`));
    const missing = await runNotebookCommand(home, ["render", join(home, "missing.ipynb")]);
    assert.match(missing.stderr, /There is no notebook .*missing\.ipynb/);
    const path = join(home, "lake", "runs", "notebooks", "sales", `${RUN}.ipynb`);
    const own = await runNotebookCommand(home, ["render", path, "-o", path]);
    assert.match(own.stderr, /would replace the notebook/);
    const nowhere = await runNotebookCommand(home, ["render", RUN, "-o", join(home, "no", "folder.html")]);
    assert.match(nowhere.stderr, /folder\.html cannot be written/);
  });
});

testWith(["chromium"], "`notebook render --to pdf` makes a PDF with bookmarks and tags", async () => {
  await withRun(async (home) => {
    const path = join(home, "sales.pdf");
    const { code, stderr } = await runNotebookCommand(home, ["render", RUN, "-o", path], {
      SHOPFLOW_CHROMIUM: TEST_CHROMIUM,
    });
    assert.equal(code, 0, stderr);
    const pdf = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert.match(pdf, /^%PDF-1\.\d/);
    assert.match(pdf, /\/Type \/Page\b/);
    assert.match(pdf, /\/StructTreeRoot/);
    assert.match(pdf, /\/Outlines/);
    assert.doesNotMatch(pdf, /x-ipynb/);
  });
});

Deno.test("`notebook render --to pdf` without a browser says what to install, and leaves nothing behind", async () => {
  await withRun(async (home) => {
    const { code, stderr } = await runNotebookCommand(home, ["render", RUN, "-o", join(home, "sales.pdf")], {
      SHOPFLOW_CHROMIUM: join(home, "chromium"),
    });
    assert.equal(code, 1);
    assert.match(stderr, /A PDF needs Chromium, Chrome or Edge.*SHOPFLOW_CHROMIUM=\/path.*--to html/);
    const left = (await Array.fromAsync(Deno.readDir(home))).map(({ name }) => name);
    assert.deepEqual(left, ["lake"]);
  });
});

Deno.test("`notebook render` writes no page under the name of another format", async () => {
  await withRun(async (home) => {
    const { code, stderr } = await runNotebookCommand(home, ["render", RUN, "-o", join(home, "sales.docx")]);
    assert.equal(code, 1);
    assert.match(stderr, /expected a file that ends in \.html or \.pdf, or --to, found .*sales\.docx/);
  });
});
