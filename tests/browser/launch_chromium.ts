import type { Browser } from "playwright-core";
import { TEST_CHROMIUM } from "../requirements.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the machine's own Chromium, headless; the caller closes it. */
export async function launchChromium(): Promise<Browser> {
  // Playwright looks for WSL in /proc when it is loaded, which Deno allows to programs with every permission
  // only; this variable of Playwright's own tests answers the question beforehand.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: TEST_CHROMIUM, args: FLAGS });
}
