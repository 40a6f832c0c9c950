import assert from "node:assert/strict";
import { table } from "arquero";
import { type Displayable, markdown, plot, showMetrics, showTable } from "../../../../lib/notebook/kernel.ts";

const bundle = (value: Displayable) => value[Symbol.for("Jupyter.display") as keyof Displayable]();
const sales = table({
  city: ["Ulm", "<Köln>", null],
  sold: [1234.5678, 2, null],
  note: ["", "x".repeat(40), ""],
});

Deno.test("a table is HTML with aligned numbers and escaped text, and text with columns", async () => {
  const shown = await bundle(
    showTable(sales, { limit: 2, labels: { sold: "sold, £" }, digits: { sold: 2 } }),
  );
  const html = String(shown["text/html"]);
  assert.match(html, /<th scope="col" class="number"[^>]*>sold, £<\/th>/);
  assert.match(html, /<td class="number"[^>]* data-value="1234.5678">1,234\.57<\/td>/);
  assert.match(html, /&lt;Köln&gt;/);
  assert.match(html, /<td class="long"/);
  assert.match(html, /2 of 3 rows/);
  assert.match(String(shown["text/plain"]), /^city +sold, £ +note\nUlm +1,234\.57/);
});

Deno.test("a table shows chosen columns, missing values as a dash, and an empty one its headings and that it is empty", async () => {
  const all = String((await bundle(showTable(sales, { columns: ["sold"] })))["text/html"]);
  assert.doesNotMatch(all, /city|rows/);
  assert.match(all, />–</);
  const empty = String((await bundle(showTable(table({ city: [] }))))["text/html"]);
  assert.match(empty, /<th[^>]*>city<\/th>.*no rows/);
});

Deno.test("a plot takes a table for its rows and brings a specification, a picture and text", async () => {
  const spec = {
    title: "Sold",
    data: { values: sales },
    mark: "bar",
    encoding: { x: { field: "sold", type: "quantitative" } },
  };
  const shown = await bundle(plot(spec));
  const sent = shown["application/vnd.vegalite.v5+json"] as { data: { values: unknown[] } };
  const { usermeta } = shown["application/vnd.vegalite.v5+json"] as {
    usermeta: { embedOptions: { renderer: string } };
  };
  assert.equal(usermeta.embedOptions.renderer, "svg");
  assert.deepEqual(sent.data.values[1], { city: "<Köln>", sold: 2, note: "x".repeat(40) });
  assert.match(String(shown["image/svg+xml"]), /^<svg/);
  assert.equal(shown["text/plain"], "chart: Sold");
});

Deno.test("an invalid plot is an error of its cell", async () => {
  await assert.rejects(async () => await bundle(plot({ data: { values: [] }, mark: "barr" })), /mark "barr"/);
});

Deno.test("metrics are cards with value and note, markdown stays markdown", async () => {
  const cards = await bundle(
    showMetrics({ customers: 5000, AUC: { value: "0.81", note: "<baseline> 0.74" } }),
  );
  assert.match(String(cards["text/html"]), /5,000.*0\.81.*&lt;baseline&gt; 0\.74/);
  assert.equal(cards["text/plain"], "customers: 5,000\nAUC: 0.81 (<baseline> 0.74)");
  assert.equal((await bundle(markdown("**a**")))["text/markdown"], "**a**");
});

Deno.test("a table of arquero is shown as one by itself, derived ones too", async () => {
  const shown = await bundle(sales.filter((row: { sold: number }) => row.sold > 5) as unknown as Displayable);
  assert.match(String(shown["text/html"]), /<table class="data">.*1,234\.568/);
  assert.doesNotMatch(String(shown["text/html"]), /Köln/);
});

Deno.test("texts of shares and amounts are aligned and sorted as numbers, names of digits are not", async () => {
  const told = table({
    customer: ["17850", "9"],
    risk: ["9.5 %", "14.8 %"],
    before: ["–", "−$1,234"],
    mixed: ["1 %", "high"],
  });
  const shown = await bundle(showTable(told));
  const html = String(shown["text/html"]);
  assert.match(html, /<th scope="col" style="text-align:left">customer</);
  assert.match(html, /<th scope="col" class="number"[^>]*>risk</);
  assert.match(html, /<td class="number"[^>]* data-value="14.8">14\.8 %</);
  assert.match(html, /<td class="number"[^>]*>–<.*<td class="number"[^>]* data-value="-1234">−\$1,234</s);
  assert.match(html, /<td style="text-align:left">1 %</);
  assert.match(String(shown["text/plain"]), /17850 +9\.5 % +– +1 %\n/);
});
