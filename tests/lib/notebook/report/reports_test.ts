import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { formatNotebook } from "shopflow/notebook/mod.ts";
import {
  currentReport,
  listReports,
  markNotebookRemoved,
  markRunStarted,
  publishReport,
  readReport,
  readReportNotebook,
} from "shopflow/notebook/report/mod.ts";
import type { RunRecord } from "shopflow/notebook/run/mod.ts";
import { executedNotebook } from "../../../fixtures/executed_notebook.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const record = (notebook: string, runId: string, failed = false): RunRecord => ({
  notebook,
  notebookSha256: "",
  runId,
  status: failed ? "failed" : "succeeded",
  parameters: { as_of: "2024-09-01" },
  startedAt: "2024-09-02T08:00:00.000Z",
  milliseconds: 5,
  lineage: [{ kind: "snapshot", name: "lake", version: "5na9" }],
  ...(failed && { failure: { cellId: "c", ename: "TypeError", evalue: "no" } }),
});
const brokenText = new TextEncoder().encode("{");
const page = (html: string) => ({ title: "Churn", summary: "Who leaves.", html, scripts: ["sha256-a"] });

Deno.test("a published report is listed and read", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    await publishReport(store, { record: record("sales", "r1"), page: page("<p>s</p>"), inputs: "i" });
    const report = await publishReport(store, {
      record: record("churn", "r1"),
      page: page("<p>1</p>"),
      inputs: "i",
    });
    assert.deepEqual(report, {
      name: "churn",
      title: "Churn",
      summary: "Who leaves.",
      runId: "r1",
      createdAt: "2024-09-02T08:00:00.000Z",
      milliseconds: 5,
      snapshot: "5na9",
      parameters: { as_of: "2024-09-01" },
      isDeclared: false,
      notebookSha256: "",
      lineage: [{ kind: "snapshot", name: "lake", version: "5na9" }],
      metrics: {},
      status: "succeeded",
      lastGoodRunId: "r1",
      scripts: ["sha256-a"],
      pageSha256: createHash("sha256").update("<p>1</p>").digest("hex"),
      inputs: "i",
    });
    assert.deepEqual((await listReports(store)).map(({ name }) => name), ["churn", "sales"]);
    assert.deepEqual(await readReport(store, "churn"), { report, html: "<p>1</p>" });
  });
});

Deno.test("a failed run leaves the last good report in its place, and is named beside it", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const publish = (runId: string, failed: boolean) =>
      publishReport(store, { record: record("churn", runId, failed), page: page(runId), inputs: "i" });
    await publish("r0", true);
    const first = await readReport(store, "churn");
    assert.deepEqual([first?.html, first?.report.status], ["r0", "failed"], "there is nothing better yet");
    assert.equal(first?.report.unpublished, undefined);

    await publish("r1", false);
    for (const runId of ["r2", "r3"]) await publish(runId, true);
    const [listed] = await listReports(store);
    assert.deepEqual([listed?.status, listed?.runId, listed?.lastGoodRunId], ["succeeded", "r1", "r1"]);
    assert.deepEqual(listed?.unpublished, {
      runId: "r3",
      startedAt: "2024-09-02T08:00:00.000Z",
      outcome: "failed",
      cause: "TypeError: no",
      hasPage: true,
    });
    assert.equal((await readReport(store, "churn"))?.html, "r1");
    assert.equal((await readReport(store, "churn", "r3"))?.html, "r3", "the failed run keeps its page");
    assert.equal(await readReport(store, "churn", "current"), undefined, "the pointer is no run");

    await publish("r4", false);
    const mended = await currentReport(store, "churn");
    assert.deepEqual([mended?.runId, mended?.unpublished], ["r4", undefined]);
  });
});

/** The record of a run in the store, as its program left it. */
async function saveRun(store: ObjectStore, changes: Partial<RunRecord>) {
  const notebook = executedNotebook([], { notebook: "churn", runId: "r2", ...changes });
  await store.put("runs/notebooks/churn/r2.ipynb", new TextEncoder().encode(formatNotebook(notebook)));
}

Deno.test("a run that was started and never published is named once it can be no more", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    await publishReport(store, { record: record("churn", "r1"), page: page("r1"), inputs: "i" });
    const startedAt = "2024-09-09T07:00:00.000Z", savedAt = "2024-09-09T07:00:30.000Z";
    await markRunStarted(store, { notebook: "churn", runId: "r2", startedAt });
    const seconds = async (after: number) => {
      const now = new Date(Date.parse(savedAt) + 1000 * after);
      const report = await currentReport(store, "churn", { now });
      assert.equal(report?.runId, "r1");
      return report.unpublished && [report.unpublished.outcome, report.unpublished.cause];
    };
    await saveRun(store, { status: "running", startedAt, savedAt });
    assert.equal(await seconds(10), undefined, "it goes on");
    assert.deepEqual(await seconds(61), ["killed", "its process ended before the run did"]);
    const left = await readReportNotebook(store, "churn", "r2");
    assert.match(new TextDecoder().decode(left), /"runId": "r2"/, "what it left can be had");

    const failure = { cellId: "", ename: "Cancelled", evalue: "SIGTERM\nat somewhere" };
    await saveRun(store, { status: "cancelled", startedAt, savedAt, failure });
    assert.deepEqual(await seconds(1), ["cancelled", "SIGTERM"]);

    await saveRun(store, { status: "succeeded", startedAt, savedAt });
    assert.equal(await seconds(60), undefined, "its page is being drawn");
    assert.deepEqual((await seconds(121))?.[0], "unpublished");

    await store.put("runs/notebooks/churn/r2.ipynb", brokenText);
    assert.deepEqual((await seconds(121))?.[0], "killed", "its record is damaged, the report is not");

    await publishReport(store, { record: record("churn", "r2"), page: page("r2"), inputs: "i" });
    const report = await currentReport(store, "churn");
    assert.deepEqual([report?.runId, report?.unpublished], ["r2", undefined]);
  });
});

Deno.test("a report of a notebook that is gone says since when, until it is published again", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const publish = (runId: string) =>
      publishReport(store, { record: record("churn", runId), page: page(runId), inputs: "i" });
    await publish("r1");
    const removedAt = async () => (await currentReport(store, "churn"))?.removedAt;
    await markNotebookRemoved(store, "churn", "2024-09-09T07:00:00.000Z");
    await markNotebookRemoved(store, "churn", "2024-09-16T07:00:00.000Z");
    assert.equal(await removedAt(), "2024-09-09T07:00:00.000Z");
    await markNotebookRemoved(store, "churn");
    assert.equal(await removedAt(), undefined);
    await markNotebookRemoved(store, "churn", "2024-09-23T07:00:00.000Z");
    await publish("r2");
    assert.equal(await removedAt(), undefined);
  });
});

Deno.test("what was never published is undefined, what cannot be a name is refused", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    assert.deepEqual(await listReports(store), []);
    assert.equal(await currentReport(store, "churn"), undefined);
    assert.equal(await readReport(store, "churn", "r9"), undefined);
    for (const name of ["../models/churn", "", ".hidden", "a/b"]) {
      await assert.rejects(readReport(store, name), /Invalid name of a report/);
    }
  });
});

Deno.test("a report that cannot be read is told apart, the others are listed, and publishing mends it", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    for (const name of ["churn", "lost", "sales"]) {
      await publishReport(store, { record: record(name, "r1"), page: page("<p>1</p>"), inputs: "i" });
    }
    await store.put("reports/churn/current.json", brokenText);
    await store.delete("reports/lost/r1.json");
    const unreadable: Record<string, string> = {};
    const onUnreadable = (name: string, { message }: Error) => void (unreadable[name] = message);
    assert.deepEqual((await listReports(store, { onUnreadable })).map(({ name }) => name), ["sales"]);
    assert.deepEqual(Object.keys(unreadable).sort(), ["churn", "lost"]);
    assert.match(unreadable.churn ?? "", /reports\/churn\/current\.json .* cannot be read/);
    assert.match(unreadable.lost ?? "", /report lost cannot be read.*--force/);
    await assert.rejects(listReports(store), { name: "LakeError" });

    await publishReport(store, { record: record("churn", "r2"), page: page("<p>2</p>"), inputs: "i" });
    assert.equal((await currentReport(store, "churn"))?.runId, "r2");

    // A failed run knows from the runs themselves which was good.
    await store.put("reports/churn/current.json", brokenText);
    await publishReport(store, { record: record("churn", "r3", true), page: page("<p>3</p>"), inputs: "i" });
    assert.equal((await readReport(store, "churn"))?.html, "<p>2</p>");
    await store.put("reports/churn/r3.json", brokenText);
    assert.equal(
      (await readReport(store, "churn"))?.html,
      "<p>2</p>",
      "a damaged failure hides no good report",
    );
  });
});

Deno.test("runs that end at the same moment lose none of what they note of good runs", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    // A failed run is overtaken by a good one between reading the pointer and writing it.
    let overtake: (() => Promise<unknown>) | undefined = () =>
      publishReport(store, { record: record("churn", "good"), page: page("good"), inputs: "i" });
    const slow: ObjectStore = {
      ...store,
      async putIfAbsent(key, body, ...options) {
        const now = key.endsWith("current.json") ? overtake : undefined;
        if (now) overtake = undefined;
        await now?.();
        return await store.putIfAbsent(key, body, ...options);
      },
    };
    for (const runId of ["bad1", "bad2"]) {
      await publishReport(slow, { record: record("churn", runId, true), page: page(runId), inputs: "i" });
    }
    const report = await currentReport(store, "churn");
    assert.deepEqual([report?.runId, report?.unpublished?.runId], ["good", "bad2"]);
    assert.equal((await readReport(store, "churn", "bad1"))?.report.lastGoodRunId, "good");
  });
});

Deno.test("a report or page that was changed since it was written is refused, and published again", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const content = { record: record("churn", "r1"), page: page("<p>risk 0.17</p>"), inputs: "i" };
    for (
      const [file, from, to] of [["r1.html", "0.17", "0.77"], [
        "r1.json",
        "2024-09-01",
        "2024-09-07",
      ]] as const
    ) {
      await publishReport(store, content);
      const key = `reports/churn/${file}`;
      const text = new TextDecoder().decode((await store.get(key))!.body);
      await store.put(key, new TextEncoder().encode(text.replace(from, to)));
      await assert.rejects(readReport(store, "churn"), {
        name: "LakeError",
        message:
          /was changed since it was written: expected sha256 [0-9a-f]{64}, found sha256 .*publish --force/,
      });
    }
    await publishReport(store, content);
    assert.equal((await readReport(store, "churn"))?.html, "<p>risk 0.17</p>");
    // Another run's page in its place.
    await publishReport(store, { ...content, record: record("churn", "r2"), page: page("<p>2</p>") });
    await store.put("reports/churn/r2.html", (await store.get("reports/churn/r1.html"))!.body);
    await assert.rejects(readReport(store, "churn"), /r2\.html in the lake .* was changed/);
    await store.delete("reports/churn/r2.html");
    await assert.rejects(readReport(store, "churn"), /page of the report churn is missing.*publish --force/);
    await store.put("reports/churn/r2.json", (await store.get("reports/churn/r1.json"))!.body);
    await assert.rejects(readReport(store, "churn"), {
      name: "LakeError",
      message: /cannot be read: .*no such run/,
    });
  });
});
