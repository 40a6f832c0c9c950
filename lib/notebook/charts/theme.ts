import type { Config } from "vega-lite";

/**
 * Paul Tol's "bright" qualitative scheme (https://sronpersonalpages.nl/~pault/, 2021): distinguishable with the
 * common colour-blindnesses, and of middle lightness, so that it stands out on white as on black.
 */
const PALETTE = ["#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#999999"] as const;

/** Pixels of a plot whose specification says nothing. */
export const DEFAULT_WIDTH = 620;

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";

/**
 * The one look of our charts. Texts and lines are `currentColor`, which an SVG in a page takes from the text around
 * it, so a chart is right in light and dark mode and on paper.
 */
export const THEME: Config = {
  background: "transparent",
  font: FONT,
  padding: 4,
  view: {
    stroke: null,
    continuousWidth: DEFAULT_WIDTH,
    continuousHeight: 300,
    discreteWidth: DEFAULT_WIDTH,
    discreteHeight: { step: 24 },
  },
  range: { category: [...PALETTE], ramp: { scheme: "viridis" }, heatmap: { scheme: "viridis" } },
  // Shown where scripts run: in Jupyter and in reports.
  mark: { color: PALETTE[0], tooltip: { content: "encoding" } },
  bar: { cornerRadiusEnd: 2 },
  line: { strokeWidth: 2.25 },
  point: { filled: true, size: 45 },
  rule: { color: "currentColor" },
  text: { color: "currentColor", fontSize: 11 },
  area: { fillOpacity: 0.35, line: true },
  axis: {
    domainColor: "currentColor",
    domainOpacity: 0.35,
    gridColor: "currentColor",
    gridOpacity: 0.12,
    labelColor: "currentColor",
    labelOpacity: 0.75,
    labelFontSize: 11,
    labelPadding: 6,
    tickColor: "currentColor",
    tickOpacity: 0.35,
    tickSize: 4,
    titleColor: "currentColor",
    titleFontSize: 12,
    titleFontWeight: 500,
    titlePadding: 10,
  },
  axisXQuantitative: { tickCount: 6 },
  axisYQuantitative: { tickCount: 6 },
  axisBand: { grid: false },
  axisXDiscrete: { labelLimit: 160 },
  axisYDiscrete: { labelLimit: 240 },
  legend: {
    labelColor: "currentColor",
    labelFontSize: 11,
    titleColor: "currentColor",
    titleFontSize: 12,
    titleFontWeight: 500,
    symbolType: "circle",
  },
  header: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    labelFontSize: 12,
    titleFontWeight: 500,
  },
  title: {
    anchor: "start",
    color: "currentColor",
    fontSize: 15,
    fontWeight: 600,
    offset: 14,
    subtitleColor: "currentColor",
    subtitleFontSize: 12,
    subtitlePadding: 5,
  },
};
