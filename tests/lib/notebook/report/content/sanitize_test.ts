import assert from "node:assert/strict";
import { sanitizeHtml, sanitizeSvg } from "../../../../../lib/notebook/report/content/sanitize.ts";

Deno.test("tables, text and classes of ours stay", () => {
  const html =
    '<table class="data"><tbody><tr><td class="number">1 &lt; 2</td><td class="long">why</td></tr></tbody></table>';
  assert.equal(sanitizeHtml(html), html);
});

Deno.test("nothing that runs, loads or covers the page is left", () => {
  const attacks = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
    '<iframe src="https://example.com"></iframe>',
    '<style>body{display:none}</style><p style="position:fixed">x</p>',
    '<form action="https://example.com"><input name="key"></form>',
    "<svg><script>alert(1)</script></svg>",
    '<img src="https://example.com/pixel.png">',
    '<img src="data:text/html,<script>alert(1)</script>">',
    '<p class="failure">a fake error</p>',
    '<meta http-equiv="refresh" content="0;url=https://example.com"><base href="https://example.com">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  ];
  for (const attack of attacks) {
    const clean = sanitizeHtml(attack);
    assert.doesNotMatch(
      clean,
      /<script|onerror=|javascript|<iframe|style|<form|<svg|src=|failure|<meta|<base/i,
      attack,
    );
  }
});

Deno.test("a picture inside of the HTML stays", () => {
  assert.match(sanitizeHtml('<img src="data:image/png;base64,AAAA" alt="a">'), /src="data:image\/png/);
});

Deno.test("shapes of an SVG stay, with ids of their own in the page", () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><clipPath id="clip0"><rect width="3"/>' +
    '</clipPath></defs><g clip-path="url(#clip0)"><path d="M0,0Z" fill="currentColor"/><text>a &amp; b</text></g></svg>';
  const clean = sanitizeSvg(svg, "c1-");
  assert.match(clean, /viewBox="0 0 9 9"/);
  assert.match(clean, /<clipPath id="c1-clip0">/);
  assert.match(clean, /clip-path="url\(#c1-clip0\)"/);
  assert.match(clean, /<path d="M0,0Z" fill="currentColor"><\/path>/);
  assert.match(clean, /a &amp; b/);
});

Deno.test("an SVG keeps no scripts, links, styles or outside references", () => {
  const svg =
    '<svg onload="alert(1)"><script>alert(1)</script><a href="javascript:alert(1)"><text>x</text></a>' +
    '<style>*{fill:url(https://example.com)}</style><image href="https://example.com/a.png"/>' +
    '<foreignObject><iframe src="https://example.com"/></foreignObject><use href="https://example.com#a"/>' +
    '<rect fill="url(https://example.com#a)" style="fill:red"/><SCRIPT>x</SCRIPT></svg>';
  const clean = sanitizeSvg(svg, "c-");
  assert.doesNotMatch(clean, /example|alert|onload|script|style|href|foreign|image|use/i);
});
