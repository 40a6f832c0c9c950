import { loadConfig } from "shopflow/config/mod.ts";
import { openLedger, type Slot } from "shopflow/jobs/mod.ts";
import { type Alerts, type AlertsOptions, createAlerts, openChannels } from "shopflow/jobs/alerts/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, failedAt, JOB, slotAt } from "./hourly_job.ts";
import { type Posted, withWebhook } from "./webhook_server.ts";

/** A lake with a clock that stands still, and schedulers' alerts on it. */
function installation(folder: string, url: string | undefined, store = createDirectoryStore(folder)) {
  const clock = { now: at("09:15") };
  const now = () => clock.now;
  const lines: string[] = [];
  const settings = url === undefined ? {} : { SHOPFLOW_ALERT_CHANNELS: `operations=${url}` };
  const opened: Alerts[] = [];
  return {
    clock,
    lines,
    enter: (slots: Slot[]) => openLedger(store, now).enter(JOB.name, slots),
    open(options: Partial<AlertsOptions> = {}, on: ObjectStore = store): Alerts {
      const alerts = createAlerts({
        ledger: openLedger(on, now),
        channels: openChannels(loadConfig(settings, folder).alertChannels, { timeLimitMs: 500 }),
        runtime: { now, log: createLogger((line) => void lines.push(line)) },
        ...options,
      });
      opened.push(alerts);
      return alerts;
    },
    close: () => Promise.all(opened.map((alerts) => alerts.close())),
  };
}

type Installation = ReturnType<typeof installation>;
type Webhook = Parameters<Parameters<typeof withWebhook>[0]>[0];

function withInstallation(
  body: (place: Installation & Webhook & { folder: string }) => Promise<void>,
): Promise<void> {
  return withTemporaryFolder((folder) =>
    withWebhook(async (webhook) => {
      const place = installation(folder, webhook.url);
      try {
        await body({ folder, ...place, ...webhook });
      } finally {
        await place.close();
      }
    })
  );
}

const titles = (posted: Posted[]) => posted.map(({ blocks }) => blocks[0]!.text.text);
const minutesLater = (date: Date, minutes: number) => new Date(date.getTime() + minutes * 60_000);

Deno.test("a failure, then its recovery, reach a webhook once each, in Slack's form", () =>
  withInstallation(async ({ enter, open, posted, clock }) => {
    await enter([failedAt("09:00", { reason: "extract ended with <exit code 1> & no rows" })]);
    const alerts = open({
      publicUrl: "https://shop.example.com",
      logTail: ({ slot }) => Promise.resolve([`log of ${slot}`, "it broke"]),
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
    await enter([slotAt("10:00")]);
    for (let i = 0; i < 3; i++) await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(titles(posted).slice(1), ["Recovered: refresh-data@2024-10-02T10:00Z"]);
    assert.match(posted[1]!.text, /since: 2024-10-02T09:10Z until now, 1 h 5 min; 1 run failed/);
  }));

async function tellOnce({ enter, open, posted, clock }: Installation & Webhook): Promise<void> {
  const all = Array.from({ length: 5 }, () => open());
  const slots = [failedAt("09:00"), slotAt("10:00"), failedAt("11:00")];
  for (const slot of slots) {
    clock.now = minutesLater(new Date(slot.slot), 15);
    await enter([slot]);
    await Promise.all(all.map(async (alerts) => {
      await alerts.review(JOB);
      await alerts.flush();
    }));
  }
  await Promise.all(all.map((alerts) => alerts.flush()));
  assert.deepEqual(titles(posted).map((title) => title.split(":")[0]), ["Failed", "Recovered", "Failed"]);
}

Deno.test("of several schedulers that look at the same time, one tells", () => withInstallation(tellOnce));
testWith(
  ["s3"],
  "of several schedulers that look at the same time, one tells, in S3, too",
  () =>
    withS3Lake(({ store, home }) =>
      withWebhook(async (webhook) => {
        const place = installation(home, webhook.url, store);
        await tellOnce({ ...place, ...webhook });
        await place.close();
      })
    ),
);

Deno.test("a webhook that fails is tried again, later each time, and in order; nothing is repeated", () =>
  withInstallation(async ({ enter, open, posted, answer, clock, lines }) => {
    let asked = 0;
    answer.with = () => new Response(`no service T0SECRET ${asked++}`, { status: 503 });
    await enter([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    await alerts.flush();
    assert.equal(asked, 1);
    assert.match(
      lines.join("\n"),
      /operations is not told yet: the webhook at 127.0.0.1:\d+ answered 503: no service \*\*\* 0/,
    );
    assert.doesNotMatch(lines.join("\n"), /SECRET/);
    await enter([slotAt("10:00")]);
    clock.now = at("10:15");
    await alerts.review(JOB);
    await alerts.flush();
    assert.equal(asked, 2);
    clock.now = minutesLater(clock.now, 0.75);
    await alerts.flush();
    assert.equal(asked, 2, "the second wait is longer than the first");
    delete answer.with;
    clock.now = minutesLater(clock.now, 1);
    await alerts.flush();
    assert.deepEqual(titles(posted).map((title) => title.split(":")[0]), ["Failed", "Recovered"]);
  }));

Deno.test("a webhook that answers never holds nobody up, and one that asks for a wait gets it", () =>
  withInstallation(async ({ enter, open, posted, answer, clock, lines }) => {
    let release!: () => void;
    const held = new Promise<void>((resolve) => release = resolve);
    answer.with = async () => {
      await held;
      return new Response("too late", { status: 500 });
    };
    await enter([failedAt("09:00")]);
    const alerts = open();
    // The review is over while the webhook is still asked.
    await alerts.review(JOB);
    assert.equal(posted.length, 0);
    await alerts.flush();
    assert.match(lines.join("\n"), /cannot be reached: no answer within 0.5 s/);
    release();
    answer.with = () => new Response("slowly", { status: 429, headers: { "retry-after": "300" } });
    clock.now = minutesLater(clock.now, 1);
    await alerts.flush();
    delete answer.with;
    clock.now = minutesLater(clock.now, 4);
    await alerts.flush();
    assert.equal(posted.length, 0);
    clock.now = minutesLater(clock.now, 1.1);
    await alerts.flush();
    assert.equal(posted.length, 1);
  }));

Deno.test("what is told nowhere for a day is given up, and said so", () =>
  withInstallation(async ({ enter, open, posted, answer, clock, lines }) => {
    answer.with = () => new Response("gone", { status: 410 });
    await enter([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    delete answer.with;
    clock.now = minutesLater(clock.now, 25 * 60);
    await alerts.flush();
    assert.deepEqual(posted, []);
    assert.match(lines.join("\n"), /operations was not told in 1 tries; that is given up/);
  }));

Deno.test("a scheduler that is killed while it sends loses nothing: another one sends it, after a while", () =>
  withInstallation(async ({ folder, url, enter, open, posted, answer, clock }) => {
    await enter([failedAt("09:00")]);
    const asked = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<Response>();
    answer.with = () => {
      asked.resolve();
      return killed.promise;
    };
    const script = fileURLToPath(new URL("review_and_send.ts", import.meta.url));
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", script, folder, url, clock.now.toISOString()],
    }).spawn();
    await asked.promise;
    process.kill("SIGKILL");
    await process.status;
    killed.resolve(new Response("nobody hears this", { status: 500 }));
    delete answer.with;
    const other = open();
    await other.review(JOB);
    await other.flush();
    assert.deepEqual(posted, [], "the other one waits as long as the first may live");
    clock.now = minutesLater(clock.now, 2.1);
    await other.flush();
    assert.equal(posted.length, 1);
    await other.flush();
    assert.equal(posted.length, 1);
  }));

Deno.test("what was sent is not sent again when the lake could not be written then", () =>
  withTemporaryFolder((folder) =>
    withWebhook(async ({ url, posted, answer }) => {
      const { enter, open, close, clock } = installation(folder, url);
      const store = createDirectoryStore(folder);
      let full = false;
      const failing: ObjectStore = {
        ...store,
        putIfMatch: (...write) =>
          full ? Promise.reject(new Error("no space left")) : store.putIfMatch(...write),
      };
      answer.with = () => {
        full = true;
        return new Response("ok");
      };
      await enter([failedAt("09:00")]);
      const alerts = open({}, failing);
      await alerts.review(JOB);
      await alerts.flush();
      assert.equal(posted.length, 1);
      full = false;
      delete answer.with;
      clock.now = minutesLater(clock.now, 5);
      await alerts.flush();
      await open().flush();
      assert.equal(posted.length, 1);
      await close();
    })
  ));

Deno.test("a sweep finds what a scheduler that died did not look at", () =>
  withInstallation(async ({ enter, open, posted }) => {
    const alerts = open({ sweepMs: 20 });
    await alerts.review(JOB);
    await enter([failedAt("09:00")]);
    for (let i = 0; posted.length === 0 && i < 500; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(posted.length, 1);
  }));

Deno.test("a slot of last week that is entered as missed today is found", () =>
  withInstallation(async ({ enter, open, posted }) => {
    const due = "2024-09-25T09:00:00.000Z";
    const change = { slot: due, status: "missed", reason: "no scheduler ran when it was due" } as const;
    await enter([
      slotAt("09:00", {
        ...change,
        enteredAt: at("09:14").toISOString(),
        endedAt: at("09:14").toISOString(),
      }),
    ]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(titles(posted), ["SLA missed: refresh-data@2024-09-25T09:00Z"]);
  }));

Deno.test("a channel that is not set is said once, and its alerts are in the log", () =>
  withTemporaryFolder(async (folder) => {
    const { enter, open, close, lines } = installation(folder, undefined);
    await enter([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.review(JOB);
    await alerts.flush();
    assert.deepEqual(lines, [
      "Alerts for operations are written here only: SHOPFLOW_ALERT_CHANNELS does not say where else.",
      "warning: refresh-data@2024-10-02T09:00Z: alert: failed: extract ended with exit code 1",
    ]);
    await close();
  }));

Deno.test("a lake that cannot be read is said, and the review does not reject", () =>
  withTemporaryFolder(async (folder) => {
    const { open, close, lines } = installation(folder, undefined);
    const broken: ObjectStore = {
      ...createDirectoryStore(folder),
      get: () => Promise.reject(new Error("unreachable")),
    };
    await open({}, broken).review(JOB);
    assert.match(lines.at(-1)!, /refresh-data: what is to be told cannot be found out: unreachable/);
    await close();
  }));
