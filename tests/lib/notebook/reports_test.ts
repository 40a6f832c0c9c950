import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import {
  currentReport,
  listReports,
  publishReport,
  readReport,
  type RunRecord,
} from "shopflow/notebook/mod.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";

const record = (notebook: string, runId: string, failed = false): RunRecord => ({
  notebook,
  notebookSha256: "",
  runId,
  status: failed ? "failed" : "succeeded",
  parameters: { as_of: "2024-09-01" },
  startedAt: "2024-09-02T08:00:00.000Z",
  milliseconds: 5,
  reads: [{ kind: "snapshot", name: "lake", version: "5na9" }],
  ...(failed && { failure: { cellId: "c", ename: "TypeError", evalue: "no" } }),
});
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

Deno.test("a failed run becomes the report's page, and the last good one stays reachable", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    for (const [runId, failed] of [["r1", false], ["r2", true], ["r3", true]] as const) {
      await publishReport(store, { record: record("churn", runId, failed), page: page(runId), inputs: "i" });
    }
    const [listed] = await listReports(store);
    assert.deepEqual(
      [listed?.status, listed?.error, listed?.runId, listed?.lastGoodRunId],
      ["failed", "TypeError: no", "r3", "r1"],
    );
    assert.equal((await readReport(store, "churn"))?.html, "r3");
    assert.equal((await readReport(store, "churn", listed!.lastGoodRunId))?.html, "r1");
    assert.equal(await readReport(store, "churn", "current"), undefined, "the pointer is no run");
  });
});

Deno.test("what was never published is undefined, what cannot be a name is refused", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    assert.deepEqual(await listReports(store), []);
    assert.equal(await currentReport(store, "churn"), undefined);
    assert.equal(await readReport(store, "churn", "r9"), undefined);
    for (const name of ["../models/churn", "", ".hidden", "a/b"]) {
      await assert.rejects(readReport(store, name), /Not a name of a report/);
    }
  });
});

const brokenText = new TextEncoder().encode("{");

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
    assert.match(unreadable.churn!, /reports\/churn\/current\.json .* cannot be read/);
    assert.match(unreadable.lost!, /report lost cannot be read.*--force/);
    await assert.rejects(listReports(store), { name: "LakeError" });

    await publishReport(store, { record: record("churn", "r2"), page: page("<p>2</p>"), inputs: "i" });
    assert.equal((await currentReport(store, "churn"))?.runId, "r2");
  });
});

Deno.test("runs that end at the same moment lose none of what they note of good runs", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    // A failed run is overtaken by a good one between reading the pointer and writing it.
    let overtake: (() => Promise<unknown>) | undefined = () =>
      publishReport(store, { record: record("churn", "good"), page: page("good"), inputs: "i" });
    const slow = {
      ...store,
      async put(key: string, body: Uint8Array) {
        const written = await store.put(key, body);
        const now = key.endsWith("bad1.json") ? overtake : undefined;
        if (now) overtake = undefined;
        await now?.();
        return written;
      },
    };
    for (const runId of ["bad1", "bad2"]) {
      await publishReport(slow, { record: record("churn", runId, true), page: page(runId), inputs: "i" });
    }
    const report = await currentReport(store, "churn");
    assert.deepEqual([report?.runId, report?.lastGoodRunId], ["bad2", "good"]);
    assert.equal((await readReport(store, "churn", "bad1"))?.report.lastGoodRunId, "good");
  });
});

Deno.test("a report or page that was changed since it was written is refused, and published again", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const content = { record: record("churn", "r1"), page: page("<p>risk 0.17</p>"), inputs: "i" };
    for (const [file, from, to] of [["r1.html", "0.17", "0.77"], ["r1.json", "2024-09-01", "2024-09-07"]]) {
      await publishReport(store, content);
      const key = `reports/churn/${file}`;
      const text = new TextDecoder().decode((await store.get(key))!.body);
      await store.put(key, new TextEncoder().encode(text.replace(from!, to!)));
      await assert.rejects(readReport(store, "churn"), {
        name: "LakeError",
        message:
          /was changed since it was written: expected sha256 [0-9a-f]{64}, found sha256 .*publish --force/,
      });
    }
    await publishReport(store, content);
    assert.equal((await readReport(store, "churn"))?.html, "<p>risk 0.17</p>");
    // Another run's page in its place, whole as it is.
    await publishReport(store, { ...content, record: record("churn", "r2"), page: page("<p>2</p>") });
    await store.put("reports/churn/r2.html", (await store.get("reports/churn/r1.html"))!.body);
    await assert.rejects(readReport(store, "churn"), /r2\.html in the lake .* was changed/);
    await store.put("reports/churn/r2.json", (await store.get("reports/churn/r1.json"))!.body);
    assert.equal(await readReport(store, "churn"), undefined);
  });
});
