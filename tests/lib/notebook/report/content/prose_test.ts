import assert from "node:assert/strict";
import {
  createProseRenderer,
  readPictures,
  splitOpening,
} from "../../../../../lib/notebook/report/content/prose.ts";
import { proseCell } from "../../../../fixtures/executed_notebook.ts";
import { withTemporaryFolder } from "../../temporary_folder.ts";

const PNG = "iVBORw0KGgo=";
const render = (markdown: string, attachments?: Record<string, Record<string, unknown>>) =>
  createProseRenderer().render(markdown, attachments);

Deno.test("pictures that were pasted into a cell are shown, in Markdown and in HTML with their size", () => {
  const attachments = { "image 1.png": { "image/png": PNG }, "b.svg": { "image/svg+xml": "<svg></svg>" } };
  assert.match(
    render("![two words](attachment:image%201.png)", attachments),
    /<img src="data:image\/png;base64,iVBORw0KGgo=" alt="two words" \/>/,
  );
  assert.match(
    render('<img src="attachment:b.svg" width="200" height="50%">', attachments),
    /<img width="200" height="50%" src="data:image\/svg\+xml;base64,PHN2Zz48L3N2Zz4=" alt="" \/>/,
  );
  assert.equal(render("![gone](attachment:other.png)", attachments), "<p><em>gone</em></p>\n");
});

Deno.test("pictures beside the notebook are shown, those of the web are links", async () => {
  await withTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a b.png`, Uint8Array.fromBase64(PNG));
    const source = '![](<a%20b.png>) <img src="missing.png" alt="?"> ![web](https://example.com/x.png)';
    const cells = [proseCell("![](a%20b.png)"), proseCell(source)];
    const pictures = await readPictures({ cells }, folder);
    assert.deepEqual([...pictures.keys()], ["a b.png"]);
    const html = createProseRenderer(pictures).render(source);
    assert.match(html, /<img src="data:image\/png;base64,iVBORw0KGgo=" alt="" \/>/);
    assert.match(html, /<em>\?<\/em>/);
    assert.match(html, /<a href="https:\/\/example\.com\/x\.png" rel="noopener noreferrer">web<\/a>/);
  });
});

Deno.test("a picture beside the notebook may have any name, and be named in any way", async () => {
  await withTemporaryFolder(async (folder) => {
    await Deno.writeFile(`${folder}/größe (1).png`, Uint8Array.fromBase64(PNG));
    const ways = [
      "![](<größe (1).png>)",
      "![](gr%C3%B6%C3%9Fe%20%281%29.png)",
      "![][plot]\n\n[plot]: <größe (1).png>",
      "<img src='größe (1).png'>",
      "a <img src=gr%C3%B6%C3%9Fe%20(1).png> b",
    ];
    for (const way of ways) {
      const pictures = await readPictures({ cells: [proseCell(way)] }, folder);
      assert.match(
        createProseRenderer(pictures).render(way),
        /<img src="data:image\/png;base64,iVBORw0KGgo="/,
        way,
      );
    }
    const long = await readPictures({ cells: [proseCell(`![](${"a".repeat(300)}.png)`)] }, folder);
    assert.equal(long.size, 0, "no file system has such a name");
    const code = await readPictures({ cells: [proseCell("`![](<größe (1).png>)`")] }, folder);
    assert.equal(code.size, 0, "code names no picture");
  });
});

Deno.test("formulas become MathML, by all delimiters that Jupyter knows", () => {
  const math = (markdown: string) => render(markdown).match(/<math[^>]*>/g)?.length ?? 0;
  const formulas = [
    "an inline $e^{i\\pi} + 1 = 0$ here",
    "$ x = 1 $ with spaces",
    "$x_1$ and_not_emphasised",
    "$$\n\\int_0^1 f(x)\\,dx\n$$",
    "$$a\n\nb$$",
    "\\\\(a+b\\\\)",
    "\\\\[a+b\\\\]",
    "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
    "> quoted $x^2$",
    "| a |\n|---|\n| $x$ |",
    "**bold $x*y*z$**",
  ];
  for (const markdown of formulas) assert.equal(math(markdown), 1, markdown);
  assert.match(render("$a_1 b_2$"), /<msub>.*<msub>/, "an underscore is an index, not emphasis");
  assert.match(render("# On $x^2$"), /<h1 id="on-x-2">On <math>/);
});

Deno.test("money, code and escaped dollars are no formulas", () => {
  for (
    const markdown of [
      "$2M a year; $800K of it",
      "between $5 and $6",
      "from $10-$20",
      "`$x^2$`",
      "```sh\necho $HOME/$USER\n```",
      "    echo $HOME/$USER",
      "\\$5 or \\$6_1$",
      "one $ alone",
    ]
  ) {
    assert.doesNotMatch(render(markdown), /<math|\uE000/, markdown);
  }
  assert.match(render("```sh\necho $A$B\n```"), /echo \$A\$B/);
});

Deno.test("macros hold for the page; a formula that cannot be read is shown as it was written", () => {
  const prose = createProseRenderer();
  const first = prose.render("$\\newcommand{\\R}{\\mathbb{R}} \\def\\half#1{\\frac{#1}{2}}$Let $x \\in \\R$");
  assert.match(first, /^<p>Let <math>.*ℝ/);
  assert.match(prose.render("$\\half{x}$"), /<mfrac>/);
  assert.match(prose.render("$\\frac{1$"), /<code class="formula-error" title="[^"]+">\$\\frac\{1\$<\/code>/);
  assert.match(prose.renderLatex("$\\displaystyle x^{2}$"), /<math>/);
  assert.match(prose.renderLatex("\\frac{1}{2}"), /<math display="block"/);
  assert.doesNotMatch(prose.render('[a](x "$<b>$") $<img src=x onerror=alert(1)>$'), /<img|<b>/);
});

Deno.test("HTML of Markdown is shown as Jupyter shows it, without what runs, loads or covers the page", () => {
  const shown: [markdown: string, html: RegExp][] = [
    [
      '<div align="center">\n\n## Middle\n\n</div>',
      /<div align="center">\s*<h2 id="middle">Middle<\/h2>\s*<\/div>/,
    ],
    ['<font color="red">red</font>', /<span style="color:red">red<\/span>/],
    ["<center>middle</center>", /<div style="text-align:center">middle<\/div>/],
    ["H<sub>2</sub>O <kbd>Ctrl</kbd> <mark>new</mark>", /H<sub>2<\/sub>O <kbd>Ctrl<\/kbd> <mark>new<\/mark>/],
    ["<details><summary>More</summary>text</details>", /<details><summary>More<\/summary>text<\/details>/],
    ['<p style="color:blue; position:fixed">x</p>', /<p style="color:blue">x<\/p>/],
    ['<div style="background-color:#ffd">x</div>', /background-color:#ffd;color:#14191f/],
    ['<a name="part"></a>', /<a id="part"><\/a>/],
    ["<table><tr><td width=20>1</td></tr></table>", /<div class="table-scroll"><table>.*<td width="20">1/],
    ["- [x] done\n- [ ] open", /<li>☑ done<\/li>\s*<li>☐ open<\/li>/],
    ['(c) README.md -- "so"', /<p>\(c\) README\.md -- "so"<\/p>/],
  ];
  for (const [markdown, html] of shown) assert.match(render(markdown), html, markdown);
  const bad =
    '<script>alert(1)</script><iframe src="x"></iframe><style>p{}</style><form><input name="a"></form>' +
    '<a href="javascript:alert(1)" onclick="x()" id="report">x</a><svg onload="x()"></svg><object data="x"></object>' +
    '<img src="x" onerror="alert(1)"><h2 id="failure">f</h2>';
  const html = render(bad);
  assert.doesNotMatch(html, /script|iframe|style|form|onclick|onload|onerror|object|id="(report|failure)"/);
});

Deno.test("an opening paragraph that plain text cannot hold stays in the page", () => {
  assert.deepEqual(splitOpening("# T\n\nplain\n\nrest"), { title: "T", summary: "plain", rest: "\nrest" });
  assert.equal(splitOpening("# T\n\n![](attachment:a.png)").summary, undefined);
  assert.deepEqual(splitOpening("# T\n\nsee [the end](#End)"), {
    title: "T",
    summary: "see the end",
    isInText: true,
    rest: "\nsee [the end](#End)",
  });
  assert.equal(splitOpening("# T\n\nplain", { summary: "own" }).rest, "\nplain");
});
