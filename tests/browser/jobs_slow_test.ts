import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createScheduler, type Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { type Execution, type Job, stopped, type StopReason } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { testWith } from "../requirements.ts";
import { temporaryLake } from "../server/small_lake.ts";
import { fillLedger, saveSmallSchedule, SMALL_SCHEDULE } from "../server/small_schedule.ts";
import { launchChromium } from "./launch_chromium.ts";

const DEADLINE_MS = 60_000;
const WAIT = { timeout: DEADLINE_MS };
const runtime = createRuntime({ log: createLogger(() => {}) });

/** A scheduler in this process: it does its rounds, and lets runs go on until the test says so. */
async function startScheduler(store: ObjectStore) {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gate = (job: string) => {
    const found = gates.get(job) ?? Promise.withResolvers<void>();
    gates.set(job, found);
    return found;
  };

  async function execute({ job, run, attempt, signal, stepDone }: Execution) {
    const log = openRunLog(store, { job: job.name, scheduledFor: run.scheduledFor, attempt }, {
      now: runtime.now,
      flushMs: 50,
    });
    log.write(`${job.name} begins`);
    const ended = new Promise<StopReason>((resolve) =>
      signal.addEventListener("abort", () => resolve(signal.reason), { once: true })
    );
    const reason = await Promise.race([gate(job.name).promise, ended]);
    log.write(reason === undefined ? "all is well" : `asked to end: ${reason}`);
    await log.close();
    if (reason !== undefined) return stopped(reason);
    for (const name of ["extract", "transform"]) await stepDone(name);
    return { ended: "succeeded" as const, reason: "all steps are done", exitCode: 0, peakBytes: 123_000_000 };
  }

  const scheduler: Scheduler = createScheduler({
    ...SMALL_SCHEDULE,
    // Nothing but what the test asks for: what is due meanwhile is none of its business.
    jobs: SMALL_SCHEDULE.jobs.map((job): Job => ({ ...job, schedule: { on: "snapshot" }, dependsOn: [] })),
    ledger: openLedger(store, runtime.now),
    runtime,
    execute,
    owner: "test:1",
  });
  await scheduler.begin();
  let over = false;
  const rounds = (async () => {
    while (!over) {
      await scheduler.round(true);
      await scheduler.keepAlive();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    letEnd: (job: string) => gate(job).resolve(),
    async [Symbol.asyncDispose]() {
      over = true;
      await rounds;
      await scheduler.stop(0);
    },
  };
}

/** A server with an operator's key over a ledger of some days, and a browser. */
async function withSite(
  body: (site: { url: string; browser: Browser; store: ObjectStore }) => Promise<void>,
) {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, runtime.now());
  await fillLedger(lake.store, runtime.now(), 12);
  const app = createApp({ store: lake.store, runtime, operatorKey: "o", pollMs: 100 });
  const server = await listen(app.fetch, { host: "127.0.0.1", port: 0 });
  const browser = await launchChromium();
  try {
    await body({ url: server.url, browser, store: lake.store });
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** A page, with what its console complained about: violations of the content security policy among it. */
async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({
    httpCredentials: { username: "anna", password: "o" },
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    // What the server refuses without a password is asked for again with it.
    const asked = message.text().includes("401");
    if (["error", "warning"].includes(message.type()) && !asked) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints };
}

const status = (page: Page, name: string) => page.locator(`#run .s-${name}.status`).waitFor(WAIT);

/** Presses the button, and waits until a scheduler has begun with the run. */
async function runNow(page: Page, job: string): Promise<void> {
  await page.getByRole("button", { name: "Run now" }).click();
  await status(page, "running");
  await page.getByText(`${job} begins`).waitFor(WAIT);
}

testWith(
  ["chromium"],
  "a run that is asked for in the browser is run by a scheduler, and its page follows it to its end",
  () =>
    withSite(async ({ url, browser, store }) => {
      await using scheduler = await startScheduler(store);
      const { page, complaints } = await openPage(browser);
      await page.goto(`${url}/jobs`);
      await page.getByText("1 scheduler is running").waitFor(WAIT);
      await page.getByRole("link", { name: "refresh-data", exact: true }).first().click();
      await runNow(page, "refresh-data");
      await page.waitForURL(/\/runs\/.*\?did=run$/);
      scheduler.letEnd("refresh-data");
      await status(page, "succeeded");
      await page.getByText("all is well").waitFor(WAIT);
      assert.match(await page.locator("#run").innerText(), /Requested by\s+anna \(server\)/);
      assert.match(await page.locator("#run").innerText(), /123 MB/);
      assert.equal(await page.getByRole("button", { name: "Cancel" }).count(), 0);
      assert.deepEqual(complaints, []);
    }),
);

testWith(
  ["chromium"],
  "a run is cancelled in the browser while it runs, and run again",
  () =>
    withSite(async ({ url, browser, store }) => {
      await using _scheduler = await startScheduler(store);
      const { page, complaints } = await openPage(browser);
      await page.goto(`${url}/jobs/train-models`);
      await runNow(page, "train-models");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.waitForURL(/did=cancel$/);
      await status(page, "cancelled");
      await page.getByText("asked to end: cancelled").waitFor(WAIT);
      assert.match(await page.locator("#run .lead").innerText(), /cancelled by anna \(server\)/);
      await page.getByRole("button", { name: "Run again" }).click();
      await status(page, "running");
      assert.deepEqual(complaints, []);
    }),
);

testWith(
  ["chromium"],
  "without scripts buttons work, and pages load themselves again",
  () =>
    withSite(async ({ url, browser, store }) => {
      await using scheduler = await startScheduler(store);
      const { page } = await openPage(browser, { javaScriptEnabled: false });
      // However slow the typing is, the page does not load itself again in the middle of it.
      const typed = Promise.withResolvers<void>();
      let loads = 0;
      await page.route(`${url}/jobs/refresh-data`, async (route) => {
        if (loads++ > 0) await typed.promise;
        await route.continue().catch(() => {});
      });
      await page.goto(`${url}/jobs/refresh-data`);
      await page.locator("summary", { hasText: "Pause" }).click();
      await page.getByLabel("Reason").fill("holidays");
      await page.getByRole("button", { name: "Pause the job" }).click();
      typed.resolve();
      await page.getByText("The job is paused: runs that become due").waitFor(WAIT);
      await page.getByRole("button", { name: "Run now" }).click();
      await status(page, "running");
      scheduler.letEnd("refresh-data");
      await status(page, "succeeded");
    }),
);

testWith(
  ["chromium"],
  "the pages of jobs fit on a desktop and on a phone, in light and in dark",
  () =>
    withSite(async ({ url, browser }) => {
      for (const width of [1280, 390, 320]) {
        for (const colorScheme of ["light", "dark"] as const) {
          const { page, complaints } = await openPage(browser, {
            viewport: { width, height: 844 },
            colorScheme,
          });
          await page.goto(`${url}/jobs`);
          const run = await page.locator(".strip a").first().getAttribute("href");
          for (const path of ["/jobs", ...SMALL_SCHEDULE.jobs.map(({ name }) => `/jobs/${name}`), run]) {
            await page.goto(url + path);
            for (const summary of await page.locator("summary:visible").all()) await summary.click();
            const overflow = await page.evaluate<number>(
              "document.documentElement.scrollWidth - document.documentElement.clientWidth",
            );
            assert.equal(overflow, 0, `${path} is ${overflow} pixels wider than ${width}`);
          }
          assert.deepEqual(complaints, []);
          await page.context().close();
        }
      }
    }),
);
