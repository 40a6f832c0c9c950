/** The machine's own Chromium or one of its relatives, for what only a browser can do: make pages of paper. */
import { NotebookError } from "shopflow/errors/mod.ts";
import { escapeHtml, isFile, retry } from "shopflow/runtime/mod.ts";
import { delimiter, join } from "node:path";
import type { Browser } from "playwright-core";
import type { Page } from "./page.ts";

const COMMANDS = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "microsoft-edge",
  "chrome",
  "msedge",
];
/** Where installers put it, on systems that do not put it on the PATH. */
const PLACES: Record<string, string[]> = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ],
  windows: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ],
};
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** A browser that takes longer to start, in milliseconds, hangs: on an idle machine it takes half a second. */
const START_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 3;

/**
 * Path of the browser: the one that is named, else the first that is found.
 *
 * @throws {NotebookError} when there is none.
 */
async function findChromium(named?: string, path = Deno.env.get("PATH") ?? ""): Promise<string> {
  const suffix = Deno.build.os === "windows" ? ".exe" : "";
  const folders = path.split(delimiter).filter(Boolean);
  const candidates = named ? [named] : [
    ...COMMANDS.flatMap((name) => folders.map((folder) => join(folder, name + suffix))),
    ...(PLACES[Deno.build.os] ?? []),
  ];
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  throw new NotebookError("A PDF needs Chromium, Chrome or Edge, and none was found", {
    expected: named
      ? "the program that SHOPFLOW_CHROMIUM names"
      : `${COMMANDS.slice(0, 3).join(", ")} … on the PATH`,
    found: named,
    remedy: "Install one, or name it: SHOPFLOW_CHROMIUM=/path/to/chromium. HTML needs none: --to html.",
  });
}

interface LaunchOptions {
  sandbox?: boolean;
  /** Milliseconds after which a start counts as hanging. */
  startTimeoutMs?: number;
}

/**
 * Starts a browser without a window, and waits until it shows a page; the caller closes it. Chromium now and then
 * hangs while it starts (its helper processes wait for each other on a busy machine), so one that hangs is killed and
 * started again. One that fails is not: it would fail again.
 *
 * @throws {NotebookError} when it does not start.
 */
export async function launchChromium(
  executablePath: string,
  { sandbox = !runsAsRoot(), startTimeoutMs = START_TIMEOUT_MS }: LaunchOptions = {},
): Promise<Browser> {
  // Playwright looks for WSL in /proc when it is loaded, which Deno allows to programs with every permission
  // only; this variable of Playwright's own tests answers the question beforehand.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium, errors } = await import("playwright-core");
  try {
    return await retry(
      async () => {
        const browser = await chromium.launch({
          executablePath,
          args: FLAGS,
          chromiumSandbox: sandbox,
          timeout: startTimeoutMs,
        });
        await showFirstPage(browser, startTimeoutMs);
        return browser;
      },
      (error, failures) => error instanceof errors.TimeoutError && failures < START_ATTEMPTS ? 0 : undefined,
    );
  } catch (cause) {
    throw new NotebookError(`The browser ${executablePath} does not start`, {
      found: cause instanceof Error ? cause.message.split("\n")[0] : String(cause),
      remedy:
        "Start it by hand with --headless to see why, or name another: SHOPFLOW_CHROMIUM=/path/to/chromium.",
      cause,
    });
  }
}

/** A browser process may answer while the process that draws its pages does not. */
async function showFirstPage(browser: Browser, timeout: number): Promise<void> {
  const { errors } = await import("playwright-core");
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new errors.TimeoutError(`no page was shown within ${timeout} ms`)),
    timeout,
  );
  const shown = browser.newPage().then((page) => page.close());
  try {
    await Promise.race([shown, late]);
  } catch (error) {
    // It may not answer to this either; Playwright kills it when this process ends, at the latest.
    shown.catch(() => {});
    browser.close().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Chromium's sandbox does not start for the superuser, as whom containers often run. */
const runsAsRoot = () => Deno.build.os !== "windows" && Deno.uid() === 0;

interface PdfOptions {
  /** Path of the browser; without it the usual places are searched. */
  chromium?: string | undefined;
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
