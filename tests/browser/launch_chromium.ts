import type { Browser } from "playwright-core";
import { launchChromium as launch } from "../../lib/notebook/report/pdf.ts";
import { TEST_CHROMIUM } from "../requirements.ts";

/** Starts the machine's own Chromium, headless; the caller closes it. */
export async function launchChromium(): Promise<Browser> {
  // Machines that run tests often forbid what Chromium's sandbox is made of.
  return await launch(TEST_CHROMIUM, { sandbox: false });
}
