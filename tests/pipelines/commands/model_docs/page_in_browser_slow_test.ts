import assert from "node:assert/strict";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { warehousePage } from "../../../../pipelines/commands/model_docs/page.tsx";
import { WAREHOUSE_PROJECT } from "../../../../pipelines/steps/transform.ts";
import { launchChromium } from "../../../browser/launch_chromium.ts";
import { testWith } from "../../../requirements.ts";

testWith(
  ["chromium"],
  "in a browser the page fits a phone, and a box of the graph leads to its model",
  async () => {
    const file = await Deno.makeTempFile({ suffix: ".html" });
    const browser = await launchChromium();
    try {
      await Deno.writeTextFile(file, warehousePage(await loadSqlProject(WAREHOUSE_PROJECT)));
      for (const width of [320, 1280]) {
        const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: "dark" });
        const requests: string[] = [];
        page.on("request", (request) => void requests.push(request.url()));
        await page.goto(`file://${file}`);
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
        await page.locator(".graph a[href='#fact_orders']").click();
        assert.ok(await page.locator("#fact_orders h3").isVisible());
        assert.match(page.url(), /#fact_orders$/);
        assert.deepEqual(requests.filter((url) => !url.startsWith("file:")), []);
        await page.close();
      }
    } finally {
      await browser.close();
      await Deno.remove(file);
    }
  },
);
