import assert from "node:assert/strict";
import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { drawChart } from "../../../../lib/notebook/charts/render_svg.ts";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";

const values = [{ kind: "books", sold: 3, day: "2024-01-01" }, { kind: "toys", sold: 5, day: "2024-01-02" }];
const bars = {
  data: { values },
  mark: "bar",
  encoding: { x: { field: "kind", type: "nominal" }, y: { field: "sold", type: "quantitative" } },
};
const draw = (spec: unknown, width?: number) => renderSvg(spec as ChartSpec, width ? { width } : {});

Deno.test("a bar chart has its marks, labels and a description for screen readers", async () => {
  const svg = await draw(bars);
  assert.equal(svg.match(/aria-roledescription="bar"/g)?.length, 2);
  assert.match(svg, />books<\/text>/);
  assert.match(svg, /aria-label="kind: toys; sold: 5"/);
});

Deno.test("texts and axes take the colour of the page, so that dark mode needs no second drawing", async () => {
  const svg = await draw({ ...bars, title: "Sold" });
  assert.match(svg, /fill="currentColor"[^>]*>Sold</);
  assert.doesNotMatch(svg, /fill="(white|black|#000|#fff)/);
});

Deno.test("a given width is the width of the complete drawing", async () => {
  const widthOf = (svg: string) => Number(svg.match(/ width="(\d+)"/)?.[1]);
  assert.equal(widthOf(await draw(bars, 360)), 360);
  assert.ok(widthOf(await draw(bars)) > 600);
  assert.ok(widthOf(await draw({ ...bars, width: "container" })) > 600);
});

Deno.test("the specification's own settings win over the theme", async () => {
  const svg = await draw({ ...bars, config: { mark: { color: "#123456" } } });
  assert.match(svg, /fill="#123456"/);
});

Deno.test("a chart without rows is drawn empty, as in a shop without events", async () => {
  assert.match(await draw({ ...bars, data: { values: [] } }), /^<svg/);
});

Deno.test("what is wrong with a specification is said", async () => {
  const wrong: [spec: unknown, found: RegExp][] = [
    [{ ...bars, mark: "barr" }, /mark "barr", which is none of arc, area, bar/],
    [{ layer: [bars, { ...bars, mark: { type: "dots" } }] }, /mark "dots"/],
    [{ data: { values } }, /Invalid specification/],
    [
      { ...bars, encoding: { ...bars.encoding, colour: { field: "kind" } } },
      /colour is not a valid encoding/,
    ],
    [{ ...bars, transform: [{ calculate: "datum.sold +", as: "x" }] }, /Unexpected end of input/],
    [
      { ...bars, data: { url: "https://example.com/a.csv" } },
      /data from https:\/\/example.com\/a.csv is not loaded/,
    ],
  ];
  for (const [spec, found] of wrong) {
    await assert.rejects(draw(spec), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, found);
      return true;
    });
  }
});

Deno.test("a long title is broken into lines that fit", async () => {
  const title =
    "How many of the things that we have on our shelves were sold in the first days of the new year";
  const svg = await draw({ ...bars, title }, 300);
  assert.ok(svg.match(/<tspan|font-size="15px"/g)!.length > 2);
});

Deno.test("names of a discrete axis are level where they fit and slanted where they do not", async () => {
  const names = Array.from({ length: 12 }, (_, i) => ({ kind: `A rather long name ${i}`, sold: i }));
  assert.doesNotMatch(await draw(bars), /rotate\(-40\)/);
  assert.match(await draw({ ...bars, data: { values: names } }), /rotate\((-40|320)\)/);
});

Deno.test("on a phone long names beside the plot are cut, whatever limit the notebook chose", async () => {
  const name = "A name that is far too long to stand beside a plot on a phone";
  const spec = {
    data: { values: [{ name, sold: 3 }] },
    mark: "bar",
    encoding: {
      y: { field: "name", type: "nominal", axis: { labelLimit: 500 } },
      x: { field: "sold", type: "quantitative" },
    },
  };
  const label = (svg: string) => svg.match(/>(A name[^<]*)<\/text>/)?.[1];
  assert.equal(label(await draw(spec, 736)), name);
  assert.match(label(await draw(spec, 354))!, /^A name.{5,20}…$/);
});

Deno.test("a chart's months are those of UTC, wherever it is drawn", async () => {
  const days = [["2024-01-01", 1], ["2024-02-01", 2], ["2024-03-01", 3]].map(([day, sold]) => ({
    day,
    sold,
  }));
  const spec = {
    data: { values: days },
    mark: "bar",
    encoding: {
      x: { field: "day", type: "temporal", timeUnit: "yearmonth", axis: { format: "%B" } },
      y: { field: "sold", type: "quantitative" },
    },
  };
  const draw = `import { renderSvg } from "shopflow/notebook/charts/mod.ts"; console.log(await renderSvg(${
    JSON.stringify(spec)
  }));`;
  const drawnIn = async (zone: string) => {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", draw],
      cwd: new URL("../../../..", import.meta.url).pathname,
      env: { TZ: zone },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  const [honolulu, utc] = await Promise.all([drawnIn("Pacific/Honolulu"), drawnIn("UTC")]);
  assert.equal(honolulu, utc);
  assert.match(utc, />January</);
  assert.doesNotMatch(utc, />December</);
});

Deno.test("the compiled specification holds what a browser needs: data, theme, tooltips, and nothing to load", async () => {
  const { svg, vega } = await drawChart(bars as ChartSpec);
  assert.match(svg, /^<svg/);
  const written = JSON.stringify(vega);
  assert.match(written, /"kind":"toys"/);
  assert.match(written, /"tooltip"/);
  assert.match(written, /currentColor/);
  assert.doesNotMatch(written, /"url"/);
});

Deno.test("a chart with links is drawn without them", async () => {
  const encoding = { ...bars.encoding, href: { value: "javascript:alert(1)" } };
  const svg = await draw({ ...bars, encoding });
  assert.match(svg, />books<\/text>/);
  assert.doesNotMatch(svg, /javascript/);
});
