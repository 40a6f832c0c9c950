import assert from "node:assert/strict";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { testWith } from "../requirements.ts";
import { temporaryLake } from "../server/small_lake.ts";
import { publishSmallReport } from "../server/small_report.ts";
import { launchChromium } from "./launch_chromium.ts";

const rows = Array.from({ length: 250 }, (_, i) => `<tr><td>Customer ${i}</td><td>${i}</td></tr>`).join("");
const TABLE = `<table><thead><tr><th>name</th><th>orders</th></tr></thead><tbody>${rows}</tbody></table>`;

testWith(
  ["chromium"],
  "runs are chosen, compared and their tables searched in a browser without scripts, under the server's policy",
  async () => {
    await using lake = await temporaryLake();
    const metrics = (value: string) => ({ Lapsed: { value } });
    await publishSmallReport(lake.store, {
      runId: "r1",
      metrics: metrics("15.2 %"),
      data: { "text/html": TABLE },
    });
    await publishSmallReport(lake.store, {
      runId: "r2",
      startedAt: "2024-10-09T06:00:00.000Z",
      metrics: metrics("14.8 %"),
      data: { "text/html": TABLE },
    });
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const server = await listen(createApp({ store: lake.store, runtime }).fetch, {
      host: "127.0.0.1",
      port: 0,
    });
    const browser = await launchChromium();
    try {
      for (const width of [1280, 390]) {
        const context = await browser.newContext({
          javaScriptEnabled: false,
          viewport: { width, height: 800 },
        });
        const page = await context.newPage();
        const complaints: string[] = [];
        page.on("console", (message) => complaints.push(message.text()));
        await page.goto(`${server.url}/reports/churn`);
        await page.getByRole("link", { name: "All runs" }).click();
        await page.getByRole("button", { name: "Compare the two runs" }).click();
        assert.match(page.url(), /compare\?(a=r1&b=r2|b=r2&a=r1)$/);
        assert.match(await page.locator("main").innerText(), /−0\.4\u00a0points/);

        await page.goto(`${server.url}/reports/churn`);
        await page.getByRole("link", { name: /all 250 rows/ }).click();
        await page.getByRole("link", { name: "Next" }).click();
        assert.match(await page.locator("tbody tr").first().innerText(), /Customer 100/);
        await page.getByLabel("Search the rows").fill("customer 24");
        await page.getByRole("button", { name: "Search" }).click();
        assert.equal(await page.locator("tbody tr").count(), 11);
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.getByRole("link", { name: /^CSV/ }).click(),
        ]);
        assert.equal((await Deno.readTextFile((await download.path())!)).trim().split("\n").length, 251);
        const isWider = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
        assert.equal(isWider, false, "no sideways scroll of the page");
        assert.deepEqual(complaints, []);
        await context.close();
      }
    } finally {
      await browser.close();
      await server.stop();
    }
  },
);
