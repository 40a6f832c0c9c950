/**
 * Takes the README's pictures of a running server: `deno task screenshots http://127.0.0.1:8000`.
 */
import { join } from "node:path";
import { launchChromium } from "./launch_chromium.ts";

const url = Deno.args[0] ?? "http://127.0.0.1:8000";
const folder = join(import.meta.dirname!, "..", "..", "documentation", "images");

const browser = await launchChromium();
try {
  await take("reports", "/reports", { width: 1280, height: 860 });
  await take("churn", "/reports/churn", { width: 1280, height: 1500 });
  await take("jobs", "/jobs", { width: 1280, height: 1180 });
  await take("inventory_dark", "/reports/inventory", { width: 1280, height: 1500 }, "dark");
} finally {
  await browser.close();
}

async function take(
  name: string,
  path: string,
  viewport: { width: number; height: number },
  colorScheme: "light" | "dark" = "light",
): Promise<void> {
  const page = await browser.newPage({ viewport, colorScheme });
  await page.goto(url + path);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
  console.log(`documentation/images/${name}.png`);
}
