import { alertMessage } from "../../../../lib/jobs/alerts/message.ts";
import type { Alert } from "../../../../lib/jobs/alerts/incidents.ts";
import { logTail } from "shopflow/jobs/alerts/mod.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

const ALERT: Alert = {
  id: "1",
  kind: "failed",
  job: "refresh-data",
  owner: "data-team",
  channel: "operations",
  scheduledFor: "2024-10-02T03:05:00.000Z",
  reason: "extract ended with exit code 1",
  at: "2024-10-02T03:10:00.000Z",
  incidents: [{ kind: "failed", since: "2024-10-02T03:10:00.000Z", runs: 1 }],
};

Deno.test("an alert says what, why, since when, whose, and what to do", () => {
  const { title, text } = alertMessage(ALERT, {});
  assert.equal(title, "Failed: refresh-data@2024-10-02T03:05Z");
  assert.equal(
    text,
    `job: refresh-data
run: refresh-data@2024-10-02T03:05Z
due: 2 October 2024, 03:05 UTC
reason: extract ended with exit code 1
since: 2 October 2024, 03:10 UTC
owner: data-team

what to do:
deno task jobs show refresh-data@2024-10-02T03:05Z
deno task jobs logs refresh-data@2024-10-02T03:05Z`,
  );
});

Deno.test("a recovery says what is over, and asks for nothing", () => {
  const { title, text } = alertMessage({
    ...ALERT,
    kind: "recovered",
    at: "2024-10-03T04:15:30.000Z",
    incidents: [...ALERT.incidents, { kind: "overdue", since: "2024-10-03T03:35:00.000Z", runs: 3 }],
  }, {});
  assert.equal(title, "Recovered: refresh-data@2024-10-02T03:05Z");
  assert.match(text, /^since: 2 October 2024, 03:10 UTC until now, 1 d 1 h; 1 run failed$/m);
  assert.match(text, /^since: 3 October 2024, 03:35 UTC until now, 40 min 30 s; 3 runs missed the SLA$/m);
  assert.doesNotMatch(text, /what to do/);
});

Deno.test("an alert keeps Slack's bounds and the end of a log, whatever was written", () => {
  const logTail = Array.from({ length: 50 }, (_, i) => `${i} ${'&<>"'.repeat(200)}`).concat("the last line");
  const { title, text, html, blocks } = alertMessage(
    { ...ALERT, job: "a".repeat(300), reason: "<script>&".repeat(1000) },
    { publicUrl: "https://shop.example.com", logTail },
  );
  assert.ok(title.length <= 150);
  assert.match(text, /the last line$/m);
  assert.doesNotMatch(html, /<script>/);
  for (const { type, text } of blocks as { type: string; text: { text: string } }[]) {
    assert.ok(text.text.length <= (type === "header" ? 150 : 3000), `${type}: ${text.text.length}`);
    assert.doesNotMatch(text.text, /<script>/);
    assert.equal(text.text.split("```").length % 2, 1, "what is fenced is fenced at both ends");
  }
});

Deno.test("the tail of a log is its last lines; a run without a log has none", () =>
  withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    assert.deepEqual(await logTail(store)(ALERT), []);
    const log = openRunLog(store, { ...ALERT, attempt: 1 }, { now: () => new Date(ALERT.at) });
    for (let i = 0; i < 40; i++) log.write(`line ${i}`);
    await log.close();
    const lines = await logTail(store)(ALERT);
    assert.equal(lines.length, 15);
    assert.match(lines.at(-1)!, /line 39$/);
  }));
