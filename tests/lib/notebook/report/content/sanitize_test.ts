import assert from "node:assert/strict";
import {
  completeSvg,
  losesItsLook,
  sanitizeHtml,
  sanitizeSvg,
} from "../../../../../lib/notebook/report/content/sanitize.ts";

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

Deno.test("a link in an SVG leads to a page of the same server or nowhere", () => {
  const linkTo = (address: string) =>
    sanitizeSvg(
      `<svg xmlns:xlink="x"><a xlink:href="${address}" target="_top" onclick="x()"><path d="M0,0"/></a></svg>`,
      "p-",
    );
  assert.match(
    linkTo("/customers?segment=loyal&amp;r=5"),
    /<a href="\/customers\?segment=loyal&amp;r=5"><path/,
  );
  for (
    const address of [
      "https://example.com",
      "//example.com",
      "/\\example.com",
      "javascript:alert(1)",
      "customers",
      "/a b",
      "#x",
      "",
    ]
  ) {
    assert.match(linkTo(address), /<a><path/, address);
  }
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

Deno.test("references of an SVG to itself stay, however they are written", () => {
  const clean = sanitizeSvg(
    `<svg><g fill="url('#a')" stroke="url( #b)" clip-path="url(&quot;#c&quot;)"/><g fill="url( 'x.svg#a')"/></svg>`,
    "c-",
  );
  assert.equal(
    clean,
    `<svg><g fill="url('#c-a')" stroke="url(#c-b)" clip-path="url(&quot;#c-c&quot;)"></g><g></g></svg>`,
  );
});

Deno.test("a drawing with styles or repeated shapes is known for one, and kept whole but for what runs", () => {
  const plain = '<svg><metadata><rdf:RDF/></metadata><g fill="red" data-x="1"><script>x</script></g></svg>';
  assert.equal(losesItsLook(plain), false);
  // As matplotlib writes it.
  const styled =
    '<svg xmlns="http://www.w3.org/2000/svg"><defs><style><![CDATA[*{stroke-linecap: butt}]]></style>' +
    '<path id="D" d="M0,0Z"/></defs><use xlink:href="#D" style="fill: none; stroke: #1f77b4" onclick="alert(1)"/>' +
    '<a xlink:href=" javascript:alert(1)"><text>a &amp; b</text></a><script>alert(1)</script></svg>';
  assert.equal(losesItsLook(styled), true);
  const whole = completeSvg(styled);
  assert.match(whole, /<style>\*\{stroke-linecap: butt\}<\/style>/);
  assert.match(whole, /<use xlink:href="#D" style="fill: none; stroke: #1f77b4"><\/use>/);
  assert.match(whole, /xmlns:xlink="http:\/\/www\.w3\.org\/1999\/xlink"/);
  assert.match(whole, /<text>a &amp; b<\/text>/);
  assert.doesNotMatch(whole, /alert|script|onclick/);
});
