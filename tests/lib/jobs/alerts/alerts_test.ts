import { LakeError } from "shopflow/errors/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { until } from "../../../fixtures/process_state.ts";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, failedAt, JOB, runAt } from "./hourly_job.ts";
import { withWebhook } from "./webhook_server.ts";
import { type Installation, installation, titles, type Webhook, withInstallation } from "./installation.ts";

const minutesLater = (date: Date, minutes: number) => new Date(date.getTime() + minutes * 60_000);

Deno.test("a failure, then its recovery, reach a webhook once each, in Slack's form", () =>
  withInstallation(async ({ enqueue, open, posted, clock }) => {
    await enqueue([failedAt("09:00", { reason: "extract ended with <exit code 1> & no rows" })]);
    const alerts = open({
      publicUrl: "https://shop.example.com",
      logTail: ({ scheduledFor }) => Promise.resolve([`log of ${scheduledFor}`, "it broke"]),
    });
    for (let i = 0; i < 3; i++) await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(titles(posted), ["Failed: refresh-data@2024-10-02T09:00Z"]);
    const { text, blocks } = posted[0]!;
    for (
      const part of [
        "reason: extract ended with &lt;exit code 1&gt; &amp; no rows",
        "owner: data-team@example.com",
        "page: https://shop.example.com/jobs/refresh-data/runs/2024-10-02T09:00Z",
        "log of 2024-10-02T09:00:00.000Z\nit broke",
        "deno task jobs show refresh-data@2024-10-02T09:00Z",
        "deno task jobs logs refresh-data@2024-10-02T09:00Z",
      ]
    ) assert.ok(text.includes(part), `${part} is not in ${text}`);
    assert.deepEqual(blocks.map(({ type }) => type), ["header", "section", "section", "section"]);
    clock.now = at("10:15");
    await enqueue([runAt("10:00")]);
    for (let i = 0; i < 3; i++) await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(titles(posted).slice(1), ["Recovered: refresh-data@2024-10-02T10:00Z"]);
    assert.match(posted[1]!.text, /since: 2 October 2024, 09:10 UTC until now, 1 h 5 min; 1 run failed/);
  }));

async function sendOnce({ enqueue, open, posted, clock }: Installation & Webhook): Promise<void> {
  const all = Array.from({ length: 5 }, () => open());
  const runs = [failedAt("09:00"), runAt("10:00"), failedAt("11:00")];
  for (const run of runs) {
    clock.now = minutesLater(new Date(run.scheduledFor), 15);
    await enqueue([run]);
    await Promise.all(all.map(async (alerts) => {
      await alerts.review(JOB);
      await alerts.flush();
    }));
  }
  await Promise.all(all.map((alerts) => alerts.flush()));
  assert.deepEqual(titles(posted).map((title) => title.split(":")[0]), ["Failed", "Recovered", "Failed"]);
}

Deno.test("of several schedulers that look at the same time, one sends", () => withInstallation(sendOnce));
testWith(
  ["s3"],
  "of several schedulers that look at the same time, one sends, also in S3",
  () =>
    withS3Lake(({ store, home }) =>
      withWebhook(async (webhook) => {
        const place = installation(home, webhook.url, store);
        await sendOnce({ ...place, ...webhook });
        await place.close();
      })
    ),
);

Deno.test("a sweep finds what a scheduler that died did not look at", () =>
  withInstallation(async ({ enqueue, open, posted }) => {
    const alerts = open({ sweepMs: 20 });
    await alerts.review(JOB);
    await enqueue([failedAt("09:00")]);
    await until(() => posted.length > 0);
    assert.equal(posted.length, 1);
  }));

Deno.test("a run of last week that is entered as missed today is found", () =>
  withInstallation(async ({ enqueue, open, posted }) => {
    const due = "2024-09-25T09:00:00.000Z";
    const change = {
      scheduledFor: due,
      status: "missed",
      reason: "no scheduler ran when it was due",
    } as const;
    await enqueue([
      runAt("09:00", {
        ...change,
        plannedAt: at("09:14").toISOString(),
        endedAt: at("09:14").toISOString(),
      }),
    ]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(titles(posted), ["SLA missed: refresh-data@2024-09-25T09:00Z"]);
  }));

Deno.test("alerts of a channel that is not set are logged, and that is logged once", () =>
  withTemporaryFolder(async (folder) => {
    const { enqueue, open, close, lines } = installation(folder, undefined);
    await enqueue([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(lines, [
      "Alerts for operations are only logged, because SHOPFLOW_ALERT_CHANNELS has no such channel.",
      "warning: refresh-data@2024-10-02T09:00Z: alert: failed: extract ended with exit code 1",
    ]);
    await close();
  }));

Deno.test("a lake that cannot be read is logged, and the review does not reject", () =>
  withTemporaryFolder(async (folder) => {
    const { open, close, lines } = installation(folder, undefined);
    const broken: ObjectStore = {
      ...createDirectoryStore(folder),
      get: () => Promise.reject(new LakeError("unreachable")),
    };
    await open({}, broken).review(JOB);
    assert.match(lines.at(-1)!, /refresh-data: could not check for alerts: unreachable$/);
    await close();
  }));
