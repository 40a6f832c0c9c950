import assert from "node:assert/strict";
import type { Cell, CodeCell, Output } from "../../../../lib/notebook/format/nbformat.ts";
import { executedNotebook, proseCell, shownCell } from "../../../fixtures/executed_notebook.ts";
import type { ExecutedNotebook, RunRecord } from "shopflow/notebook/run/mod.ts";
import { renderPage } from "shopflow/notebook/report/mod.ts";

const record: RunRecord = {
  notebook: "sales",
  notebookSha256: "ab".repeat(32),
  runId: "20240902T080000-abcdef",
  status: "succeeded",
  parameters: { as_of: "2024-09-01", note: "<b>" },
  startedAt: "2024-09-02T08:00:00.000Z",
  milliseconds: 61_500,
  lineage: [{ kind: "snapshot", name: "lake", version: "5na95h07" }, {
    kind: "model",
    name: "churn",
    version: "c1",
  }],
};
const code = (id: string, source: string, ...outputs: Output[]): CodeCell => ({
  cell_type: "code",
  id,
  metadata: { shopflow: { startedAt: record.startedAt, milliseconds: 12 } },
  source,
  execution_count: 1,
  outputs,
});
const shown = (data: Record<string, unknown>): Output => ({
  output_type: "display_data",
  data,
  metadata: {},
});
const notebook = (cells: ExecutedNotebook["cells"], changes: Partial<RunRecord> = {}): ExecutedNotebook => ({
  cells,
  metadata: { kernelspec: { name: "deno", display_name: "Deno" }, shopflow: { ...record, ...changes } },
  nbformat: 4,
  nbformat_minor: 5,
});
const prose = (source: string) => ({ cell_type: "markdown" as const, id: "m", metadata: {}, source });
const main = (html: string) => html.slice(html.indexOf("<main "));

Deno.test("title and summary come from the first heading and the paragraph below it, once", async () => {
  const page = await renderPage(notebook([prose("# Sales *now*\n\nHow we\nsold.\n\nMore of it.")]));
  assert.deepEqual([page.title, page.summary], ["Sales now", "How we sold."]);
  assert.equal(page.html.match(/How we sold\./g)?.length, 1);
  assert.match(main(page.html), /<p>More of it\.<\/p>/);
});

Deno.test("a notebook without a heading is called by its name", async () => {
  assert.equal((await renderPage(notebook([code("a", "1")]))).title, "sales");
});

Deno.test("the page loads nothing and runs nothing, whatever the notebook holds", async () => {
  const attack = '<script>alert(1)</script><img src="https://example.com/a.png" onerror="alert(1)">';
  const { html } = await renderPage(notebook([
    prose(`# ${attack}\n\n${attack}\n\n${attack}\n\n![x](https://example.com/a.png)`),
    code(
      "a",
      attack,
      shown({ "text/html": attack }),
      shown({ "image/svg+xml": `<svg>${attack}</svg>` }),
      shown({ "text/markdown": attack }),
      shown({ "text/plain": attack }),
      shown({ "image/png": `"><script>alert(1)</script>` }),
      { output_type: "stream", name: "stdout", text: attack },
      { output_type: "error", ename: attack, evalue: attack, traceback: [attack] },
    ),
  ], { parameters: { as_of: attack }, notebook: attack }));
  assert.doesNotMatch(
    html,
    /<script|<link|@import|url\(http|<img(?! alt="" src="data:image\/(png|svg\+xml);base64,[\w+/=]*">)/i,
  );
  const withoutText = html.replaceAll(/&lt;.*?&gt;/gs, "");
  assert.doesNotMatch(withoutText, /onerror=/);
});

Deno.test("code is folded, with that of cells that show nothing before it", async () => {
  const { html } = await renderPage(notebook([
    code("a", "const first = 1;"),
    prose("## Section"),
    code("b", "second", { output_type: "stream", name: "stdout", text: "\x1b[33mdone\x1b[39m\n" }),
  ]));
  assert.equal(html.match(/<details/g)?.length, 1);
  assert.match(html, /<details class="fold"><summary>Code <small>2 lines · 24 ms/);
  assert.match(html, /<pre class="stream stdout">done<\/pre>/);
});

Deno.test("a chart is drawn for wide screens and for phones, with ids that do not collide", async () => {
  const spec = {
    data: { values: [{ a: 1, b: 2 }] },
    mark: { type: "line", clip: true },
    encoding: { x: { field: "a", type: "quantitative" }, y: { field: "b", type: "quantitative" } },
  };
  const { html } = await renderPage(notebook([
    code(
      "a",
      "plot()",
      shown({ "application/vnd.vegalite.v5+json": spec }),
      shown({ "application/vnd.vegalite.v5+json": spec }),
    ),
  ]));
  assert.equal(html.match(/class="chart wide"/g)?.length, 2);
  assert.equal(html.match(/class="chart narrow"/g)?.length, 2);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("a chart that cannot be drawn falls back to the notebook's picture, or says why", async () => {
  const broken = { "application/vnd.vegalite.v5+json": { mark: "nothing" } };
  const picture = { ...broken, "image/svg+xml": '<svg viewBox="0 0 1 1"><path d="M1,1Z"/></svg>' };
  const { html } = await renderPage(notebook([code("a", "1", shown(picture), shown(broken))]));
  assert.match(html, /d="M1,1Z"/);
  assert.match(html, /A chart cannot be drawn.*mark &quot;nothing&quot;/);
});

Deno.test("contents list the sections, whose ids are unique", async () => {
  const { html } = await renderPage(notebook([prose("# T\n\n## Über uns\n\n## Über uns\n\n### Deep")]));
  assert.match(html, /<a href="#über-uns">Über uns<\/a>/);
  assert.match(html, /<h2 id="über-uns-2">/);
  assert.match(html, /class="level-3"><a href="#deep">/);
  const own = (await renderPage(notebook([prose("# T\n\n## Report\n\n## Failure")]))).html;
  assert.match(own, /<h2 id="report-2">[\s\S]*<h2 id="failure-2">/);
});

Deno.test("provenance names notebook, parameters, snapshot, models and times", async () => {
  const { html } = await renderPage(notebook([]));
  const panel = html.slice(html.indexOf('<section class="provenance"'));
  for (
    const fact of [
      "sales.ipynb",
      "abababababab",
      "2024-09-01",
      "&lt;b&gt;",
      "5na95h07",
      "churn <code>c1",
      "1 min 2 s",
    ]
  ) {
    assert.ok(panel.includes(fact), fact);
  }
  assert.match(panel, /2 September 2024.* 08:00 UTC/);
  const commit = "0123456789abcdef";
  const committed = await renderPage(notebook([], { commit, uncommitted: true }), {
    notebookHref: "/n.ipynb",
  });
  assert.match(committed.html, /commit <code>0123456789ab<\/code> with uncommitted changes/);
  assert.match(committed.html, /<a href="\/n\.ipynb" download="sales_20240902T080000-abcdef\.ipynb">/);
  assert.doesNotMatch((await renderPage(notebook([]), { notebookHref: "" })).html, /download=/);
});

Deno.test("a failed run's page begins with the failing cell, its code and traceback", async () => {
  const error: Output = {
    output_type: "error",
    ename: "TypeError",
    evalue: "x is <undefined>",
    traceback: ["\x1b[31mTypeError\x1b[0m: x is <undefined>", "    at <anonymous>:1:1"],
  };
  const { html } = await renderPage(notebook(
    [
      prose("# T"),
      code("good", "1", shown({ "text/plain": "first" })),
      code("bad", "x.y", error),
      code("c", "never()"),
    ],
    { status: "failed", failure: { cellId: "bad", ename: "TypeError", evalue: "x is <undefined>" } },
  ));
  const failure = main(html).slice(0, main(html).indexOf("</section>"));
  assert.match(
    failure,
    /<a href="#failed-cell">Cell 2<\/a> \(<code>bad<\/code>\) stopped it; 1 cell after it did not run/,
  );
  assert.match(failure, /x is &lt;undefined&gt;/);
  assert.match(failure, /at &lt;anonymous&gt;:1:1/);
  assert.match(failure, /<code>x\..*y<.*<\/code>/);
  assert.doesNotMatch(html, /never/);
  assert.match(main(html), /first/);
  assert.match(main(html), /id="failed-cell".*<a href="#failure">/);
});

Deno.test("of a notebook whose types are wrong the page says that nothing was run", async () => {
  const error: Output = {
    output_type: "error",
    ename: "TS2322",
    evalue: "cell 2, line 1: wrong",
    traceback: [],
  };
  const unrun = (id: string, ...outputs: Output[]): CodeCell => ({
    ...code(id, "x", ...outputs),
    metadata: {},
    execution_count: null,
  });
  const { html } = await renderPage(notebook(
    [prose("# T"), unrun("fine"), unrun("bad", error), unrun("worse", error)],
    { status: "failed", failure: { cellId: "bad", ename: error.ename, evalue: error.evalue } },
  ));
  assert.match(html, /Cell 2<\/a> \(<code>bad<\/code>\) and others have errors, so no cell was run\./);
  assert.doesNotMatch(html, /after it did not run/);
});

Deno.test("a run that ended before its first cell says so, with the reason", async () => {
  const failure = { cellId: "", ename: "Cancelled", evalue: "SIGINT" };
  const { html } = await renderPage(notebook([code("a", "1")], { status: "cancelled", failure }));
  assert.match(html, /This run was cancelled.*\n.*It ended before its first cell\./);
  assert.match(html, /<strong>Cancelled<\/strong> SIGINT/);
});

Deno.test("of a text as long as a book the page shows the beginning, and says so", async () => {
  const text = "x".repeat(150_000);
  const { html } = await renderPage(
    notebook([
      code("a", "print", { output_type: "stream", name: "stdout", text }),
      code("b", "value", shown({ "text/plain": text })),
    ]),
    { notebookHref: "" },
  );
  assert.equal(html.match(/>x{100000}<\/pre>/g)?.length, 2);
  assert.equal(html.match(/The first 100,000 of 150,000 characters/g)?.length, 2);
});

Deno.test("a report shows what it declares of itself, and leaves out the cells that it hides", async () => {
  const tagged = (id: string, tag: string): Cell => ({
    ...shownCell(id, { "text/plain": `output of ${id}` }),
    metadata: { tags: [tag] },
  });
  const cells = [
    proseCell("# Heading\n\nFirst paragraph.", "opening"),
    shownCell("kept", { "text/plain": "output of kept" }),
    shownCell("by_id", { "text/plain": "output of by_id" }),
    tagged("by_tag", "plumbing"),
    tagged("by_book", "remove_cell"),
    tagged("no_code", "remove-input"),
    tagged("no_output", "remove-output"),
    proseCell("Hidden words.", "words"),
  ];
  const report = {
    title: "Customers <who> lapse",
    summary: "Who stops buying.",
    tags: ["customers", "weekly"],
    owner: "marketing",
    audience: "the board",
    hide_cells: ["by_id", "plumbing", "words"],
  };
  const page = await renderPage(executedNotebook(cells, { report }), { notebookHref: "" });
  assert.deepEqual([page.title, page.summary], ["Customers <who> lapse", "Who stops buying."]);
  assert.match(page.html, /<h1>Customers &lt;who&gt; lapse<\/h1>/);
  assert.match(page.html, /For <strong>the board<.*Owner <strong>marketing<.*<li>weekly<\/li>/);
  assert.match(page.html, /<p>First paragraph\.<\/p>/, "it is not the summary, so it stays in the text");
  assert.deepEqual([...page.html.matchAll(/output of (\w+)/g)].map(([, id]) => id), ["kept", "no_code"]);
  assert.deepEqual(
    [...page.html.matchAll(/\((kept|by_\w+|no_\w+)\)/g)].map(([, id]) => id),
    ["kept", "no_output"],
    "code",
  );
  assert.doesNotMatch(page.html, /Hidden words/);
});

Deno.test("links of the first paragraph stay, and lead to headings by the names that Jupyter gives them", async () => {
  const cells = [
    proseCell("# T\n\nSee [the end](#The-End) or [there](#there)."),
    proseCell("## The End\n\n<a name='there'></a>"),
  ];
  const { summary, html } = await renderPage(executedNotebook(cells), { notebookHref: "" });
  assert.equal(summary, "See the end or there.");
  assert.match(html, /<p>See <a href="#the-end">the end<\/a> or <a href="#there">there<\/a>\.<\/p>/);
  assert.doesNotMatch(html, /class="summary"|>false|\nfalse\n/);
});
