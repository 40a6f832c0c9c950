import { table } from "arquero";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { plot, showTable } from "../../../../lib/notebook/kernel.ts";
import type { ExecutedNotebook } from "shopflow/notebook/run/mod.ts";
import { renderPage } from "shopflow/notebook/report/mod.ts";
import type { MimeBundle } from "../../../../lib/notebook/format/nbformat.ts";
import { launchChromium } from "../../../browser/launch_chromium.ts";
import { executedNotebook, proseCell, shownCell } from "../../../fixtures/executed_notebook.ts";
import { testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const shown = async (value: object): Promise<MimeBundle> =>
  await (value as Record<symbol, () => MimeBundle>)[Symbol.for("Jupyter.display")]!();

/** Texts that sort otherwise than their numbers: 9 after 1,000 as texts, and two that look alike when rounded. */
const sales = table({
  city: ["Ulm", "bonn", "Köln", "Aachen", "Trier"],
  sold: [1000, 9, 12.3456, 12.3455, null],
  share: ["9 %", "10 %", "-3 %", "–", "100 %"],
});
const chart = {
  data: { values: [{ kind: "books", sold: 3 }, { kind: "toys & games", sold: 5 }] },
  params: [{ name: "picked", select: { type: "point", encodings: ["x"] } }],
  mark: "bar",
  encoding: {
    x: { field: "kind", type: "nominal" },
    y: { field: "sold", type: "quantitative" },
    opacity: { condition: { param: "picked", value: 1 }, value: 0.2 },
  },
};

async function notebook(): Promise<ExecutedNotebook> {
  return executedNotebook([
    proseCell("# Sales\n\n## Table"),
    shownCell("table", await shown(showTable(sales))),
    proseCell("## Chart", "b"),
    shownCell("chart", await shown(plot(chart))),
  ]);
}

/** Opens the page as a file, in a browser that has no network. */
async function openFile(
  browser: Browser,
  options: { javaScriptEnabled?: boolean },
  body: (page: Page, complaints: string[]) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const path = join(folder, "sales.html");
    await Deno.writeTextFile(path, (await renderPage(await notebook())).html);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    await context.setOffline(true);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`file://${path}`);
    await body(page, complaints);
    await context.close();
  });
}

const columnOf = (page: Page, column: number) =>
  page.locator(`table.data tbody tr td:nth-child(${column})`).allTextContents();

testWith(["chromium"], "a report as a file, without network", async (t) => {
  const browser = await launchChromium();
  try {
    await t.step(
      "sorts tables by click and by keyboard, numbers as numbers, and says so",
      () =>
        openFile(browser, {}, async (page, complaints) => {
          const heading = (name: string) => page.locator("th", { hasText: name });
          const cities = await columnOf(page, 1);
          await heading("sold").getByRole("button").click();
          assert.equal(await heading("sold").getAttribute("aria-sort"), "ascending");
          // Exact values decide between texts that look alike; what is missing stays last.
          assert.deepEqual(await columnOf(page, 1), ["bonn", "Aachen", "Köln", "Ulm", "Trier"]);
          await page.keyboard.press("Enter");
          assert.equal(await heading("sold").getAttribute("aria-sort"), "descending");
          assert.deepEqual(await columnOf(page, 1), ["Ulm", "Köln", "Aachen", "bonn", "Trier"]);
          await page.keyboard.press("Tab");
          await page.keyboard.press("Space");
          assert.equal(await page.locator("[aria-sort]").count(), 1);
          assert.deepEqual(await columnOf(page, 3), ["-3 %", "9 %", "10 %", "100 %", "–"]);
          await page.keyboard.press("Space");
          await page.keyboard.press("Space");
          assert.equal(await page.locator("[aria-sort]").count(), 0);
          assert.deepEqual(await columnOf(page, 1), cities);
          await heading("city").getByRole("button").click();
          assert.deepEqual(await columnOf(page, 1), ["Aachen", "bonn", "Köln", "Trier", "Ulm"]);
          assert.deepEqual(complaints, []);
        }),
    );

    await t.step(
      "charts answer to the pointer: a tooltip with the values, a selection",
      () =>
        openFile(browser, {}, async (page, complaints) => {
          const figure = page.locator("figure.chart.wide");
          await figure.scrollIntoViewIfNeeded();
          await page.waitForSelector("figure.chart.wide[data-interactive]");
          const bars = figure.locator(".mark-rect path[aria-roledescription=bar]");
          assert.equal(await bars.count(), 2);
          await bars.nth(1).hover();
          const tooltip = page.locator(".chart-tooltip");
          await tooltip.filter({ hasText: /kind\s*toys & games\s*sold\s*5/ }).waitFor();
          await bars.nth(1).click();
          await page.waitForFunction(
            "document.querySelector('.wide .mark-rect path').getAttribute('opacity') === '0.2'",
          );
          await page.mouse.move(5, 5);
          await tooltip.waitFor({ state: "hidden" });
          assert.equal(await page.locator("figure.narrow[data-interactive]").count(), 0);
          // A narrower window makes the chart narrower, a phone's gets the phone's drawing.
          await page.setViewportSize({ width: 650, height: 900 });
          await page.waitForFunction(
            "document.querySelector('.wide svg').getBoundingClientRect().width < 610",
          );
          await page.setViewportSize({ width: 390, height: 844 });
          await page.waitForSelector("figure.narrow[data-interactive] svg");
          assert.deepEqual(complaints, []);
        }),
    );

    await t.step(
      "is complete where no script runs",
      () =>
        openFile(browser, { javaScriptEnabled: false }, async (page) => {
          assert.equal(await page.locator("figure.chart.wide svg:visible").count(), 1);
          assert.equal(await page.locator("table.data tbody tr:visible").count(), 5);
          assert.equal(await page.locator("nav.contents a:visible").count(), 2);
          assert.equal(await page.locator("details.fold").first().getAttribute("open"), null);
          assert.equal(await page.locator("button").count(), 0);
        }),
    );

    await t.step(
      "holds the notebook it was made from, to download",
      () =>
        openFile(browser, {}, async (page) => {
          const download = page.waitForEvent("download");
          await page.getByRole("link", { name: "The notebook with its outputs" }).click();
          const file = await download;
          assert.equal(file.suggestedFilename(), "sales_20240902T080000-abcdef.ipynb");
          const saved = JSON.parse(await Deno.readTextFile((await file.path())!));
          assert.equal(saved.metadata.shopflow.runId, "20240902T080000-abcdef");
          assert.equal(saved.cells.length, 4);
        }),
    );
  } finally {
    await browser.close();
  }
});
