import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { testWith } from "../requirements.ts";
import { publishWholeLake, temporaryLake } from "../server/small_lake.ts";
import { publishSmallReport } from "../server/small_report.ts";
import { launchChromium } from "./launch_chromium.ts";

const SCREENS: Record<string, BrowserContextOptions> = {
  "a desktop": { viewport: { width: 1280, height: 800 } },
  "a desktop in the dark": { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  "a phone": { viewport: { width: 390, height: 844 } },
  "a phone in the dark": { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
};

testWith(
  ["chromium"],
  "the index and a report can be read in a browser, on a phone and in the dark",
  async (t) => {
    await using lake = await temporaryLake();
    await publishWholeLake(lake.store);
    await publishSmallReport(lake.store, { name: "churn", startedAt: "2024-09-23T05:00:00.000Z" });
    await publishSmallReport(lake.store, { name: "churn", runId: "failed", failed: true });
    await publishSmallReport(lake.store, { name: "inventory", failed: true });
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const server = await listen(createApp({ store: lake.store, runtime }).fetch, {
      host: "127.0.0.1",
      port: 0,
    });
    const browser = await launchChromium();
    try {
      for (const [screen, options] of Object.entries(SCREENS)) {
        await t.step(`on ${screen}`, () => readSite(browser, options, server.url));
      }
    } finally {
      await browser.close();
      await server.stop();
    }
  },
);

/** What a reader does: opens the index, goes to a report, looks at its chart, goes back, opens the API's page. */
async function readSite(browser: Browser, options: BrowserContextOptions, url: string): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    // Violations of the content security policy arrive here as errors.
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));

  await page.goto(`${url}/`);
  assert.equal(await page.locator("a.card").count(), 2);
  assert.equal(await page.locator(".tag.bad").count(), 2);
  await assertReadable(page, options);

  await page.getByRole("link", { name: /Customers at risk \(churn\)/ }).click();
  await page.waitForURL(`${url}/reports/churn`);
  // Above everything else, as wide as the page: who reads the list below knows first how old it is.
  const banner = page.getByText("The run of 2 October 2024, 06:00 UTC failed: TypeError: no such column.");
  const [place, title] = [(await banner.boundingBox())!, (await page.locator("h1").boundingBox())!];
  assert.ok(place.y + place.height < title.y, "the banner is above the title");
  assert.equal(place.width, options.viewport!.width);
  const link = (await page.getByRole("link", { name: "See the failed run" }).boundingBox())!;
  assert.ok(link.x >= 0 && link.x + link.width <= place.width, "its link is on the screen");
  const chart = await page.locator("main [data-interactive] svg:visible").first().boundingBox();
  assert.ok(chart !== null && chart.width > 200 && chart.height > 100, `chart of ${JSON.stringify(chart)}`);
  await assertReadable(page, options);

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "The notebook with its outputs" }).click();
  assert.equal((await download).suggestedFilename(), "churn_20241002T060000Z.ipynb");

  await page.getByRole("link", { name: "All reports" }).click();
  await page.getByRole("link", { name: "API", exact: true }).click();
  await page.waitForURL(`${url}/docs`);
  for (const summary of await page.locator("summary").all()) await summary.click();
  await assertReadable(page, options);

  assert.deepEqual(complaints, []);
  await context.close();
}

async function assertReadable(page: Page, { colorScheme }: BrowserContextOptions): Promise<void> {
  const { overflow, ground, text } = await page.evaluate<{ overflow: number; ground: string; text: string }>(
    `({
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ground: getComputedStyle(document.body).backgroundColor,
    text: getComputedStyle(document.body).color,
  })`,
  );
  assert.equal(overflow, 0, `${page.url()} is ${overflow} pixels too wide`);
  const darkGround = brightness(ground) < brightness(text);
  assert.equal(darkGround, colorScheme === "dark", `${page.url()} shows ${text} on ${ground}`);
}

/** Mean of the channels of `rgb(r, g, b)`. */
function brightness(color: string): number {
  const [r, g, b] = color.match(/\d+/g)!.map(Number) as [number, number, number];
  return (r + g + b) / 3;
}
