/**
 * What a notebook needs, in one import: `import { plot, sql, table } from "shopflow/notebook/kernel.ts"`.
 * The Deno kernel finds that name through `deno.json`, from any folder of the repository, in Jupyter, VS Code and
 * our own runner alike.
 *
 * @example
 * ```ts
 * const revenue = await sql`
 *   SELECT month_start, sum(net_amount) AS revenue
 *   FROM fact_orders JOIN dim_dates ON date = order_date GROUP BY 1 ORDER BY 1`;
 * plot({ data: { values: revenue }, mark: "line", encoding: {
 *   x: { field: "month_start", type: "temporal" }, y: { field: "revenue", type: "quantitative" } } })
 * ```
 */
import { showArqueroTables } from "./author/displays.ts";

showArqueroTables();

export { features, sql, table } from "./author/shop.ts";
export { audience } from "./author/audience.ts";
export { describe, profile, tables } from "./author/explore.ts";
export type { CuratedRows } from "./author/curated_rows.ts";
export { openShop, type Shop, type ShopOptions } from "./author/shop.ts";
export { openExperiment, plotTrials, trialsTable } from "./author/experiment.ts";
export { search, type Trial } from "shopflow/ml/experiments/mod.ts";
export type { QueryValue } from "./author/shop.ts";
export {
  type Displayable,
  markdown,
  type Metric,
  plot,
  type PlotSpec,
  showMetrics,
  showTable,
} from "./author/displays.ts";
export type { TableOptions } from "./author/displays.ts";
