/** From a cell of a report's chart to its customers, to an audience: in a browser, by pointer and keyboard. */
import axe from "axe-core";
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { loadAudience } from "shopflow/segments/audiences/mod.ts";
import { customersPath, segmentSummaries } from "shopflow/segments/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { segmentedShop } from "../fixtures/segmented_shop.ts";
import { testWith } from "../requirements.ts";
import { publishCuratedShop } from "../server/segmented_lake.ts";
import { temporaryLake } from "../server/small_lake.ts";
import { publishSmallReport } from "../server/small_report.ts";
import { launchChromium } from "./launch_chromium.ts";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

testWith(
  ["chromium"],
  "a cell of a chart leads to its customers, whom the page saves as an audience",
  async () => {
    await using lake = await temporaryLake();
    const { store } = lake;
    const snapshot = await publishCuratedShop(store, segmentedShop());
    using session = await openSnapshot(store, snapshot);
    const rows = (await segmentSummaries(session, "2024-06-20")).map(({ segment, customers }) => ({
      segment,
      customers,
      href: customersPath({ segment, as_of: "2024-06-20", snapshot }),
      text: `${segment}: ${customers}`,
    }));
    const chart = {
      mark: "bar",
      data: { values: rows },
      encoding: {
        y: { field: "segment", type: "nominal" },
        x: { field: "customers", type: "quantitative" },
        href: { field: "href" },
        description: { field: "text" },
      },
    };
    await publishSmallReport(store, {
      name: "segments",
      data: { "application/vnd.vegalite.v5+json": chart, "text/plain": "chart" },
    });
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const server = await listen(createApp({ store, runtime, loopbackOnly: true }).fetch, {
      host: "127.0.0.1",
      port: 0,
    });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      await page.goto(`${server.url}/reports/segments`);
      const loyal = page.locator("figure.wide svg a", { has: page.locator(`[aria-label^="loyal:"]`) });
      await page.locator("figure.wide[data-interactive]").waitFor();
      await loyal.hover();
      assert.match(await page.locator(".chart-tooltip").innerText(), /^loyal: \d+$/);
      await loyal.focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/customers\?segment=loyal/);
      const said = rows.find(({ segment }) => segment === "loyal")!.customers;
      assert.match(await page.locator(".lead").innerText(), new RegExp(`^${said} customers`));
      await page.getByRole("textbox", { name: "Name" }).fill("loyal-ones");
      await page.getByRole("button", { name: /^Save \d+ customers$/ }).click();
      await page.waitForURL(/\/audiences\/loyal-ones/);
      assert.match(
        await page.locator("[role=status]").innerText(),
        /Saved \d+ customers as loyal-ones, version 1/,
      );
      assert.equal((await loadAudience(store, "loyal-ones")).customers, said);
      assert.deepEqual(complaints, []);
      for (
        const path of [
          "reports/segments",
          "customers",
          "customers?segment=loyal&q=uk",
          "audiences",
          "audiences/loyal-ones",
        ]
      ) {
        for (const width of [390, 1280]) {
          assert.deepEqual(
            await defects(browser, `${server.url}/${path}`, width),
            [],
            path,
          );
        }
      }
    } finally {
      await browser.close();
      await server.stop();
    }
  },
);

/** What axe finds in light and in dark, and whether the page is wider than its screen. */
async function defects(browser: Browser, url: string, width: number): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.goto(url);
    const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
    if (wide > width) found.push(`${width}: the page is ${wide} wide`);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>(
      `axe.run({ runOnly: ${JSON.stringify(STANDARDS)} })`,
    );
    found.push(
      ...violations.map(({ id, nodes }) =>
        `${width} ${colorScheme} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`
      ),
    );
    await page.close();
  }
  return found;
}
