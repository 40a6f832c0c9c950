import { table } from "arquero";
import assert from "node:assert/strict";
import { DISPLAY } from "../../../../../lib/notebook/author/displays.ts";
import { showMetrics, showTable } from "../../../../../lib/notebook/kernel.ts";
import type { MimeBundle } from "../../../../../lib/notebook/format/nbformat.ts";
import {
  outputTables,
  renderHtml,
  renderOutputs,
} from "../../../../../lib/notebook/report/content/outputs.ts";
import { createProseRenderer } from "../../../../../lib/notebook/report/content/prose.ts";

Deno.test("HTML of text and tables becomes a part of the page", () => {
  const html =
    '<section><h3>Cities</h3><table class="data"><tbody><tr><td data-value="1">1</td></tr></tbody></table></section>';
  const shown = renderHtml(html);
  assert.doesNotMatch(shown, /iframe|table-note/);
  assert.match(shown, /<div class="table-scroll"><table class="data">.*data-value="1"/);
});

Deno.test("HTML with a look of its own is shown complete, in a frame that may do nothing", () => {
  for (
    const part of [
      "<style>b{color:red}</style>",
      "<svg><circle r=3 /></svg>",
      "<input>",
      "<canvas></canvas>",
      "<math><mi>x</mi></math>",
      '<p style="text-align:left; background: gold">x</p>',
    ]
  ) {
    const shown = renderHtml(`<b>"quoted" & 'so'</b>${part}`);
    assert.match(shown, /^<iframe class="output-frame"[^>]* sandbox="" /, part);
    // The frame's document is inside of the attribute, and nothing of it outside.
    const [, document] = shown.match(/ srcdoc="([^"<>]*)"><\/iframe>$/) ?? [];
    assert.match(
      document ?? "",
      /default-src &#39;none&#39;.*&lt;b&gt;&quot;quoted&quot; &amp; &#39;so&#39;/,
      part,
    );
  }
});

Deno.test("our own tables and metrics are a part of the page, although they bring styles for Jupyter", () => {
  const ours = [showTable(table({ sold: [1, 2] }), { caption: "Sold" }), showMetrics({ sold: 3 })];
  for (const shown of ours as unknown as Record<symbol, () => MimeBundle>[]) {
    assert.doesNotMatch(renderHtml(String(shown[DISPLAY]!()["text/html"])), /iframe|style=/);
  }
  assert.doesNotMatch(renderHtml('<td style="text-align: right;">1</td>'), /iframe|style=/);
});

Deno.test("a script is left out, and the page says so", () => {
  const shown = renderHtml(
    '<div id="plot">figure</div><script src="https://example.com/plotly.js"></script>',
  );
  assert.doesNotMatch(shown, /<script|example\.com|<iframe/);
  assert.match(shown, /figure<\/div>.*This output has a script, which reports do not run/);
});

Deno.test("a frame is about as high as what it holds, and never endless", () => {
  const height = (html: string) => Number(renderHtml(html).match(/style="height:(\d+)px"/)?.[1]);
  assert.ok(height("<style></style>x") >= 80);
  assert.ok(height('<svg width="200" height="300"></svg>') >= 300);
  assert.ok(height(`<style></style><table>${"<tr><td>x</td></tr>".repeat(8)}</table>`) > 200);
  assert.equal(height(`<style></style>${"<p>x</p>".repeat(1000)}`), 720);
});

const rendered = (data: MimeBundle, metadata: Record<string, unknown> = {}) =>
  renderOutputs([{ output_type: "display_data", data, metadata }], "o", { prose: createProseRenderer() });

Deno.test("a drawing that styles its shapes is shown as a picture, a plain one as a part of the page", async () => {
  const plain = await rendered({ "image/svg+xml": '<svg><path d="M0,0Z" fill="red"/></svg>' });
  assert.match(plain, /<figure class="chart "><svg><path d="M0,0Z" fill="red">/);
  const styled = '<svg viewBox="0 0 9 9"><path d="M0,0Z" style="fill: none"/></svg>';
  const picture = await rendered({ "image/svg+xml": styled }, { alt: "sales" });
  const [, data = ""] = picture.match(/<img alt="sales" src="data:image\/svg\+xml;base64,([\w+/=]+)">/) ?? [];
  assert.match(atob(data), /<svg xmlns="http:[^>]* viewBox="0 0 9 9"><path d="M0,0Z" style="fill: none">/);
});

Deno.test("a picture has the size and the words of its output's metadata", async () => {
  const data = { "image/png": "iVBORw0KGgo=", "text/plain": "<Figure>" };
  const own = { "image/png": { width: 300, height: 200.4, alt: "sales & more" } };
  assert.match(
    await rendered(data, own),
    /<img alt="sales &amp; more" width="300" height="200" src="data:image\/png/,
  );
  assert.match(await rendered(data, { width: 64 }), /<img alt="" width="64" src/);
  assert.match(await rendered(data, { width: '1" onerror="x' }), /<img alt="" src/);
});

Deno.test("of several representations the one is shown that JupyterLab shows", async () => {
  const all = {
    "text/html": "<p>html</p>",
    "text/markdown": "**md**",
    "text/latex": "$x^2$",
    "image/png": "iVBORw0KGgo=",
    "text/plain": "x**2",
  };
  assert.match(await rendered(all), /<p>html<\/p>/);
  const { "text/html": _, ...noHtml } = all;
  assert.match(await rendered(noHtml), /<strong>md</);
  const { "text/markdown": __, ...latex } = noHtml;
  assert.match(await rendered(latex), /<msup>/, "as SymPy shows its expressions");
  const drawn = { ...all, "text/html": "<div id='plot'></div><script>draw()</script>" };
  assert.match(await rendered({ ...drawn, "text/markdown": undefined, "text/latex": undefined }), /<img/);
});

Deno.test("a progress bar that overwrites its line is shown as it ended", async () => {
  const output = { output_type: "stream", name: "stderr", text: "  0%\r 50%\r100% done\r\nnext\n" } as const;
  const html = await renderOutputs([output], "o", { prose: createProseRenderer() });
  assert.match(html, />100% done\nnext<\/pre>/);
});

Deno.test("a table of pandas or Polars is a part of the page, without the style that it brings", () => {
  const table =
    '<table border="1" class="dataframe"><tbody><tr style="text-align: right;"><td>5</td></tr></tbody></table>';
  for (
    const style of [
      "<style scoped>\n    .dataframe tbody tr th { vertical-align: top; }\n .dataframe thead th { text-align: right; }\n</style>",
      "<style>\n.dataframe > thead > tr,\n.dataframe > tbody > tr { text-align: right; }\n</style>",
    ]
  ) {
    const html = renderHtml(`<div>\n${style}\n${table}</div>`);
    assert.doesNotMatch(html, /iframe|style/);
    assert.match(html, /<td>5<\/td>/);
  }
});

Deno.test("the data of a chart is a table that can be downloaded", async () => {
  const chart = {
    title: "Sales",
    mark: "bar",
    data: { values: [{ month: "2024-01", sales: 1.5 }, { month: "2024-02", sales: null }] },
    encoding: { x: { field: "month", type: "nominal" }, y: { field: "sales", type: "quantitative" } },
  };
  const data = { "application/vnd.vegalite.v5+json": chart };
  assert.deepEqual(outputTables(data), [
    { caption: "Sales", columns: ["month", "sales"], rows: [["2024-01", "1.5"], ["2024-02", ""]] },
  ]);
  const html = await renderOutputs([{ output_type: "display_data", data, metadata: {} }], "cell-1", {
    prose: createProseRenderer(),
    tableLinks: (id) => ({ csv: `${id}.csv`, page: id, fileName: "f.csv" }),
  });
  assert.match(
    html,
    /<\/div><p class="table-links"><a href="cell-1-0-0\.csv" download="f\.csv" aria-label="Sales as CSV">CSV/,
  );
  assert.doesNotMatch(html, /<table>/);
  assert.deepEqual(outputTables({ "application/vnd.vegalite.v5+json": { layer: [] } }), []);
});
