import assert from "node:assert/strict";
import { join } from "node:path";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { cleanNotebook, formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import { currentReport, readReport } from "shopflow/notebook/report/mod.ts";
import { publishSmallLake } from "../../../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { runNotebookCommand } from "./run_notebook_command.ts";

const FIXTURE = "tests/fixtures/notebooks/daily_orders.ipynb";
const declared = async (path: string) =>
  (JSON.parse(await Deno.readTextFile(path)).metadata.shopflow ?? {}).report;

Deno.test("`notebook report set` declares a report, changes it field by field and survives the git filter", async () => {
  await withTemporaryFolder(async (home) => {
    const path = join(home, "orders.ipynb");
    await Deno.copyFile(FIXTURE, path);
    const report = (...args: string[]) => runNotebookCommand(home, ["report", ...args]);
    const before = JSON.parse(await Deno.readTextFile(path));
    const first = await report(
      ...["set", path, "--title", "Orders by day", "--tag", "sales", "--tag", "daily", "--owner", "sales"],
      ...["-p", "top_days=3", "--as-of", "latest"],
    );
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^title: +Orders by day$/m);
    assert.match(first.stdout, /^tags: +sales, daily$/m);
    await report("set", path, "--owner", "finance", "--clear", "tags");
    const now = JSON.parse(await Deno.readTextFile(path));
    assert.deepEqual(now.cells, before.cells, "the cells are as they were");
    assert.deepEqual(await declared(path), {
      title: "Orders by day",
      owner: "finance",
      parameters: { top_days: 3 },
      as_of: { as_of: "latest" },
    });
    const cleaned = JSON.parse(formatNotebook(cleanNotebook(await readNotebook(path))));
    assert.deepEqual(cleaned.metadata.shopflow.report, await declared(path));

    const wrong: [args: string[], message: RegExp][] = [
      [["--as-of", "soon"], /unknown rule for the parameter as_of/],
      [["-p", "top=3"], /no such parameter.*top_days/],
      [["--hide-cell", "nowhere"], /hides a cell from its report that it does not have/],
      [["--clear", "colour"], /Expected one of title, summary/],
      [["--title", ""], /invalid shopflow\.report\.title/],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await report("set", path, ...args);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
    assert.equal((await declared(path)).owner, "finance", "what is refused changes nothing");

    await report("remove", path);
    assert.equal(await declared(path), undefined);
    assert.match((await report("show", path)).stdout, /is no report; .*report set/);
  });
});

Deno.test("`notebook publish` publishes one report with parameters, or beside the current one", async () => {
  await withTemporaryFolder(async (home) => {
    await Deno.mkdir(join(home, "lake"));
    const store = createDirectoryStore(join(home, "lake"));
    await publishSmallLake(join(home, "lake"));
    const publish = (...args: string[]) =>
      runNotebookCommand(home, ["publish", FIXTURE, "--no-check", ...args]);
    const { code, stdout, stderr } = await publish("-p", "top_days=2");
    assert.equal(code, 0, stderr);
    const [current, link] = stdout.split("\n");
    assert.equal(current, "/reports/daily_orders");
    const report = (await currentReport(store, "daily_orders"))!;
    assert.equal(link, `/reports/daily_orders/runs/${report.runId}`);
    assert.equal(report.parameters.top_days, 2);
    assert.deepEqual(report.startedBy, { command: "notebook publish" });

    const beside = (await publish("-p", "top_days=4", "--no-current")).stdout.trim();
    assert.equal((await currentReport(store, "daily_orders"))!.runId, report.runId);
    const other = await readReport(store, "daily_orders", beside.split("/").at(-1));
    assert.equal(other?.report.parameters.top_days, 4);

    const wrong = await publish("-p", "top=2");
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /no such parameter.*top_days \(number, 5\)/);
    assert.equal((await currentReport(store, "daily_orders"))!.runId, report.runId);
  });
});
