import assert from "node:assert/strict";
import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { renderSvg, withUtcEncodings } from "shopflow/notebook/charts/mod.ts";

const monthly = { field: "month", type: "temporal" };

Deno.test("times of every layer and panel are in UTC; what the author chose stays", () => {
  const spec = {
    hconcat: [{
      layer: [{ mark: "bar", encoding: { x: { ...monthly, timeUnit: "yearmonth" }, y: { field: "sold" } } }],
    }],
    encoding: {
      x: monthly,
      y: { ...monthly, scale: { type: "time", zero: false } },
      color: { ...monthly, scale: null },
      size: { ...monthly, timeUnit: { unit: "year", step: 2 } },
      opacity: { ...monthly, timeUnit: "binnedyear" },
      row: { ...monthly, timeUnit: "utcmonth" },
      tooltip: [monthly],
    },
  };
  assert.deepEqual(withUtcEncodings(spec), {
    hconcat: [{
      layer: [{
        mark: "bar",
        encoding: { x: { ...monthly, timeUnit: "utcyearmonth" }, y: { field: "sold" } },
      }],
    }],
    encoding: {
      x: { ...monthly, scale: { type: "utc" } },
      y: { ...monthly, scale: { type: "time", zero: false } },
      color: { ...monthly, scale: null },
      size: { ...monthly, timeUnit: { unit: "year", step: 2, utc: true } },
      opacity: { ...monthly, timeUnit: "binnedutcyear" },
      row: { ...monthly, timeUnit: "utcmonth" },
      tooltip: [monthly],
    },
  });
});

Deno.test("it is a specification as before", async () => {
  const values = ["2024-01-01", "2024-02-01"].map((month, i) => ({ month, sold: i }));
  for (
    const x of [monthly, { ...monthly, timeUnit: "yearmonth" }, { ...monthly, timeUnit: { unit: "month" } }]
  ) {
    const spec = {
      data: { values },
      mark: "bar",
      encoding: { x, y: { field: "sold", type: "quantitative" } },
    };
    assert.match(await renderSvg(withUtcEncodings(spec) as ChartSpec), /^<svg/);
  }
});
