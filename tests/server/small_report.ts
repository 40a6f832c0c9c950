import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ExecutedNotebook } from "shopflow/notebook/run/mod.ts";
import { formatNotebook } from "shopflow/notebook/mod.ts";
import { notebookPath, publishReport, renderPage } from "shopflow/notebook/report/mod.ts";
import type { Report } from "shopflow/notebook/report/mod.ts";

const CHART = {
  mark: "bar",
  data: { values: [{ month: "July", churn: 0.15 }, { month: "August", churn: 0.12 }] },
  encoding: {
    x: { field: "month", type: "nominal" },
    y: { field: "churn", type: "quantitative" },
  },
};

/** Publishes a report with one chart, or one that failed at its cell. */
export async function publishSmallReport(store: ObjectStore, options: {
  name?: string;
  runId?: string;
  failed?: boolean;
  /** Of a run that neither succeeded nor failed. */
  status?: "cancelled" | "running";
  startedAt?: string;
  ordersUntil?: string;
  metrics?: Report["metrics"];
  startedBy?: Report["startedBy"];
  /** What its cell shows instead of the chart. */
  data?: Record<string, unknown>;
} = {}): Promise<Report> {
  const { name = "churn", runId = "20241002T060000Z", failed = false, status } = options;
  const { startedAt = "2024-10-02T06:00:00.000Z", ordersUntil, metrics, startedBy } = options;
  const { data = { "application/vnd.vegalite.v5+json": CHART, "text/plain": "chart" } } = options;
  const notebook: ExecutedNotebook = {
    cells: [
      {
        id: "opening",
        cell_type: "markdown",
        metadata: {},
        source: `# Customers at risk (${name})\n\nRun ${runId}: fewer than in July & <August>.`,
      },
      {
        id: "chart",
        cell_type: "code",
        metadata: {},
        source: "plot(spec)",
        execution_count: 1,
        outputs: [
          failed ? { output_type: "error", ename: "TypeError", evalue: "no such column", traceback: [] } : {
            output_type: "execute_result",
            execution_count: 1,
            data,
            metadata: {},
          },
        ],
      },
    ],
    metadata: {
      kernelspec: { name: "deno", display_name: "Deno", language: "typescript" },
      shopflow: {
        notebook: name,
        notebookSha256: "0".repeat(64),
        runId,
        status: status ?? (failed ? "failed" : "succeeded"),
        parameters: { as_of: "2024-10-01" },
        startedAt,
        milliseconds: 4200,
        ...(startedBy && { startedBy }),
        lineage: [{ kind: "snapshot", name: "lake", version: "69b5194cced6ca5e" }],
        ...(failed && { failure: { cellId: "chart", ename: "TypeError", evalue: "no such column" } }),
      },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  const record = notebook.metadata.shopflow;
  const page = await renderPage(notebook, {
    notebookHref: notebookPath(record),
    tablesHref: `/reports/${name}/runs/${runId}/tables`,
  });
  await store.put(
    `runs/notebooks/${name}/${runId}.ipynb`,
    new TextEncoder().encode(formatNotebook(notebook)),
  );
  return await publishReport(store, {
    record,
    page,
    inputs: runId,
    ...(metrics && { metrics }),
    ...(ordersUntil && { ordersUntil }),
  });
}
