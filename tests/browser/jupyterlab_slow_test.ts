import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { createClone } from "../fixtures/repository_clone.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { TEST_JUPYTER, testWith } from "../requirements.ts";
import { inTime } from "./in_time.ts";
import { launchChromium } from "./launch_chromium.ts";

const TOKEN = "browser-test";
/** Milliseconds for JupyterLab to start, and for its pages, on a busy machine. */
const PATIENCE = 120_000;
/** Milliseconds for all cells, which train models on several dates, on a busy machine. */
const RUN_MS = 240_000;
/** Milliseconds after which another request asks whether the kernel's channels are there. */
const PROBE_MS = 5_000;
/** Charts of the churn notebook. */
const PLOTS = 12;

/** What the notebook's model holds after the run: of every code cell its count and the kinds of its outputs. */
const CELLS = `(() => {
  const { cells } = jupyterapp.shell.currentWidget.content.model;
  return Array.from({ length: cells.length }, (_, i) => cells.get(i)).filter((cell) => cell.type === "code")
    .map(({ executionCount, outputs }) => ({
      executionCount,
      kinds: Array.from({ length: outputs.length }, (_, i) => outputs.get(i).type),
      mimes: Array.from({ length: outputs.length }, (_, i) => Object.keys(outputs.get(i).data)).flat(),
    }));
})()`;
/** The pictures that the kernel itself made of its charts. */
const SVGS = `(() => {
  const { cells } = jupyterapp.shell.currentWidget.content.model;
  return Array.from({ length: cells.length }, (_, i) => cells.get(i)).filter((cell) => cell.type === "code")
    .flatMap(({ outputs }) => Array.from({ length: outputs.length }, (_, i) => outputs.get(i).data["image/svg+xml"]))
    .filter((svg) => svg !== undefined).map((svg) => Array.isArray(svg) ? svg.join("") : svg);
})()`;
interface Cell {
  executionCount: number | null;
  kinds: string[];
  mimes: string[];
}

testWith(
  ["jupyter", "chromium"],
  "`deno task lab` opens the churn notebook in JupyterLab, where all its cells run and its charts are drawn",
  // JupyterLab saves what it opens, so it gets a clone.
  () =>
    withTemporaryFolder(async (folder) => {
      await createClone(folder);
      await using lake = await createChurnLake({ customers: 500 });
      const { home } = lake.context.config;
      const lab = await startLab(folder, home, {
        SHOPFLOW_POSTGRES_URL: "postgres://u:secret@127.0.0.1:1/shop",
      });
      const browser = await launchChromium();
      try {
        const page = await runNotebook(
          browser,
          `${lab.url}/lab/tree/notebooks/churn.ipynb?token=${TOKEN}&reset`,
        );
        const cells = await page.evaluate<Cell[]>(CELLS);

        assert.deepEqual(cells.map(({ executionCount }) => executionCount), cells.map((_, i) => i + 1));
        assert.deepEqual(cells.flatMap(({ kinds }) => kinds).filter((kind) => kind === "error"), []);
        await page.waitForFunction(`document.querySelectorAll(".vega-embed svg.marks").length === ${PLOTS}`);
        assert.ok(
          await page.locator(".vega-embed svg.marks .mark-line path, .vega-embed svg.marks .mark-rect path")
            .count() > 20,
        );
        assert.ok(await page.locator(".jp-RenderedHTMLCommon table.data").count() >= 1);
        assert.equal(
          await page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count(),
          0,
        );

        // The first day of a month, as in the lake, though where this reader lives it begins while it is still the day before.
        const month = /aria-label="month: ([^;"]+)/;
        const [first] = await page.evaluate<string[]>(SVGS);
        const drawn = await page.locator(".vega-embed svg.marks").first().innerHTML();
        assert.equal(drawn.match(month)?.[1], first!.match(month)?.[1]);
        assert.notEqual(drawn.match(month), null);

        assert.equal(await evaluate(page, "String(Deno.env.get('SHOPFLOW_POSTGRES_URL'))"), "undefined");
        assert.equal(await evaluate(page, "Deno.env.get('SHOPFLOW_HOME')"), home);
        await page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()");
      } finally {
        await browser.close();
        await lab.stop();
      }
    }),
);

/**
 * Opens the notebook and runs all its cells, as a user would. Where they do not end, the error says how far they came
 * and which requests the kernel left without a reply or without an end.
 */
async function runNotebook(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: 1400, height: 1000 },
    timezoneId: "Pacific/Honolulu",
  });
  page.setDefaultTimeout(PATIENCE);
  const messages = recordMessages(page);
  await page.goto(url);
  await page.waitForSelector(".jp-Notebook .jp-CodeCell");
  await page.waitForFunction(
    "globalThis.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
  );
  await waitForChannels(page);
  const shown = `${CELLS}.flatMap(({ mimes }) => mimes)
    .filter((mime) => mime === "application/vnd.vegalite.v5+json").length`;
  // Outputs may come after the kernel has said that it is done.
  const ended = page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    .then(() => page.waitForFunction(`${shown} === ${PLOTS}`));
  if (await inTime(RUN_MS, ended) !== undefined) return page;
  const state = await page.evaluate<string>(`JSON.stringify({
    kernel: jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status,
    connection: jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.connectionStatus,
    cells: ${CELLS},
  })`);
  assert.fail(`the cells did not end within ${RUN_MS / 1000} s: ${state}\n${describeMessages(messages)}`);
}

/**
 * Waits until a request was answered on both channels. A kernel may be idle before the server has subscribed to what
 * it broadcasts (a subscription of ZeroMQ takes a moment, on a busy machine a long one), and what it broadcasts until
 * then is lost: a cell whose end is lost waits for ever, though the kernel has done with it.
 */
async function waitForChannels(page: Page): Promise<void> {
  await page.waitForFunction(`(() => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    const probe = kernel.requestExecute({ code: "0", silent: true, store_history: false });
    const late = new Promise((done) => setTimeout(() => done(false), ${PROBE_MS}));
    return Promise.race([probe.done.then(() => true), late]);
  })()`);
}

/** A message between JupyterLab and the kernel. */
interface KernelMessage {
  at: number;
  channel: string;
  type: string;
  id: string;
  /** Id of the request that it answers; empty for a request. */
  parent: string;
  content: string;
}

/** The messages of all kernels of a page, as they come, by the protocol v1.kernel.websocket.jupyter.org. */
function recordMessages(page: Page): KernelMessage[] {
  const messages: KernelMessage[] = [];
  const record = ({ payload }: { payload: string | Uint8Array }) => {
    if (typeof payload === "string") return;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const offsets = Array.from(
      { length: Number(view.getBigUint64(0, true)) },
      (_, i) => Number(view.getBigUint64(8 * (i + 1), true)),
    );
    const text = (i: number) => new TextDecoder().decode(payload.subarray(offsets[i], offsets[i + 1]));
    const [header, parent] = [text(1), text(2)].map((part) => JSON.parse(part));
    messages.push({
      at: Date.now(),
      channel: text(0),
      type: header.msg_type,
      id: header.msg_id,
      parent: parent.msg_id ?? "",
      content: text(4).slice(0, 60),
    });
  };
  page.on("websocket", (socket) => {
    if (!socket.url().includes("/channels")) return;
    socket.on("framesent", record);
    socket.on("framereceived", record);
  });
  return messages;
}

/** Which requests are open, and what was said last. */
function describeMessages(messages: KernelMessage[]): string {
  const answers = Map.groupBy(messages, ({ parent }) => parent);
  const open = messages.filter(({ type }) => type === "execute_request").flatMap(({ id, content }) => {
    const own = answers.get(id) ?? [];
    const replied = own.some(({ type }) => type === "execute_reply");
    const idle = own.some(({ type, content }) => type === "status" && content.includes('"idle"'));
    const missing = [replied ? "" : "reply", idle ? "" : "idle"].filter(Boolean).join(" and ");
    return missing ? [`without ${missing}: ${content}`] : [];
  });
  const last = messages.slice(-20).map(({ at, channel, type, content }) =>
    `${at} ${channel} ${type} ${content}`
  );
  return [...open, "the last messages:", ...last].join("\n");
}

/** Evaluates an expression in the notebook's kernel; gives the text of its result. */
async function evaluate(page: Page, code: string): Promise<string> {
  const text = await page.evaluate<string>(`new Promise((done, fail) => {
    setTimeout(() => fail(new Error("the kernel does not answer")), ${RUN_MS});
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    const future = kernel.requestExecute({ code: ${JSON.stringify(code)} });
    future.onIOPub = ({ content }) => content.data && done(content.data["text/plain"]);
  })`);
  return text.replace(/^['"]|['"]$/g, "");
}

interface RunningLab {
  url: string;
  stop(): Promise<void>;
}

/** Starts `deno task lab` in a checkout as a user would, with settings of its own instead of the user's. */
async function startLab(checkout: string, home: string, env: Record<string, string>): Promise<RunningLab> {
  const settings = join(home, "lab_settings");
  await writeSettings(settings, "notebook-extension/tracker", { windowingMode: "none" });
  await writeSettings(settings, "apputils-extension/notification", {
    fetchNews: "false",
    checkForUpdates: false,
  });
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["task", "--quiet", "lab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0"],
      ...[
        `--ServerApp.port=${port}`,
        `--IdentityProvider.token=${TOKEN}`,
        "--LabApp.expose_app_in_browser=True",
      ],
    ],
    cwd: checkout,
    env: {
      ...env,
      SHOPFLOW_HOME: home,
      SHOPFLOW_JUPYTER: TEST_JUPYTER,
      JUPYTERLAB_SETTINGS_DIR: settings,
      JUPYTER_CONFIG_DIR: join(home, "jupyter_config"),
      JUPYTER_DATA_DIR: join(home, "jupyter_data"),
      JUPYTER_RUNTIME_DIR: join(home, "jupyter_runtime"),
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGTERM");
    await child.status;
    await log;
  };
  try {
    await answers(`${url}/api?token=${TOKEN}`);
  } catch (error) {
    await stop();
    throw new Error(`JupyterLab did not start: ${await log}`, { cause: error });
  }
  return { url, stop };
}

async function writeSettings(
  folder: string,
  plugin: string,
  settings: Record<string, unknown>,
): Promise<void> {
  const path = join(folder, "@jupyterlab", `${plugin}.jupyterlab-settings`);
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify(settings));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(url);
      await answer.body?.cancel();
      if (answer.ok) return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`nothing answers at ${url}`);
}
