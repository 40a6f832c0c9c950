import assert from "node:assert/strict";
import { createAbsenceAlerts } from "shopflow/jobs/alerts/mod.ts";
import { saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { absentSince, type KnownScheduler } from "shopflow/jobs/scheduler/mod.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { openChannels } from "../../../../lib/jobs/alerts/channels.ts";
import { takeSchedulerLease } from "../../../../lib/jobs/scheduler/lease.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, JOB } from "./hourly_job.ts";
import { type Posted, withWebhook } from "./webhook_server.ts";

const titles = (posted: Posted[]) => posted.map(({ blocks }) => blocks[0]!.text.text);

/** Two servers that watch one lake, and a webhook. */
async function withServers(
  body: (world: {
    store: ObjectStore;
    posted: Posted[];
    answer: { with?: () => Response };
    lines: string[];
    checkAt: (now: Date) => Promise<void>;
  }) => Promise<void>,
) {
  await withTemporaryFolder((folder) =>
    withWebhook(async ({ url, posted, answer }) => {
      const store = createDirectoryStore(folder);
      let time = at("09:00");
      const lines: string[] = [];
      const runtime = { now: () => time, log: createLogger((line) => void lines.push(line)) };
      const channels = openChannels(
        [
          { kind: "webhook", name: JOB.alertChannel, url },
          { kind: "webhook", name: "business", url },
        ],
      );
      const servers = [1, 2].map(() =>
        createAbsenceAlerts({ store, channels, runtime, publicUrl: "https://shop.example.com" })
      );
      await saveDefinitions(store, { jobs: [JOB], pools: {} }, time);
      const checkAt = async (now: Date) => {
        time = now;
        await Promise.all(servers.map((server) => server.check()));
      };
      await body({ store, posted, answer: answer as { with?: () => Response }, lines, checkAt });
    })
  );
}

const begin = (store: ObjectStore, now: Date, id = "one") =>
  takeSchedulerLease(store, { id, owner: `worker:${id}`, leaseMs: 30_000, now: () => now });

Deno.test("that no scheduler lives is told once by all servers together, and so is that one lives again", () =>
  withServers(async ({ store, posted, lines, checkAt }) => {
    await checkAt(at("09:00"));
    assert.equal(posted.length, 0, "none ever lived");
    await begin(store, at("09:00"));
    for (const time of ["09:01", "09:09"]) await checkAt(at(time));
    assert.equal(posted.length, 0, "it may be restarted");
    for (const time of ["09:11", "09:12", "09:20"]) await checkAt(at(time));
    assert.deepEqual(titles(posted), ["No scheduler is running"]);
    assert.match(posted[0]!.text, /since: 2 October 2024, 09:00 UTC\npage: https:\/\/shop.example.com\/jobs/);
    assert.match(posted[0]!.text, /deno task schedule/);
    await begin(store, at("10:00"), "two");
    for (const time of ["10:00", "10:01"]) await checkAt(at(time));
    assert.deepEqual(titles(posted), ["No scheduler is running", "A scheduler is running again"]);
    assert.match(posted[1]!.text, /since: 2 October 2024, 09:00 UTC until 2 October 2024, 10:00 UTC, 1 h/);
    assert.equal(lines.filter((line) => line.includes("No scheduler is running")).length, 1);
  }));

Deno.test("an alert about schedulers that the channel did not take is sent again", () =>
  withServers(async ({ store, posted, answer, checkAt }) => {
    await begin(store, at("09:00"));
    answer.with = () => new Response("busy", { status: 503 });
    await checkAt(at("09:15"));
    assert.equal(posted.length, 0);
    delete answer.with;
    await checkAt(at("09:16"));
    assert.equal(posted.length, 0, "somebody may be sending it");
    await checkAt(at("09:18"));
    await checkAt(at("09:25"));
    assert.deepEqual(titles(posted), ["No scheduler is running"]);
  }));

Deno.test("programs that run what is due and end are not missed before the next one is due", () => {
  const record = (minutes: number, nextWithinMs?: number): KnownScheduler => ({
    id: `${minutes}`,
    owner: "cron",
    startedAt: at("09:00").toISOString(),
    heartbeatAt: new Date(at("10:00").getTime() - minutes * 60_000).toISOString(),
    heartbeats: 1,
    leaseMs: 30_000,
    stopped: true,
    alive: false,
    ...(nextWithinMs === undefined ? {} : { nextWithinMs }),
  });
  const since = (...records: KnownScheduler[]) => absentSince(records, at("10:00"))?.toISOString();
  assert.equal(since(), undefined);
  assert.equal(since(record(30, 65 * 60_000), record(90)), undefined);
  assert.equal(since(record(66, 65 * 60_000)), at("08:54").toISOString());
  assert.equal(since(record(11), record(600)), at("09:49").toISOString());
  assert.equal(since(record(11), { ...record(0), alive: true, stopped: false }), undefined);
});
