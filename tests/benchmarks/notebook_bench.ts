/**
 * A small notebook of seven cells (a query, a chart, a table) from start to the executed copy: our runner beside
 * `jupyter nbconvert --execute`, both with the same Deno kernel. The peer needs SHOPFLOW_TEST_JUPYTER.
 */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { renderPage } from "shopflow/notebook/report/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { executeInJupyter } from "../lib/notebook/execute_in_jupyter.ts";
import { publishSmallLake } from "../lib/notebook/small_lake.ts";
import { TEST_JUPYTER } from "../requirements.ts";

const FIXTURE = new URL("../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;
const home = await Deno.makeTempDir({ prefix: "shopflow-bench-" });
globalThis.addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
const lakeUrl = join(home, "lake");
await Deno.mkdir(lakeUrl);
await publishSmallLake(lakeUrl);
const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
const context = { store: createDirectoryStore(lakeUrl), config: { home, lakeUrl }, runtime };
const { notebook } = await runNotebook(FIXTURE, context);

if (TEST_JUPYTER === "") {
  console.log("notebooks: no figures of Jupyter, since SHOPFLOW_TEST_JUPYTER is not set");
}
const run = { group: "run", n: 5, warmup: 1 };
Deno.bench("our runner: a notebook of seven cells", { ...run, baseline: true }, async () => {
  await runNotebook(FIXTURE, context);
});
Deno.bench(
  "jupyter nbconvert --execute: the same notebook",
  { ...run, ignore: TEST_JUPYTER === "" },
  async () => {
    await executeInJupyter(FIXTURE, home);
  },
);
Deno.bench("reading a notebook", { group: "file" }, async () => {
  await readNotebook(FIXTURE);
});
Deno.bench("rendering its run as a page, with the chart drawn twice", { group: "file" }, async () => {
  await renderPage(notebook);
});
