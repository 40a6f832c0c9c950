import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { ExecutedNotebook } from "shopflow/notebook/run/mod.ts";
import { type Page as PageOfRun, renderPage, servedPagePolicy } from "shopflow/notebook/report/mod.ts";
import { launchChromium } from "../../../browser/launch_chromium.ts";
import { testWith } from "../../../requirements.ts";

const values = ["Electronics", "Home & Kitchen", "Toys"].map((kind, i) => ({ kind, sold: 10 + i }));
const chart = {
  title: "Sold by category",
  data: { values },
  mark: "bar",
  encoding: { x: { field: "sold", type: "quantitative" }, y: { field: "kind", type: "nominal" } },
};
const wideTable = `<table class="data"><tr>${"<td>a rather long cell</td>".repeat(12)}</tr></table>`;
const notebook: ExecutedNotebook = {
  cells: [
    { cell_type: "markdown", id: "a", metadata: {}, source: "# Sales\n\nHow we sold." },
    {
      cell_type: "code",
      id: "b",
      metadata: {},
      source: "plot(chart)",
      execution_count: 1,
      outputs: [chart, chart].map((spec) => ({
        output_type: "display_data",
        data: { "application/vnd.vegalite.v5+json": spec },
        metadata: {},
      })),
    },
    {
      cell_type: "code",
      id: "c",
      metadata: {},
      source: "showTable(wide)",
      execution_count: 2,
      outputs: [{ output_type: "display_data", data: { "text/html": wideTable }, metadata: {} }],
    },
  ],
  metadata: {
    kernelspec: { name: "deno", display_name: "Deno" },
    shopflow: {
      notebook: "sales",
      notebookSha256: "",
      runId: "r",
      status: "succeeded",
      parameters: {},
      startedAt: "2024-09-02T08:00:00.000Z",
      milliseconds: 1,
      lineage: [],
    },
  },
  nbformat: 4,
  nbformat_minor: 5,
};

/** Shows the page under its content security policy; gives what the browser complained about or asked for. */
async function show(page: Page, { html, scripts }: PageOfRun): Promise<string[]> {
  const events: string[] = [];
  page.on("console", (message) => events.push(message.text()));
  page.on("request", (request) => events.push(request.url()));
  await page.route(
    "**",
    (route) =>
      route.fulfill({
        contentType: "text/html",
        headers: { "content-security-policy": servedPagePolicy(scripts) },
        body: html,
      }),
  );
  await page.goto("http://report.test/");
  return events;
}

/** Evaluated in the page: how many charts are visible, and whether the page scrolls sideways. */
const LOOK = `({
  charts: [...document.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0).length,
  overflows: document.documentElement.scrollWidth > innerWidth,
  text: getComputedStyle(document.querySelector("svg text")).fill,
  paper: getComputedStyle(document.body).backgroundColor,
})`;
interface Look {
  charts: number;
  overflows: boolean;
  text: string;
  paper: string;
}

testWith(
  ["chromium"],
  "a report loads nothing, fits desktop and phone, and turns dark with its charts",
  async () => {
    const report = await renderPage(notebook);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      assert.deepEqual(await show(page, report), ["http://report.test/"]);
      const desktop = await page.evaluate<Look>(LOOK);
      assert.deepEqual([desktop.charts, desktop.overflows], [2, false]);
      await page.setViewportSize({ width: 390, height: 844 });
      const phone = await page.evaluate<Look>(LOOK);
      assert.deepEqual([phone.charts, phone.overflows], [2, false]);
      await page.emulateMedia({ colorScheme: "dark" });
      const dark = await page.evaluate<Look>(LOOK);
      assert.ok(brightness(desktop.text) < 90 && brightness(desktop.paper) > 200);
      assert.ok(brightness(dark.text) > 200 && brightness(dark.paper) < 60);
      const seen = async (selector: string) => await page.locator(`${selector}:visible`).count() > 0;
      assert.deepEqual([await seen(".chart.narrow"), await seen(".chart.wide"), await seen(".fold")], [
        true,
        false,
        true,
      ]);
      // On paper, whatever the screen: light, the wide charts, and nothing to click on.
      await page.emulateMedia({ media: "print" });
      const printed = await page.evaluate<Look>(LOOK);
      assert.ok(brightness(printed.text) < 60 && brightness(printed.paper) > 200);
      for (
        const [selector, expected] of [[".chart.narrow", false], [".chart.wide", true], [
          ".fold",
          false,
        ]] as const
      ) {
        assert.equal(await seen(selector), expected, `${selector} on paper`);
      }
    } finally {
      await browser.close();
    }
  },
);

const brightness = (colour: string) =>
  (colour.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);
