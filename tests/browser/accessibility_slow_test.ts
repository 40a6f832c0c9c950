import { table } from "arquero";
import axe from "axe-core";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { plot, showMetrics, showTable } from "../../lib/notebook/kernel.ts";
import { markNotebookRemoved, renderPage } from "shopflow/notebook/report/mod.ts";
import type { MimeBundle } from "../../lib/notebook/format/nbformat.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { createExperiment } from "shopflow/ml/experiments/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { executedNotebook, proseCell, shownCell } from "../fixtures/executed_notebook.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { testWith } from "../requirements.ts";
import { publishWholeLake, temporaryLake } from "../server/small_lake.ts";
import { publishSmallReport } from "../server/small_report.ts";
import { fillLedger, putRun, QUEUED_RUN, saveSmallSchedule, writeLog } from "../server/small_schedule.ts";
import { launchChromium } from "./launch_chromium.ts";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds on a page, in light and in dark. */
async function violations(browser: Browser, url: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
    await page.goto(url);
    for (const summary of await page.locator("summary:visible").all()) await summary.click();
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>(
      `axe.run({ runOnly: ${JSON.stringify(STANDARDS)} })`,
    );
    found.push(
      ...violations.map(({ id, nodes }) =>
        `${colorScheme} ${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`
      ),
    );
    await page.close();
  }
  return found;
}

const shown = async (value: object): Promise<MimeBundle> =>
  await (value as Record<symbol, () => MimeBundle>)[Symbol.for("Jupyter.display")]!();

/** Everything that a report may consist of. */
async function richNotebook(failed: boolean) {
  const values = [{ kind: "books", sold: 3 }, { kind: "toys", sold: 5 }];
  const chart = {
    title: "Sold",
    data: { values },
    layer: [
      {
        mark: "bar",
        encoding: { x: { field: "kind", type: "nominal" }, y: { field: "sold", type: "quantitative" } },
      },
      { mark: "rule", encoding: { y: { datum: 4 } } },
    ],
  };
  const cells = [
    proseCell(
      "# Sales\n\nHow we sold.\n\nMore with a [link](https://example.com) and `code`.\n\n## First\n\n> quoted",
    ),
    shownCell("metrics", await shown(showMetrics({ sold: { value: 8, note: "in all" } }))),
    shownCell(
      "table",
      await shown(showTable(table({ city: ["Ulm", "Trier"], sold: [3, 5] }), { caption: "Cities" })),
    ),
    proseCell("## Second\n\n### Deeper", "second"),
    shownCell("chart", await shown(plot(chart))),
    shownCell("frame", { "text/html": "<style>b{color:red}</style><b>styled</b>" }, { "text/plain": "8" }),
  ];
  if (!failed) return executedNotebook(cells, { parameters: { as_of: "2024-09-01" } });
  const error = {
    output_type: "error" as const,
    ename: "TypeError",
    evalue: "no",
    traceback: ["TypeError: no", "  at x:1"],
  };
  return executedNotebook([...cells, { ...shownCell("bad"), outputs: [error] } as typeof cells[0]], {
    status: "failed",
    failure: { cellId: "bad", ename: "TypeError", evalue: "no" },
  });
}

testWith(
  ["chromium"],
  "pages have no accessibility defects that axe finds, in light and in dark",
  async (t) => {
    const browser = await launchChromium();
    try {
      await t.step("a report, and one of a failed run", () =>
        withTemporaryFolder(async (folder) => {
          for (const failed of [false, true]) {
            const path = join(folder, "report.html");
            await Deno.writeTextFile(path, (await renderPage(await richNotebook(failed))).html);
            assert.deepEqual(await violations(browser, `file://${path}`), []);
          }
        }));
      await t.step("the index, the API's page, and a report with the site's bar", async () => {
        await using lake = await temporaryLake();
        await publishWholeLake(lake.store);
        // Together they have every banner that there is.
        await publishSmallReport(lake.store, { name: "churn", startedAt: "2024-09-23T05:00:00.000Z" });
        await publishSmallReport(lake.store, { name: "churn", runId: "failed", failed: true });
        await publishSmallReport(lake.store, { name: "inventory", failed: true });
        const rows = Array.from({ length: 120 }, (_, i) => `<tr><td>Customer ${i}</td><td>${i}</td></tr>`);
        const html = `<table><thead><tr><th>name</th><th>orders</th></tr></thead><tbody>${
          rows.join("")
        }</tbody></table>`;
        for (const runId of ["run-1", "run-2"]) {
          await publishSmallReport(lake.store, {
            name: "customers",
            runId,
            data: { "text/html": html },
            ordersUntil: "2024-10-01",
            metrics: { Lapsed: { value: "15.2 %", note: "of 90 days" } },
          });
        }
        await publishSmallReport(lake.store, { name: "removed" });
        await markNotebookRemoved(lake.store, "removed", "2024-10-02T06:00:00.000Z");
        const runtime = createRuntime({ log: createLogger(() => {}) });
        const server = await listen(createApp({ store: lake.store, runtime }).fetch, {
          host: "127.0.0.1",
          port: 0,
        });
        try {
          const paths = ["reports", "docs", "reports/churn", "reports/removed", "reports/customers"];
          const history = ["reports/churn/runs", "reports/customers/compare?a=run-1&b=run-2"];
          const tables = "reports/customers/runs/run-2/tables/cell-1-0-0";
          for (const path of [...paths, ...history, tables, `${tables}?q=1&sort=1&order=desc`]) {
            assert.deepEqual(await violations(browser, `${server.url}/${path}`), [], path);
          }
        } finally {
          await server.stop();
        }
      });
      await t.step("the pages of jobs: overview, hourly and nightly jobs, and a run", async () => {
        await using lake = await temporaryLake();
        const now = new Date("2024-10-02T11:22:33Z");
        await saveSmallSchedule(lake.store, now);
        await fillLedger(lake.store, now, 10);
        const run = { ...QUEUED_RUN, scheduledFor: "2024-10-02T11:20:00.000Z" };
        await putRun(lake.store, run);
        await writeLog(lake.store, { ...run, attempt: 1 }, ["begins"], now);
        const runtime = createRuntime({ now: () => now, log: createLogger(() => {}) });
        const app = createApp({ store: lake.store, runtime, loopbackOnly: true });
        const server = await listen(app.fetch, { host: "127.0.0.1", port: 0 });
        try {
          const jobs = ["jobs", "jobs/refresh-data", "jobs/train-models?did=pause", "jobs/watch-stock"];
          const overview = await (await fetch(`${server.url}/jobs`)).text();
          const failed = overview.match(/class="cell s-failed" href="\/([^"]+)"/)![1]!;
          for (const path of [...jobs, "jobs/refresh-data/runs/2024-10-02T11:20Z", failed]) {
            assert.deepEqual(await violations(browser, `${server.url}/${path}`), [], path);
          }
        } finally {
          await server.stop();
        }
      });
      await t.step(
        "the pages of experiments: all, one, a trial with curves, two beside each other",
        async () => {
          await using lake = await temporaryLake();
          const experiment = createExperiment(lake.store, "depth");
          const ids: string[] = [];
          for (const depth of [2, 3, 4]) {
            const predictions = {
              ids: [1, 2, 3, 4],
              labels: [0, 1, 0, 1],
              scores: [0.1 * depth, 0.5, 0.2, 0.9],
            };
            const { id } = await experiment.log({
              parameters: { depth },
              metrics: { auc: depth / 10 },
              predictions,
            });
            ids.push(id);
          }
          let curve = "";
          for (const step of [0, 1, 2]) {
            ({ id: curve } = await experiment.log({
              parameters: { depth: 9 },
              metrics: { auc: 0.1 + step / 10 },
              step,
            }));
          }
          const runtime = createRuntime({ log: createLogger(() => {}) });
          const app = createApp({ store: lake.store, runtime, loopbackOnly: true });
          const server = await listen(app.fetch, { host: "127.0.0.1", port: 0 });
          try {
            const compare = `experiments/depth/compare?trial=${ids[0]}&trial=${ids[1]}`;
            const filtered = "experiments/depth?where=depth%3C4&sort=metrics.auc%3Adesc";
            for (const path of ["experiments", filtered, `experiments/depth/trials/${curve}`, compare]) {
              assert.deepEqual(await violations(browser, `${server.url}/${path}`), [], path);
            }
          } finally {
            await server.stop();
          }
        },
      );
    } finally {
      await browser.close();
    }
  },
);
