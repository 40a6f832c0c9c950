import { escapeHtml } from "../escape_html.ts";
import { findChromium, launchChromium } from "./chromium.ts";
import type { Page } from "./page.ts";

export interface PdfOptions {
  /** Path of the browser; without it the usual places are searched. */
  chromium?: string;
}

const SMALL =
  "width:100%;padding:0 15mm;font:8px system-ui,sans-serif;color:#666;display:flex;justify-content:space-between";

/**
 * A page of a run on paper: A4, code left out, with page numbers, bookmarks and tags for screen readers. The browser
 * that makes it runs no scripts and has no network.
 *
 * @throws {NotebookError} when there is no Chromium, or it does not start.
 */
export async function renderPdf(
  { html, title }: Page,
  { chromium }: PdfOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const browser = await launchChromium(await findChromium(chromium));
  try {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      offline: true,
      colorScheme: "light",
    });
    const page = await context.newPage();
    await page.setContent(html, { waitUntil: "load" });
    const pdf = await page.pdf({
      format: "A4",
      margin: { top: "18mm", bottom: "18mm", left: "15mm", right: "15mm" },
      printBackground: true,
      displayHeaderFooter: true,
      headerTemplate: "<span></span>",
      footerTemplate: `<div style="${SMALL}"><span>${escapeHtml(title)}</span>` +
        '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>',
      tagged: true,
      outline: true,
    });
    return new Uint8Array(pdf);
  } finally {
    await browser.close();
  }
}
