import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { LakeError, NotebookError } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson } from "shopflow/lake/store/mod.ts";
import { listReports, readReport, readReportNotebook } from "shopflow/notebook/report/mod.ts";
import type { NotebookRun } from "shopflow/notebook/run/mod.ts";
import type { MimeBundle } from "../../../../lib/notebook/format/nbformat.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { publishNotebooks } from "../../../../pipelines/steps/publish/publish.ts";
import { publishNotebook, publishRun } from "../../../../pipelines/steps/publish/publish_notebook.ts";
import { planOneNotebook } from "../../../../pipelines/steps/publish/plan_notebooks.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { executedNotebook, proseCell, shownCell } from "../../../fixtures/executed_notebook.ts";
import { publishSmallLake } from "../../../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { writeNotebook } from "../../../lib/notebook/write_notebook.ts";

/** Its notebook imports `shopflow/…`, which only works inside of the repository. */
const FIXTURES = new URL("../../../fixtures/notebooks", import.meta.url).pathname;

async function withShop(body: (context: PipelineContext, notebooks: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (home) => {
    const lakeUrl = join(home, "lake"), notebooks = join(home, "notebooks");
    await Promise.all([lakeUrl, notebooks].map((folder) => Deno.mkdir(folder)));
    const store = await publishSmallLake(lakeUrl);
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const config = loadConfig({ SHOPFLOW_HOME: home });
    await body({ config, store, runtime, force: false, fullRefresh: false, promotes: true }, notebooks);
  });
}

/** A notebook that is a report. */
async function writeReport(path: string, sources: string[], kernel?: string): Promise<void> {
  await writeNotebook(path, sources, kernel);
  const file = JSON.parse(await Deno.readTextFile(path));
  file.metadata.shopflow = { report: {} };
  await Deno.writeTextFile(path, JSON.stringify(file));
}

/** A notebook with parameters, and what it declares of its report. */
async function writeDeclared(path: string, parameters: string, report: unknown): Promise<void> {
  await writeNotebook(path, ["# T", parameters]);
  const file = JSON.parse(await Deno.readTextFile(path));
  file.cells[1].metadata.tags = ["parameters"];
  file.metadata.shopflow = { report };
  await Deno.writeTextFile(path, JSON.stringify(file));
}

Deno.test("publish runs each notebook once, with the date that its author wrote", async () => {
  await withShop(async (context) => {
    assert.equal((await publishNotebooks(context, FIXTURES)).status, "done");
    const [report] = await listReports(context.store);
    assert.equal(report?.title, "Daily orders");
    assert.equal(report.status, "succeeded");
    assert.deepEqual(report.parameters, { as_of: "2024-09-01", top_days: 5 });
    assert.match((await readReport(context.store, "daily_orders"))?.html ?? "", /<svg/);

    assert.equal((await publishNotebooks(context, FIXTURES)).status, "unchanged");
    assert.equal((await listReports(context.store))[0]?.runId, report.runId);
    assert.equal((await publishNotebooks({ ...context, force: true }, FIXTURES)).status, "done");
    assert.notEqual((await listReports(context.store))[0]?.runId, report.runId);
  });
});

Deno.test("what the business says of itself publishes the reports again, unless it is invalid", async () => {
  await withShop(async (context) => {
    assert.equal((await publishNotebooks(context, FIXTURES)).status, "done");
    await Deno.writeTextFile(context.config.businessFile, '{ "lapsed": { "target": 10 } }');
    await assert.rejects(publishNotebooks(context, FIXTURES), {
      name: "InputError",
      message: /Invalid lapsed\.target in the business file .*a share from 0 to 1.*found 10/,
    });
    await Deno.writeTextFile(context.config.businessFile, '{ "lapsed": { "target": 0.1 } }');
    assert.equal(
      (await publishNotebooks(context, FIXTURES)).status,
      "done",
      "the business says something else",
    );
    await Deno.remove(context.config.businessFile);
    assert.equal((await publishNotebooks(context, FIXTURES)).status, "done");
  });
});

Deno.test("only the parameters that a notebook declares are filled, each by its own rule", async () => {
  await withShop(async (context, notebooks) => {
    const parameters = 'const as_of = "2024-09-01";\nconst back = "2024-08-01";';
    await writeDeclared(join(notebooks, "declared.ipynb"), parameters, {
      as_of: { as_of: "latest", back: "outcomes_known" },
    });
    await writeDeclared(join(notebooks, "half.ipynb"), parameters, {
      as_of: { back: "latest - 7 days" },
    });
    await writeDeclared(join(notebooks, "pinned.ipynb"), parameters, {});
    await publishNotebooks(context, notebooks);
    const reports = await listReports(context.store);
    // 120 days from 1 July end on 28 October; 90 days from 31 July on are complete.
    assert.deepEqual(reports.map(({ name, parameters }) => [name, parameters]), [
      ["declared", { as_of: "2024-10-29", back: "2024-07-31" }],
      ["half", { as_of: "2024-09-01", back: "2024-10-22" }],
      ["pinned", { as_of: "2024-09-01", back: "2024-08-01" }],
    ]);
    const { html } = (await readReport(context.store, "declared"))!;
    assert.match(
      html,
      /<code>back<\/code> = <code>2024-07-31<\/code> <small>by the notebook's rule <code>outcomes_known</,
    );
    assert.match(html, /As of <strong>2024-10-29</);
    assert.equal((await publishNotebooks(context, notebooks)).status, "unchanged");
  });
});

Deno.test("a notebook whose rule is wrong fails by its name, and the others are published", async () => {
  await withShop(async (context, notebooks) => {
    const wrong = { as_of: "whenever", asof: "latest", top: "latest" };
    for (const [parameter, rule] of Object.entries(wrong)) {
      const source = 'const as_of = "2024-09-01";\nconst top = 5;';
      await writeDeclared(join(notebooks, `${parameter}.ipynb`), source, {
        as_of: { [parameter]: rule },
      });
    }
    await writeReport(join(notebooks, "good.ipynb"), ["# Good", "1"]);
    await assert.rejects(publishNotebooks(context, notebooks), ({ message }: Error) => {
      assert.match(message, /3 of 4 notebooks failed/);
      assert.match(message, /as_of\.ipynb: .* unknown rule for the parameter as_of/);
      assert.match(message, /asof\.ipynb: .* parameter asof, which it does not declare/);
      assert.match(message, /top\.ipynb: .* parameter top, which cannot hold a date/);
      return true;
    });
    const reports = await listReports(context.store);
    assert.deepEqual(reports.map(({ name, status }) => [name, status]), [
      ["as_of", "failed"],
      ["asof", "failed"],
      ["good", "succeeded"],
      ["top", "failed"],
    ]);
  });
});

Deno.test("a changed notebook or a new model is published again, alone", async () => {
  await withShop(async (context, notebooks) => {
    for (const name of ["one", "two"]) await writeReport(join(notebooks, `${name}.ipynb`), ["# T", "1"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^2 reports published, 0 up to date/);
    await writeReport(join(notebooks, "two.ipynb"), ["# T", "2"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^1 report published, 1 up to date/);
    await context.store.put("models/churn/champion.json", new TextEncoder().encode('{"version":"v2"}'));
    assert.match((await publishNotebooks(context, notebooks)).summary, /^2 reports published/);
  });
});

Deno.test("a notebook that throws is published with its failing cell, the others as they should be", async () => {
  await withShop(async (context, notebooks) => {
    await writeReport(join(notebooks, "bad.ipynb"), ["# Bad", `throw new TypeError("no")`]);
    await writeReport(join(notebooks, "good.ipynb"), ["# Good", "1"]);
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
    assert.match((await readReport(context.store, "bad"))?.html ?? "", /This run failed/);
    await writeReport(join(notebooks, "bad.ipynb"), ["# Bad", "1"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^1 report published, 1 up to date/);
  });
});

/** A run that has ended, without the kernel that it takes. */
function endedRun(notebook: string, runId: string, shown: MimeBundle = { "text/plain": "1" }): NotebookRun {
  const executed = executedNotebook([proseCell("# Good"), shownCell("a", shown)], { notebook, runId });
  return { notebook: executed, record: executed.metadata.shopflow, key: "" };
}

Deno.test("whatever fails, the last good report stays and the failure is named beside it, until it is mended", async () => {
  await withShop(async (context, notebooks) => {
    const at = (name: string) => join(notebooks, `${name}.ipynb`);
    const causes: Record<string, RegExp> = {
      conflict: /marks of a merge conflict/,
      gone_kernel: /julia-1\.10/,
      throws: /^TypeError: no$/,
      wrong_rule: /unknown rule for the parameter as_of/,
    };
    for (const name of Object.keys(causes)) {
      await publishRun(context.store, endedRun(name, "good"), { inputs: "" });
    }
    await Deno.writeTextFile(at("conflict"), "{\n<<<<<<< HEAD\n");
    await writeReport(at("gone_kernel"), ["# Bad", "1"], "julia-1.10");
    await writeReport(at("throws"), ["# Bad", `throw new TypeError("no\\nmore")`]);
    await writeDeclared(at("wrong_rule"), 'const as_of = "2024-09-01";', { as_of: "soon" });
    await assert.rejects(publishNotebooks(context, notebooks), /^NotebookError: 4 of 4 notebooks failed/);
    const reports = await listReports(context.store);
    assert.deepEqual(reports.map(({ name }) => name), Object.keys(causes));
    for (const { name, runId, status, unpublished } of reports) {
      assert.deepEqual([runId, status, unpublished?.outcome], ["good", "succeeded", "failed"], name);
      assert.match(unpublished?.cause ?? "", causes[name]!);
      assert.match((await readReport(context.store, name))?.html ?? "", /<h1>Good</, name);
      const failed = await readReport(context.store, name, unpublished!.runId);
      assert.match(failed?.html ?? "", /This run failed/, `the page of the failed run of ${name}`);
    }

    await writeReport(at("throws"), ["# Mended", "1"]);
    await assert.rejects(publishNotebooks(context, notebooks), /^NotebookError: 3 of 4 notebooks failed/);
    const mended = (await listReports(context.store)).find(({ name }) => name === "throws");
    assert.deepEqual([mended?.title, mended?.unpublished], ["Mended", undefined]);
  });
});

Deno.test("a run whose page cannot be drawn is a failed run, and leaves the last good report", async () => {
  await withShop(async ({ store }) => {
    await publishRun(store, endedRun("sales", "r1"), { inputs: "" });
    // What draws a chart calls itself for each layer, and the stack ends.
    let layer: object = { mark: "bar" };
    for (let i = 0; i < 3000; i++) layer = { layer: [layer] };
    const undrawable = endedRun("sales", "r2", { "application/vnd.vegalite.v5+json": layer });
    const { failure } = await publishRun(store, undrawable, { inputs: "" });
    assert.match(failure?.evalue ?? "", /^The page could not be rendered: Maximum call stack/);
    const [report] = await listReports(store);
    assert.deepEqual([report?.runId, report?.unpublished?.runId], ["r1", "r2"]);
    const { html } = (await readReport(store, "sales", "r2"))!;
    assert.match(html, /This run failed[\s\S]*The page could not be rendered/);
    assert.doesNotMatch(html, /before its first cell/);
  });
});

Deno.test("a notebook that never was one is shown as failed by its name", async () => {
  await withShop(async (context, notebooks) => {
    await Deno.writeTextFile(join(notebooks, "conflict.ipynb"), "{\n<<<<<<< HEAD\n");
    await assert.rejects(
      publishNotebooks(context, notebooks),
      /^NotebookError: 1 of 1 notebooks failed: found conflict\.ipynb: .*marks of a merge conflict/,
    );
    const { report, html } = (await readReport(context.store, "conflict"))!;
    assert.equal(report.status, "failed");
    assert.match(html, /This run failed[\s\S]*marks of a merge conflict/);
  });
});

Deno.test("a page that the store refuses leaves the last good report, and that is said once it is certain", async () => {
  await withShop(async (context, notebooks) => {
    const path = join(notebooks, "one.ipynb");
    await publishRun(context.store, endedRun("one", "good"), { inputs: "" });
    await writeReport(path, ["# One", "2"]);
    const full: ObjectStore = {
      ...context.store,
      put: (key, body) =>
        key.startsWith("reports/")
          ? Promise.reject(new LakeError("The disk of the lake is full"))
          : context.store.put(key, body),
    };
    await assert.rejects(
      publishNotebooks({ ...context, store: full }, notebooks),
      /one\.ipynb: The disk of the lake is full/,
    );
    const now = new Date(Date.now() + 150_000);
    const [report] = await listReports(context.store, { now });
    assert.deepEqual([report?.runId, report?.unpublished?.outcome], ["good", "unpublished"]);
    assert.match((await publishNotebooks(context, notebooks)).summary, /^1 report published/);
    assert.equal((await listReports(context.store, { now }))[0]?.unpublished, undefined);
  });
});

Deno.test("a report whose notebook was removed says so, and no longer when it is there again", async () => {
  await withShop(async (context, notebooks) => {
    await writeReport(join(notebooks, "goes.ipynb"), ["# T", "1"]);
    await publishNotebooks(context, notebooks);
    const removed = async () =>
      (await listReports(context.store)).filter(({ removedAt }) => removedAt).map(({ name }) => name);
    const path = join(notebooks, "goes.ipynb"), source = await Deno.readTextFile(path);
    await Deno.remove(path);
    assert.equal((await publishNotebooks(context, notebooks)).status, "unchanged");
    assert.deepEqual(await removed(), ["goes"]);
    await Deno.writeTextFile(path, source);
    assert.equal((await publishNotebooks(context, notebooks)).status, "unchanged");
    assert.deepEqual(await removed(), []);
  });
});

Deno.test("a notebook that declares no report is left out and named; one published by itself stays", async () => {
  await withShop(async (context, notebooks) => {
    const draft = join(notebooks, "draft.ipynb"), kept = join(notebooks, "kept.ipynb");
    await writeNotebook(draft, ["# Draft", "1"]);
    await writeReport(kept, ["# Kept", "1"]);
    const { summary } = await publishNotebooks(context, notebooks);
    assert.equal(
      summary,
      "1 report published, 0 up to date; draft.ipynb left out: no shopflow.report in its metadata",
    );
    assert.deepEqual((await listReports(context.store)).map(({ name }) => name), ["kept"]);

    const planned = await planOneNotebook(context, draft, []);
    assert.equal(planned.isReport, false);
    assert.equal((await publishNotebook(context, planned)).failure, undefined);
    await writeNotebook(kept, ["# Kept", "1"]);
    await publishNotebooks(context, notebooks);
    const removed = async () =>
      (await listReports(context.store)).map(({ name, removedAt }) => [name, removedAt !== undefined]);
    assert.deepEqual(await removed(), [["draft", false], ["kept", true]], "its declaration was removed");
    await Deno.remove(draft);
    await publishNotebooks(context, notebooks);
    assert.deepEqual(await removed(), [["draft", true], ["kept", true]]);
  });
});

/** Publishes a folder in a process of its own, which can be killed. */
const PROGRAM = `
import { loadConfig } from "shopflow/config/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { createContext } from "./pipelines/context.ts";
import { publishNotebooks } from "./pipelines/steps/publish/publish.ts";
const [home, notebooks] = Deno.args;
const runtime = createRuntime({ progress: silentProgress });
await publishNotebooks(createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime), notebooks);`;

Deno.test("a publish that is killed or cancelled in the middle leaves the last good report, and is named beside it", async () => {
  await withShop(async (context, notebooks) => {
    const path = join(notebooks, "slow.ipynb"), store = context.store;
    await publishRun(store, endedRun("slow", "good"), { inputs: "" });
    await writeReport(path, ["# Slow", "await new Promise((resolve) => setTimeout(resolve, 600_000))"]);
    const program = await Deno.makeTempFile({ dir: context.config.home, suffix: ".ts" });
    const root = new URL("../../../..", import.meta.url);
    await Deno.writeTextFile(
      program,
      PROGRAM.replaceAll('"./', `"${root.href}`).replaceAll("shopflow/", `${root.href}lib/`),
    );
    for (const [signal, outcome] of [["SIGTERM", "cancelled"], ["SIGKILL", "killed"]] as const) {
      const config = join(root.pathname, "deno.json");
      const process = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, program, context.config.home, notebooks],
        stdout: "null",
        stderr: "null",
      }).spawn();
      const started = async () =>
        (await readJson<{ started?: { runId: string } }>(store, "reports/slow/current.json"))?.value.started;
      const before = (await started())?.runId;
      let ended = false;
      process.status.then(() => ended = true);
      while (await started() === undefined || (await started())!.runId === before) {
        assert.ok(!ended, "the program ended before its run started");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      process.kill(signal);
      await process.status;
      const [report] = await listReports(store, { now: new Date(Date.now() + 90_000) });
      assert.equal(report?.runId, "good");
      assert.deepEqual([report.unpublished?.outcome, report.unpublished?.hasPage], [outcome, false]);
      assert.ok(await readReportNotebook(store, "slow", report.unpublished!.runId));
    }
  });
});
