import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { listReports, readReport } from "shopflow/notebook/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { publishNotebooks } from "../../pipelines/publish.ts";
import type { PipelineContext } from "../../pipelines/context.ts";
import { publishSmallLake } from "../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { writeNotebook } from "../lib/notebook/write_notebook.ts";

/** Its notebook imports `shopflow/…`, which only works inside of the repository. */
const FIXTURES = new URL("../fixtures/notebooks", import.meta.url).pathname;

async function withShop(body: (context: PipelineContext, notebooks: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (home) => {
    const lakeUrl = join(home, "lake"), notebooks = join(home, "notebooks");
    await Promise.all([lakeUrl, notebooks].map((folder) => Deno.mkdir(folder)));
    const store = await publishSmallLake(lakeUrl);
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const config = loadConfig({ SHOPFLOW_HOME: home });
    await body({ config, store, runtime, force: false }, notebooks);
  });
}

Deno.test("publish runs each notebook on the latest date with a whole window behind it, once", async () => {
  await withShop(async (context) => {
    assert.equal((await publishNotebooks(context, FIXTURES)).status, "done");
    const [report] = await listReports(context.store);
    assert.equal(report?.title, "Daily orders");
    assert.equal(report.status, "succeeded");
    // 120 days from 1 July end on 28 October; 90 days from 31 July on are complete.
    assert.deepEqual(report.parameters, { as_of: "2024-07-31", top_days: 5 });
    assert.match((await readReport(context.store, "daily_orders"))!.html, /<svg/);

    assert.equal((await publishNotebooks(context, FIXTURES)).status, "unchanged");
    assert.equal((await listReports(context.store))[0]?.runId, report.runId);
    assert.equal((await publishNotebooks({ ...context, force: true }, FIXTURES)).status, "done");
    assert.notEqual((await listReports(context.store))[0]?.runId, report.runId);
  });
});

Deno.test("a changed notebook or a new model is published again, alone", async () => {
  await withShop(async (context, notebooks) => {
    for (const name of ["one", "two"]) await writeNotebook(join(notebooks, `${name}.ipynb`), ["# T", "1"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^2 reports published, 0 up to date/);
    await writeNotebook(join(notebooks, "two.ipynb"), ["# T", "2"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^1 report published, 1 up to date/);
    await context.store.put("models/churn/champion.json", new TextEncoder().encode('{"version":"v2"}'));
    assert.match((await publishNotebooks(context, notebooks)).summary, /^2 reports published/);
  });
});

Deno.test("a notebook that throws is published with its failing cell, the others as they should be", async () => {
  await withShop(async (context, notebooks) => {
    await writeNotebook(join(notebooks, "bad.ipynb"), ["# Bad", `throw new TypeError("no")`]);
    await writeNotebook(join(notebooks, "good.ipynb"), ["# Good", "1"]);
    await assert.rejects(publishNotebooks(context, notebooks), (error) => {
      assert.ok(error instanceof NotebookError);
      assert.match(error.message, /1 of 2 notebooks failed: found bad\.ipynb: cell cell-1, TypeError: no/);
      return true;
    });
    const reports = await listReports(context.store);
    assert.deepEqual(reports.map(({ name, status }) => [name, status]), [["bad", "failed"], [
      "good",
      "succeeded",
    ]]);
    assert.match((await readReport(context.store, "bad"))!.html, /This run failed/);
    await writeNotebook(join(notebooks, "bad.ipynb"), ["# Bad", "1"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^1 report published, 1 up to date/);
  });
});

Deno.test("a notebook whose kernel is gone takes the place of its last good report, and names it", async () => {
  await withShop(async (context, notebooks) => {
    const path = join(notebooks, "moved.ipynb");
    await writeNotebook(path, ["# Moved", "1"]);
    await publishNotebooks(context, notebooks);
    const [good] = await listReports(context.store);
    const notebook = JSON.parse(await Deno.readTextFile(path));
    notebook.metadata.kernelspec.name = "julia-1.10";
    await Deno.writeTextFile(path, JSON.stringify(notebook));
    await assert.rejects(publishNotebooks(context, notebooks), /found moved\.ipynb: .*julia-1\.10/);
    const { report, html } = (await readReport(context.store, "moved"))!;
    assert.deepEqual([report.status, report.lastGoodRunId], ["failed", good!.runId]);
    assert.match(html, /This run failed[\s\S]*julia-1\.10/);
  });
});

Deno.test("a notebook that is none fails by its name, and the others are published", async () => {
  await withShop(async (context, notebooks) => {
    await Deno.writeTextFile(join(notebooks, "conflict.ipynb"), "{\n<<<<<<< HEAD\n");
    await writeNotebook(join(notebooks, "good.ipynb"), ["# Good", "1"]);
    await assert.rejects(publishNotebooks(context, notebooks), (error) => {
      assert.ok(error instanceof NotebookError);
      assert.match(
        error.message,
        /^1 of 2 notebooks failed: found conflict\.ipynb: .*marks of a merge conflict/,
      );
      return true;
    });
    assert.deepEqual((await listReports(context.store)).map(({ name, status }) => [name, status]), [
      ["conflict", "failed"],
      ["good", "succeeded"],
    ]);
    const { html } = (await readReport(context.store, "conflict"))!;
    assert.match(html, /This run failed/);
    assert.match(html, /marks of a merge conflict/);
  });
});
