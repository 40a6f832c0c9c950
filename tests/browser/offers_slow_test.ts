/** The pages of offers in a browser: by keyboard and screen reader, wide and narrow, light and dark. */
import axe from "axe-core";
import assert from "node:assert/strict";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import type { Draw } from "shopflow/offers/ledger/mod.ts";
import { createOffersProgram } from "../../pipelines/commands/offers/main.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { createOfferLake } from "../fixtures/offer_lake.ts";
import { testWith } from "../requirements.ts";
import { launchChromium } from "./launch_chromium.ts";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const ROI = "activeCustomers=1000&monthlySpend=40&lapsedShare=15&targetShare=10";

testWith(
  ["chromium"],
  "the pages of offers are accessible and fit, and an assumption is changed without a script",
  async () => {
    await using lake = await createOfferLake();
    const printed: string[] = [];
    await createOffersProgram(() => lake.context, (text) => printed.push(text)).parseAsync(
      ["draw", "discount_15", "--rule", "random", "--include-lapsed", "--hold-out", "0.5", "--json"],
      { from: "user" },
    );
    const { customers } = JSON.parse(printed.join("\n")) as Draw;
    await lake.publishOrders([
      ...customers.flatMap(({ customerId, arm }, i) =>
        (arm === "offered" ? i % 2 : i % 4) === 0
          ? [{ customer: customerId, day: "2024-10-20", amount: 100 }]
          : []
      ),
      { customer: "C0001", day: "2024-12-29", amount: 5 },
    ]);
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const app = createApp({ store: lake.context.store, runtime, loopbackOnly: true });
    const server = await listen(app.fetch, { host: "127.0.0.1", port: 0 });
    const browser = await launchChromium();
    try {
      for (const path of ["/offers", "/offers/discount_15", `/roi?${ROI}`, "/roi?saveRate=much"]) {
        for (const [colorScheme, width] of [["light", 1280], ["dark", 390]] as const) {
          const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
          await page.goto(`${server.url}${path}`);
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate<axe.AxeResults>(
            `axe.run({ runOnly: ${JSON.stringify(STANDARDS)} })`,
          );
          assert.deepEqual(violations.map(({ id }) => id), [], `${path} ${colorScheme}`);
          const beyond = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
          assert.ok(beyond <= 0, `${path} is ${beyond} px wider than ${width}`);
          await page.close();
        }
      }
      const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
      await page.goto(`${server.url}/roi?${ROI}`);
      await page.getByRole("textbox", { name: "Save rate" }).fill("50");
      await page.keyboard.press("Enter");
      await page.getByText("From 15 % to 10 % lapsing in a month").waitFor();
      assert.match(page.url(), /saveRate=50/);
    } finally {
      await browser.close();
      await server.stop();
    }
  },
);
