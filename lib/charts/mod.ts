/** Charts: Vega-Lite specifications drawn as SVG in the one theme of our reports. */
export { drawChart, type DrawnChart, renderSvg, type SvgOptions } from "./render_svg.ts";
export { withUtcEncodings } from "./utc_encodings.ts";
export { PALETTE, THEME } from "./theme.ts";
export type { TopLevelSpec as ChartSpec } from "vega-lite";
