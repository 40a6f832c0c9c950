import { METRICS_MIME, type Notebook } from "../format/nbformat.ts";

/** A figure that a notebook reported. */
export interface ReportedMetric {
  value: string | number;
  note?: string;
}

/** All that the cells of an executed notebook showed by `showMetrics`; of one name, what was shown last. */
export function runMetrics({ cells }: Notebook): Record<string, ReportedMetric> {
  const metrics: Record<string, ReportedMetric> = {};
  for (const cell of cells) {
    if (cell.cell_type !== "code") continue;
    for (const output of cell.outputs) {
      const found = "data" in output ? output.data[METRICS_MIME] : undefined;
      for (const [name, metric] of Object.entries(found ?? {})) {
        metrics[name] = typeof metric === "object" && metric !== null ? metric : { value: metric };
      }
    }
  }
  return metrics;
}
