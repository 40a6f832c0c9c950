/** Charts as SVG, without a browser. */
export { THEME } from "./theme.ts";
export { withUtcEncodings } from "./utc.ts";
export { renderSvg } from "./render_svg.ts";
